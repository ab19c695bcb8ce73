"""The losses of both GAN stages, put together from the loss node of a config (POMAGAN eq. 7 and 11)."""

from collections.abc import Mapping
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
    """A batch as a GAN stage trains on it. The true map is s* in the segmentation stage and a* in the alpha stage."""

    image: Tensor  # (B, 3, H, W) in [0, 1]
    inputs: tuple[Tensor, ...]  # the generator's arguments
    true_map: Tensor  # (B, 1, H, W) in [0, 1]
    new_bgr: Tensor | None  # (B, 3, H, W) in [0, 1]; None where the targets lack `comp`


class Objective(nn.Module):
    """The losses of generator and discriminator; a term of weight 0 is not computed.

    loss: the config node. pixel_term: name of the L1 term, `segmentation` (eq. 4) or `alpha` (eq. 9). scales: number
    of discriminator scales. data_root: a folder where the file of VGG weights is looked for. threshold: from which
    a true map is 1 in the binary one whose border counts, bin(a*).
    The frozen VGG of the perceptual loss lives here; the objective has no trainable parameters. Raises UserError for
    a loss node with the terms of another stage.
    """

    def __init__(
        self,
        loss: Mapping[str, Any],
        pixel_term: str,
        scales: int,
        data_root: str,
        threshold: float = 0.5,
    ):
        super().__init__()
        self.threshold = threshold
        self.loss, self.pixel_term = loss, pixel_term
        self.targets = tuple(loss["targets"])
        terms = {name: node for name, node in loss.items() if isinstance(node, Mapping)}
        expected = ("adversarial", "perceptual", pixel_term, "border")
        if set(terms) != set(expected):
            raise UserError(
                f"loss: has the terms {', '.join(terms)}; expected {', '.join(expected)}; choose a loss of this stage"
            )
        weights = {name: float(node["weight"]) for name, node in terms.items()}
        inside = [name for name, node in terms.items() if node.get("per_scale")]
        self.sum = WeightedSum(weights, scale_multipliers(loss["sum_over_scales"], inside, scales))
        self.adversarial = weights["adversarial"] > 0
        self.adversarial_kind = loss["adversarial"]["kind"]
        self.perceptual = perceptual_module(loss["perceptual"], data_root) if weights["perceptual"] else None

    @property
    def disc_channels(self) -> int:
        """Number of channels of the discriminator's input: the image's and those of its targets."""
        return 3 + sum(TARGET_CHANNELS[name] for name in self.disc_targets)

    @property
    def disc_targets(self) -> tuple[str, ...]:
        """Names of the targets that the discriminator sees beside the image."""
        return self.targets if self.loss["adversarial"]["disc_input"] == "targets" else ("alpha",)

    def disc_input(self, example: Example, alpha: Tensor) -> Tensor:
        """Return the targets made from a map (B, 1, H, W), concatenated on channels, for the discriminator."""
        targets = matte_targets(example.image, alpha, example.new_bgr, self.disc_targets)
        return torch.cat(list(targets.values()), 1)

    def discriminator_loss(
        self, example: Example, fake: Tensor, disc: nn.Module
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Return the discriminator's loss, a scalar, and its logits on the true and on the fake map, one per scale.

        fake: the generator's map (B, 1, H, W), detached.
        """
        real_logits = disc(example.image, self.disc_input(example, example.true_map))
        fake_logits = disc(example.image, self.disc_input(example, fake))
        return discriminator_loss(real_logits, fake_logits, self.adversarial_kind), real_logits, fake_logits

    def generator_losses(self, example: Example, pred: Tensor, disc: nn.Module | None) -> LossSum:
        """Return the generator's loss terms for its map `pred` (B, 1, H, W), and their weighted sum.

        disc: the discriminator; None where the adversarial weight is 0.
        """
        # The same targets are made from both maps: alpha, foreground and composite (eq. 2 and 8).
        pred_targets = matte_targets(example.image, pred, example.new_bgr, self.targets)
        true_targets = matte_targets(example.image, example.true_map, example.new_bgr, self.targets)
        active, terms = self.sum.factors, dict[str, Tensor]()
        if "adversarial" in active:
            assert disc is not None
            terms["adversarial"] = generator_loss(
                disc(example.image, self.disc_input(example, pred)), self.adversarial_kind
            )
        if self.perceptual is not None:
            # Section 3.2 names alpha and foreground, section 4.2 all targets: `perceptual.targets` chooses.
            left_out = {"comp"} if self.loss["perceptual"]["targets"] == "alpha_fgr" else set()
            names = [name for name in self.targets if name not in left_out]
            terms["perceptual"] = self.perceptual(
                {name: pred_targets[name] for name in names}, {name: true_targets[name] for name in names}
            )
        if self.pixel_term in active:
            terms[self.pixel_term] = l1_loss(pred_targets, true_targets)
        if "border" in active:
            terms["border"] = self.border_term(example, pred)
        return self.sum(terms)

    def border_term(self, example: Example, pred: Tensor) -> Tensor:
        """Return the border loss (eq. 6 and 10), a scalar. The border's width follows the shorter side of the image."""
        node = self.loss["border"]
        height, width = pred.shape[-2:]
        size = scaled_size(height, width, node["kernel"], node["kernel_side"], node["kernel_min"])
        border = border_map(example.true_map >= self.threshold, size, node.get("shape", "ellipse"))
        return border_loss(
            example.image, pred, example.true_map, border, example.new_bgr, self.targets, node["normalize"]
        )


def perceptual_module(node: Mapping[str, Any], data_root: str) -> Perceptual:
    """Return the perceptual loss of the config node `loss.perceptual`, with its VGG."""
    file = node["weights"]
    weights = file if file in NO_FILE else str(find_file(file, data_root))
    taps = node.get("taps", "first")
    features = VGGFeatures(node["arch"], weights, node["convention"], node["width"], taps)
    return Perceptual(features, node["coefficients"])
