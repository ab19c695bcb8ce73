"""Perceptual loss: L1 between the feature maps of a frozen network (POMAGAN eq. 3)."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from matting.losses.matte import mean_absolute_error

COEFFICIENTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)


def perceptual_loss(
    pred_features: Sequence[Tensor], true_features: Sequence[Tensor], coefficients: Sequence[float]
) -> Tensor:
    """Eq. 3 for one image: sum over layers i of c_i |L_i(true) - L_i(pred)|, each L1 a mean over elements.

    The mean makes the coefficients carry over between image sizes. Differences are taken in the features' own
    precision, sums in float32.

    pred_features, true_features: one (B, C_i, H_i, W_i) per layer; coefficients: one per layer. Returns a scalar.
    Raises ValueError when the three lengths differ.
    """
    layers = zip(pred_features, true_features, coefficients, strict=True)
    return torch.stack([c * mean_absolute_error(pred, true) for pred, true, c in layers]).sum()


class Perceptual(nn.Module):
    """Eq. 3 summed over named targets, with the frozen network that gives the features.

    features: a module, (N, 3, H, W) in [0, 1] -> list of feature maps; it is frozen and set to evaluation here.
    coefficients: one weight per feature map.

    The network belongs to no checkpoint and to no optimizer: it is kept out of the registry of submodules, thus out of
    `state_dict`, `parameters` and `train()`, yet follows `.to()` and its like.
    """

    features: nn.Module

    def __init__(self, features: nn.Module, coefficients: Sequence[float] = COEFFICIENTS) -> None:
        super().__init__()
        # Straight into the instance: an ordinary assignment would register the network.
        self.__dict__["features"] = features.requires_grad_(False).eval()
        self.coefficients = tuple(coefficients)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Perceptual":
        super()._apply(fn, recurse)
        self.features._apply(fn, recurse)
        return self

    def forward(self, pred_targets: Mapping[str, Tensor], true_targets: Mapping[str, Tensor]) -> Tensor:
        """The sum over the names of pred_targets of eq. 3, without a gradient to true_targets.

        pred_targets, true_targets: (B, 1 or 3, H, W) in [0, 1] by name, one size for all; a map of one channel is
        repeated to three. Returns a scalar.
        """
        names = list(pred_targets)
        pred_features = self.features(stacked(pred_targets, names))
        with torch.no_grad():
            true_features = self.features(stacked(true_targets, names))
        # The mean over the stacked batch is the mean over targets: times their number it is the sum over them.
        return len(names) * perceptual_loss(pred_features, true_features, self.coefficients)


def stacked(targets: Mapping[str, Tensor], names: Sequence[str]) -> Tensor:
    """The named targets one after the other along the batch: (len(names) * B, 3, H, W)."""
    return torch.cat([targets[name].expand(-1, 3, -1, -1) for name in names])
