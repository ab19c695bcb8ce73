"""The loss terms of both GAN stages, put together from the loss node of a config (POMAGAN eq. 7 and 11)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from matting.config.identity import NO_FILE, find_file
from matting.errors import UserError
from matting.losses.adversarial import discriminator_loss, generator_loss
from matting.losses.matte import border_loss, l1_loss, matte_targets
from matting.losses.perceptual import Perceptual
from matting.losses.weighted import LossSum, WeightedSum, scale_multipliers
from matting.nets.vgg import VGGFeatures
from matting.ops.trimap import border_map, scaled_size

TARGET_CHANNELS = {"alpha": 1, "fgr": 3, "comp": 3}


@dataclass(frozen=True)
class Example:
    """What a generator is trained on. map is s* in the segmentation stage and a* in the alpha stage."""

    image: Tensor  # (B, 3, H, W)
    inputs: tuple[Tensor, ...]  # what the generator takes
    map: Tensor  # (B, 1, H, W) in [0, 1] truth
    new_bgr: Tensor | None  # (B, 3, H, W), where the targets have comp
    ids: list[str]


class Objective(nn.Module):
    """Names the terms, computes those of weight above 0, and holds the frozen network of the perceptual one.

    loss: the config node. pixel: the name of the L1 term, `segmentation` (eq. 4) or `alpha` (eq. 9). It holds no
    parameters of its own.
    """

    def __init__(self, loss: Mapping[str, Any], pixel: str, scales: int, data_root: str):
        super().__init__()
        self.loss, self.pixel = loss, pixel
        self.targets = tuple(loss["targets"])
        terms = {name: node for name, node in loss.items() if isinstance(node, Mapping)}
        if set(terms) != {"adversarial", "perceptual", pixel, "border"}:
            raise UserError(f"loss: terms {', '.join(terms)}; this stage has adversarial, perceptual, {pixel}, border")
        inside = [name for name, node in terms.items() if node.get("per_scale")]
        weights = {name: float(node["weight"]) for name, node in terms.items()}
        self.sum = WeightedSum(weights, scale_multipliers(loss["sum_over_scales"], inside, scales))
        self.adversarial = weights["adversarial"] > 0
        self.kind = loss["adversarial"]["kind"]
        self.perceptual = None
        if weights["perceptual"]:
            node = loss["perceptual"]
            file = node["weights"]
            weights_file = file if file in NO_FILE else str(find_file(file, data_root))
            features = VGGFeatures(node["arch"], weights_file, node["convention"], node["width"])
            self.perceptual = Perceptual(features, node["coefficients"])

    @property
    def disc_channels(self) -> int:
        """Channels of the discriminator's input: the image and what stands beside it."""
        return 3 + sum(TARGET_CHANNELS[name] for name in self.disc_targets)

    @property
    def disc_targets(self) -> tuple[str, ...]:
        return self.targets if self.loss["adversarial"]["disc_input"] == "targets" else ("alpha",)

    def judged(self, example: Example, map: Tensor) -> Tensor:
        """What the discriminator sees beside the image: the targets on channels, or the map alone."""
        targets = matte_targets(example.image, map, example.new_bgr, self.disc_targets)
        return torch.cat(list(targets.values()), 1)

    def generator(self, example: Example, pred: Tensor, disc: nn.Module | None) -> LossSum:
        """All terms of the generator's objective for a prediction (B, 1, H, W)."""
        pred_targets = matte_targets(example.image, pred, example.new_bgr, self.targets)
        true_targets = matte_targets(example.image, example.map, example.new_bgr, self.targets)

        def adversarial() -> Tensor:
            assert disc is not None
            return generator_loss(disc(example.image, self.judged(example, pred)), self.kind)

        def perceptual() -> Tensor:
            assert self.perceptual is not None
            some = self.loss["perceptual"]["targets"] == "alpha_fgr"
            names = [name for name in self.targets if not (some and name == "comp")]
            return self.perceptual({n: pred_targets[n] for n in names}, {n: true_targets[n] for n in names})

        def border() -> Tensor:
            node = self.loss["border"]
            height, width = pred.shape[-2:]
            size = scaled_size(height, width, node["kernel"], node["kernel_side"], node["kernel_min"])
            at = border_map(example.map >= 0.5, size)
            return border_loss(example.image, pred, example.map, at, example.new_bgr, self.targets, node["normalize"])

        terms: dict[str, Callable[[], Tensor]] = {
            "adversarial": adversarial,
            "perceptual": perceptual,
            self.pixel: lambda: l1_loss(pred_targets, true_targets),
            "border": border,
        }
        return self.sum(terms)

    def discriminator(
        self, example: Example, fake: Tensor, disc: nn.Module
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """The discriminator's loss, and its logits by scale on the real and on the fake map."""
        real_logits = disc(example.image, self.judged(example, example.map))
        fake_logits = disc(example.image, self.judged(example, fake))
        return discriminator_loss(real_logits, fake_logits, self.kind), real_logits, fake_logits
