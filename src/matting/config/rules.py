"""Choices, ranges and lengths of a config's values, as far as the types of the schema leave them open."""

import math
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple

UNUSED = "_find_unused_parameters_true"

# Pattern of keys -> what a value may be, one of a tuple, or a list of what a list names.
CHOICES: dict[str, tuple[Any, ...] | list[str]] = {
    "*.scheduler": ("none", "linear_decay", "cosine"),
    "data.fit": ("crop", "pad", "stretch"),
    "data.light": ("own", "shared"),
    "data.*.drawing": (1, 2),
    "protocol.fit": ("crop", "pad", "stretch"),
    "protocol.inference": ("pad", "stretch", "native"),
    "stage.inference": ("pad", "stretch", "native"),
    "stage.fit": ("crop", "pad", "stretch", "unknown", "whole"),
    "scale.alphanet.fit": ("crop", "pad", "stretch", "whole"),
    "stage.feedback": ("value", "own", "none", "straight_through", "soft", "apart"),
    "net.trimap.box": ("mask", "largest_component"),
    "method.box": ("mask", "largest_component"),
    "net.mat.attention": ("attention", "none"),
    "net.mat.unpool": ("nearest", "bilinear"),
    "net.mat.norm": ("sigmoid_softmax", "softmax"),
    "scale.alphanet.backbone_convention": ("imagenet", "half"),
    "net.mat.convention": ("imagenet", "half"),
    "net.mat.freeze_norm": (True, False),
    "data.*.split": ("train", "test"),
    "data.*.exclude_persons": (True, False),
    "loss.loss_on": ("raw", "fused"),
    "method.fit": ("pad", "stretch", "native"),
    "method.inputs": ["image", "trimap"],
    "optim.*.fused": (True, False, None),
    "trainer.accelerator": ("cpu", "gpu"),
    "trainer.strategy": ("auto", "ddp", f"ddp{UNUSED}", "ddp_spawn", f"ddp_spawn{UNUSED}"),
    "trainer.precision": ("32-true", "bf16-mixed"),  # float16 overflows in the adversarial losses
    "checkpoint.keep": ("weights", "best", "all"),
    "net.gen.norm": ("instance", "batch", "group", "wide_group"),
    "net.disc.norm": ("instance", "batch", "group", "wide_group"),
    "net.gen.up": ("deconv", "resize"),
    "net.gen.encoder": ("two", "concat"),
    "net.gen.seg_norm": ("as_norm", "none_first", "wide_group"),
    "scale.seg_norm": ("as_norm", "none_first", "wide_group"),
    "loss.targets": ["alpha", "fgr", "comp"],
    "loss.sum_over_scales": ("literal", "once"),
    "loss.adversarial.kind": ("bce", "lsgan", "hinge"),
    "loss.adversarial.disc_input": ("targets", "alpha"),
    "loss.perceptual.targets": ("all", "alpha_fgr"),
    "loss.perceptual.arch": ("vgg19", "vgg16"),
    "loss.perceptual.convention": ("imagenet", "bgr_mean"),
    "loss.perceptual.taps": ("first", "johnson"),
    "vgg.taps": ("first", "johnson"),
    "vgg.arch": ("vgg19", "vgg16"),
    "vgg.convention": ("imagenet", "bgr_mean"),
    "loss.border.normalize": ("image", "border"),
    "loss.border.shape": ("ellipse", "rect", "cross"),
    "loss.*.per_scale": (True, False),
    "metrics.convention": ("dim", "mmagic", "p3m"),
    "metrics.regions": ["whole", "unknown"],
    "recipe.published.units": ("pomagan", "dim", "alphanet"),
    "recipe.published.region": ("whole", "unknown"),
    "prune": (True, False),
    "hydra.sweeper.direction": ("minimize", "maximize"),
    "hydra.launcher.backend": ("loky", "multiprocessing", "threading"),
}

COUNTS = """*.epochs *_epochs *.epoch_samples *batch_size scale.*_batch scale.alphanet.batch stage.*trimap
    *.every_batches scale.val_every *.val_samples val.samples scale.subjects scale.backgrounds scale.test_*
    data.*.count *.backgrounds_per_subject *.depth *.aspp_rates scale.net_width scale.disc_width net.gen.width
    net.disc.width net.disc.layers net.disc.scales stage.accumulate stage.disc_every trainer.max_batches
    trainer.num_nodes trainer.devices runtime.threads runtime.log_every loss.border.kernel* net.gen.seg_width
    hydra.*.n_jobs hydra.sweeper.n_trials hydra.launcher.timeout_min hydra.launcher.nodes
    hydra.launcher.tasks_per_node hydra.launcher.array_parallelism hydra.launcher.cpus_per_task hydra.launcher.mem_gb"""

SIDES = """scale.height scale.width stage.frame stage.val_frame stage.long_side *.max_side *.seg_size *.mat_size
    net.seg.size method.height method.width *.eval_size data.*.height data.*.width"""

AMOUNTS = """loss.*.weight loss.*.coefficients loss.perceptual.width loss.focal.gamma *.lr *_lr stage.clip_norm
    net.trimap.temperature checkpoint.minutes augment.rotate augment.shift scale.rotate scale.shift
    augment.brightness augment.contrast augment.saturation augment.hue augment.noise augment.blur optim.*.eps
    optim.*.weight_decay data.*.gradient_weight hydra.launcher.ray.*.num_*"""

FROM_0 = """stage.boundary *.blocks *.warmup *.val_subjects *pictures runtime.workers metrics.unknown_dilation
    data.*.first hydra.sweeper.sampler.n_startup_trials hydra.launcher.gpus_per_node hydra.launcher.signal_delay_s
    hydra.launcher.max_num_timeout hydra.launcher.verbose"""

SHARES = """augment.flip augment.jpeg_p augment.background_flip protocol.flips.* net.trimap.erode net.trimap.dilate
    method.erode method.dilate net.mat.width scale.alphanet.width data.empty_share hydra.sweeper.max_failure_rate"""

BELOW_1 = math.nextafter(1, 0)

# Type, least and greatest value -> patterns of keys that hold one such number or a list of them.
RANGES: dict[tuple[type, float, float], str] = {
    (int, 0, 2**32 - 1): "seed data.*.seed hydra.sweeper.sampler.seed",
    (int, 16, math.inf): SIDES,
    (int, 1, math.inf): COUNTS,
    (int, 0, math.inf): FROM_0,
    (float, 0, math.inf): AMOUNTS,
    (float, 0, 1): SHARES,
    (float, 1 / 255, 1): "data.mask_threshold stage.mask_threshold",  # 1/255: every pixel that is not fully transparent
    (float, 0, BELOW_1): "optim.*.betas",
    (float, 1e-9, math.inf): "data.*.regularization",  # 0 makes the equations of certain pixels singular
    (float, 0.01, 1): "augment.cut",
    (float, 0.01, math.inf): "augment.scale scale.zoom",  # its logarithm is drawn
    (int, 1, 100): "augment.jpeg",
}

# How many of them, 0 for one that is in no list -> patterns of keys; others hold one.
LENGTHS: dict[Sequence[int], str] = {
    (2,): "stage.frame stage.val_frame stage.*trimap optim.*.betas augment.scale augment.jpeg scale.zoom",
    (5,): "loss.perceptual.coefficients",  # a layer each
    (0, 2): "*.eval_size",
    range(1, 100): "*.aspp_rates",
}
RISING = ("stage.trimap", "stage.true_trimap", "augment.scale", "augment.jpeg", "scale.zoom")

# Pattern of keys -> the word that may stand there instead.
ALSO: dict[str, Any] = {
    "*.epoch_samples": None,
    "stage.clip_norm": None,
    "stage.long_side": None,
    "net.seg.size": None,
    "trainer.devices": -1,
    "trainer.max_batches": None,
    "runtime.threads": None,
    "method.height": None,
    "method.width": None,
    "net.gen.seg_width": None,
    "*.eval_size": "native",
    "hydra.launcher.n_jobs": -1,
    "hydra.launcher.batch_size": "auto",
    "hydra.launcher.cpus_per_task": None,
    "hydra.launcher.gpus_per_node": None,
    "hydra.launcher.mem_gb": None,
    "hydra.launcher.ray.*": None,
    "hydra.sweeper.max_batch_size": None,
    "hydra.sweeper.sampler.seed": None,
}


class Rules(NamedTuple):
    """The entries of CHOICES, RANGES, ALSO, LENGTHS and RISING for one key."""

    choices: list[tuple[Any, ...] | list[str]]
    ranges: list[tuple[type, float, float]]
    also: list[Any]
    lengths: Sequence[int]
    rising: bool

    def expected(self, value: Any) -> str | None:
        """Return what was expected in place of a value; None for a value that is right."""
        entries = value if isinstance(value, list) else [value]
        for choices in self.choices:
            listed = isinstance(choices, list)
            if isinstance(value, list) != listed or not entries or not all(is_one(entry, choices) for entry in entries):
                return f"{'a list of' if listed else 'one of'} {', '.join(map(shown, choices))}"
        for kind, low, high in self.ranges if value not in self.also else ():
            many = len(entries) if isinstance(value, list) else 0
            if many not in self.lengths or not all(is_number(entry, kind, low, high) for entry in entries):
                return self.numbers(kind, low, high)
            if self.rising and entries[0] > entries[1]:
                return "the smaller one first"
        return None

    def numbers(self, kind: type, low: float, high: float) -> str:
        """Return the words for a number, or a list of them, in a range."""
        limits = f"of at least {low}" if high == math.inf else f"from {low} to {high}"
        if high == BELOW_1:
            limits = "of at least 0 and below 1"
        words = " or ".join([f"a {'whole number' if kind is int else 'number'} {limits}", *map(shown, self.also)])
        if self.lengths == (0,):
            return words
        listed = f"a list of {self.lengths[-1]}" if isinstance(self.lengths, tuple) else "a list"
        return f"{words}, or {listed}" if 0 in self.lengths else f"{listed}, each {words}"


@cache
def rules_of(key: str) -> Rules:
    """Return the rules of a dotted key."""
    return Rules(
        [choices for pattern, choices in CHOICES.items() if fnmatchcase(key, pattern)],
        [limits for limits, patterns in RANGES.items() if matches(key, patterns)],
        [word for pattern, word in ALSO.items() if fnmatchcase(key, pattern)],
        next((lengths for lengths, patterns in LENGTHS.items() if matches(key, patterns)), (0,)),
        key in RISING,
    )


def matches(key: str, patterns: str) -> bool:
    """Return whether a key matches one of the patterns, which blanks separate."""
    return any(fnmatchcase(key, one) for one in patterns.split())


def is_one(value: Any, choices: tuple[Any, ...] | list[str]) -> bool:
    """Return whether a value is a choice, of the same type: with 0 for false a run would have two digests."""
    return any(type(value) is type(choice) and value == choice for choice in choices)


def is_number(value: Any, kind: type, low: float, high: float) -> bool:
    """Return whether a value is a finite number of the kind, from low to high; a whole number is also a float."""
    return type(value) in (int, kind) and low <= value <= high and math.isfinite(value)


def shown(value: Any) -> str:
    """Return a value as it is written on a command line."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def listed(keys: list[str]) -> str:
    """Return up to two keys, and the number of the rest."""
    return " and ".join(keys) if len(keys) < 3 else f"{keys[0]}, {keys[1]} and {len(keys) - 2} more"
