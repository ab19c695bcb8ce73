"""The losses of both GAN stages, put together from the loss node of a config (POMAGAN eq. 7 and 11)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from matting.config.identity import located
from matting.config.instantiate import build
from matting.config.nodes import term, term_target
from matting.errors import UserError
from matting.losses.adversarial import discriminator_loss
from matting.losses.matte import matte_targets
from matting.losses.weighted import LossSum, WeightedSum, scale_multipliers
from matting.stages.pomagan_terms.base import Example, Prediction, Term

TARGET_CHANNELS = {"alpha": 1, "fgr": 3, "comp": 3}
TERMS = "matting.stages.pomagan_terms"
SHARED = ("_target_", "weight", "per_scale")  # keys of every term; the others are those of its class


class Objective(nn.Module):
    """The losses of generator and discriminator; a term of weight 0 is not computed.

    loss: the config node; each node in it is a term, found by its name among `pomagan_terms`, or by its `_target_`.
    scales: number of discriminator scales. data_root: a folder where the files of weights are looked for.
    threshold: from which a true map is 1 in the binary one whose border counts, bin(a*).
    The frozen VGG of the perceptual loss lives here; the objective has no trainable parameters. Raises UserError for
    an unknown term.
    """

    def __init__(self, loss: Mapping[str, Any], scales: int, data_root: str, threshold: float = 0.5):
        super().__init__()
        self.threshold = threshold
        self.loss, self.targets = loss, tuple(loss["targets"])
        nodes = {name: node for name, node in loss.items() if isinstance(node, Mapping)}
        inside = [name for name, node in nodes.items() if node.get("per_scale")]
        weights = {name: float(node["weight"]) for name, node in nodes.items()}
        self.sum = WeightedSum(weights, scale_multipliers(loss["sum_over_scales"], inside, scales))
        self.terms = nn.ModuleDict({name: build_term(name, nodes[name], data_root) for name in self.sum.factors})
        self.adversarial = "adversarial" in self.terms

    @property
    def networks(self) -> list[nn.Module]:
        """The frozen networks of all terms."""
        return [network for one in self.terms.values() if isinstance(one, Term) for network in one.networks]

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
        return discriminator_loss(real_logits, fake_logits, self.loss["adversarial"]["kind"]), real_logits, fake_logits

    def generator_losses(self, example: Example, pred: Tensor, disc: nn.Module | None) -> LossSum:
        """Return the generator's loss terms for its map `pred` (B, 1, H, W), and their weighted sum.

        disc: the discriminator; None where the adversarial weight is 0.
        """
        # The same targets are made from both maps: alpha, foreground and composite (eq. 2 and 8).
        pred_targets = matte_targets(example.image, pred, example.new_bgr, self.targets)
        true_targets = matte_targets(example.image, example.true_map, example.new_bgr, self.targets)

        def judge() -> list[Tensor]:
            assert disc is not None
            verdicts: list[Tensor] = disc(example.image, self.disc_input(example, pred))
            return verdicts

        given = Prediction(example, pred, self.targets, pred_targets, true_targets, self.threshold, judge)
        return self.sum({name: one(given) for name, one in self.terms.items()})


def build_term(name: str, node: Mapping[str, Any], data_root: str) -> Term:
    """Build a term of the loss by its name or its `_target_`."""
    keys = term(TERMS, name)
    if keys is None and "_target_" not in node:
        raise UserError(f"loss.{name}: no such term of POMAGAN; give its class by loss.{name}._target_=...")
    own = {key: value for key, value in node.items() if key not in SHARED}
    target = node.get("_target_", term_target(TERMS, name))
    built: Term = build({"_target_": target, **located(own, keys, data_root)})
    return built
