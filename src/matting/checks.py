"""Values that the types of the schema leave open: choices that are no config group, and ranges. No torch here."""

import dataclasses
import math
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple

from omegaconf import DictConfig, Node, OmegaConf

from matting.config import flat, plain
from matting.errors import UserError

# Pattern of keys -> what a value may be, one of a tuple, or a list of what a list names.
CHOICES: dict[str, tuple[Any, ...] | list[str]] = {
    "*.scheduler": ("none", "linear_decay", "cosine"),
    "data.fit": ("crop", "pad", "stretch"),
    "stage.fit": ("crop", "pad", "stretch", "unknown", "whole"),
    "scale.alphanet.fit": ("crop", "pad", "stretch", "whole"),
    "stage.feedback": ("value", "none", "straight_through", "soft"),
    "net.mat.attention": ("attention", "none"),
    "net.mat.norm": ("sigmoid_softmax", "softmax"),
    "scale.alphanet.backbone_convention": ("imagenet", "half"),
    "net.mat.convention": ("imagenet", "half"),
    "net.mat.freeze_norm": (True, False),
    "loss.loss_on": ("raw", "fused"),
    "method.fit": ("pad", "stretch", "native"),
    "trainer.accelerator": ("cpu", "gpu"),
    "trainer.precision": ("32-true", "bf16-mixed"),  # float16 overflows in the adversarial losses
    "checkpoint.keep": ("weights", "best", "all"),
    "net.gen.norm": ("instance", "batch", "group"),
    "net.disc.norm": ("instance", "batch", "group"),
    "net.gen.up": ("deconv", "resize"),
    "net.gen.encoder": ("two", "concat"),
    "loss.targets": ["alpha", "fgr", "comp"],
    "loss.sum_over_scales": ("literal", "once"),
    "loss.adversarial.kind": ("bce", "lsgan", "hinge"),
    "loss.adversarial.disc_input": ("targets", "alpha"),
    "loss.perceptual.targets": ("all", "alpha_fgr"),
    "vgg.arch": ("vgg19", "vgg16"),
    "vgg.convention": ("imagenet", "bgr_mean"),
    "loss.border.normalize": ("image", "border"),
    "loss.*.per_scale": (True, False),
    "metrics.convention": ("dim", "mmagic", "p3m"),
    "metrics.regions": ["whole", "unknown"],
    "prune": (True, False),
}

COUNTS = """*.epochs *_epochs *.epoch_samples *batch_size scale.*_batch scale.alphanet.batch stage.trimap
    *.every_batches scale.val_every *.val_samples val.samples scale.subjects scale.backgrounds scale.test_*
    data.*.count *.backgrounds_per_subject *.depth *.aspp_rates scale.net_width scale.disc_width net.gen.width
    net.disc.width net.disc.layers net.disc.scales stage.accumulate stage.disc_every trainer.max_batches
    trainer.num_nodes runtime.threads runtime.log_every loss.border.kernel*"""

SIDES = """scale.height scale.width stage.frame stage.long_side *.max_side *.seg_size *.mat_size net.seg.size
    method.height method.width *.eval_size"""

AMOUNTS = """loss.*.weight loss.*.coefficients loss.perceptual.width loss.focal.gamma *.lr *_lr stage.clip_norm
    net.trimap.temperature checkpoint.minutes augment.scale augment.rotate augment.shift scale.zoom scale.rotate
    scale.shift augment.brightness augment.contrast augment.saturation augment.hue augment.noise augment.blur"""

# Type, least and greatest value -> patterns of keys that hold one such number or a list of them.
RANGES: dict[tuple[type, float, float], str] = {
    (int, 0, 2**32 - 1): "seed",
    (int, 16, math.inf): SIDES,
    (int, 1, math.inf): COUNTS,
    (
        int,
        0,
        math.inf,
    ): "stage.boundary *.blocks *.warmup *.val_subjects *pictures runtime.workers metrics.unknown_dilation",
    (int, -1, math.inf): "trainer.devices",
    (float, 0, math.inf): AMOUNTS,
    (float, 0, 1): "augment.flip augment.jpeg_p net.trimap.erode net.trimap.dilate net.mat.width scale.alphanet.width",
    (int, 1, 100): "augment.jpeg",
}

# Pattern of keys -> the word that may stand there instead.
ALSO: dict[str, Any] = {
    "*.epoch_samples": None,
    "stage.clip_norm": None,
    "stage.long_side": None,
    "net.seg.size": None,
    "trainer.max_batches": None,
    "runtime.threads": None,
    "method.height": None,
    "method.width": None,
    "*.eval_size": "native",
}


def check(config: DictConfig) -> None:
    """Raise UserError for the first value that no run can be made of: its key, and what is possible."""
    if missing := list(without_value(config)):
        raise UserError(f"{', '.join(missing)}: no value; give {' '.join(f'{key}=...' for key in missing)}")
    for key, value in flat(plain(config)).items():
        entries = value if isinstance(value, list) else [value]
        rules = rules_of(key)
        for choices in rules.choices:
            listed = isinstance(choices, list)
            if isinstance(value, list) != listed or not entries or any(entry not in choices for entry in entries):
                words = "a list of" if listed else "one of"
                raise UserError(f"{key}={value}: expected {words} {', '.join(map(str, choices))}")
        for kind, low, high in rules.ranges if value not in rules.also else ():
            if not entries or not all(is_number(entry, kind, low, high) for entry in entries):
                number = "whole number" if kind is int else "number"
                limits = f"of at least {low}" if high == math.inf else f"from {low} to {high}"
                words = " or ".join([f"a {number} {limits}", *map(str, rules.also)])
                raise UserError(f"{key}={value}: expected {words}")


class Rules(NamedTuple):
    """What CHOICES, RANGES and ALSO say of a key."""

    choices: list[tuple[Any, ...] | list[str]]
    ranges: list[tuple[type, float, float]]
    also: list[Any]


@cache
def rules_of(key: str) -> Rules:
    """The same for each job of a sweep."""
    return Rules(
        [choices for pattern, choices in CHOICES.items() if fnmatchcase(key, pattern)],
        [limits for limits, patterns in RANGES.items() if any(fnmatchcase(key, one) for one in patterns.split())],
        [word for pattern, word in ALSO.items() if fnmatchcase(key, pattern)],
    )


def is_number(value: Any, kind: type, low: float, high: float) -> bool:
    return type(value) in (int, kind) and low <= value <= high and math.isfinite(value)


def without_value(node: DictConfig, prefix: str = "") -> Iterator[str]:
    """Keys of the schema that have no value (`???`), or that `~key` took out."""
    schema = OmegaConf.get_type(node)
    for field in dataclasses.fields(schema) if dataclasses.is_dataclass(schema) else ():
        child = node._get_node(field.name, validate_access=False)  # as it stands: to resolve it takes most of the time
        if not isinstance(child, Node) or child._is_missing():
            yield prefix + field.name
        elif isinstance(child, DictConfig) and not child._is_none():
            yield from without_value(child, f"{prefix}{field.name}.")
