"""Perceptual loss: L1 between the feature maps of a frozen network (POMAGAN eq. 3)."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from matting.losses.matte import mean_absolute_error

COEFFICIENTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)


def perceptual_loss(
    pred_features: Sequence[Tensor], true_features: Sequence[Tensor], coefficients: Sequence[float]
) -> Tensor:
    """Return eq. 3 for one target: the sum over layers i of c_i |L_i(true) - L_i(pred)|, a scalar.

    Each L1 distance is a mean over elements, so that the coefficients fit images of any size.
    pred_features, true_features: one (B, C_i, H_i, W_i) per layer; coefficients: one per layer. Raises ValueError when
    the three lengths differ.
    """
    layers = zip(pred_features, true_features, coefficients, strict=True)
    return torch.stack([c * mean_absolute_error(pred, true) for pred, true, c in layers]).sum()


class Perceptual(nn.Module):
    """Eq. 3 summed over named targets, with the frozen network that makes the features.

    features: a module, (N, 3, H, W) in [0, 1] -> list of feature maps; it is frozen and set to evaluation here. It is
    no registered submodule, so that `state_dict`, `parameters` and `train()` leave it out; it still follows `.to()`.
    coefficients: one weight per feature map.
    """

    features: nn.Module

    def __init__(self, features: nn.Module, coefficients: Sequence[float] = COEFFICIENTS) -> None:
        super().__init__()
        # Put past nn.Module's __setattr__, which would register the network.
        self.__dict__["features"] = features.requires_grad_(False).eval()
        self.coefficients = tuple(coefficients)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Perceptual":
        super()._apply(fn, recurse)
        self.features._apply(fn, recurse)
        return self

    def forward(self, pred_targets: Mapping[str, Tensor], true_targets: Mapping[str, Tensor]) -> Tensor:
        """Return the sum of eq. 3 over the names of pred_targets, a scalar, without a gradient to true_targets.

        pred_targets, true_targets: (B, 1 or 3, H, W) in [0, 1] by name, all of one size; a map of one channel is
        repeated to three.
        """
        names = list(pred_targets)
        pred_features = self.features(stacked(pred_targets, names))
        with torch.no_grad():
            true_features = self.features(stacked(true_targets, names))
        # The loss of the stacked batch is the mean over the targets; eq. 3 is summed over them.
        return len(names) * perceptual_loss(pred_features, true_features, self.coefficients)


def stacked(targets: Mapping[str, Tensor], names: Sequence[str]) -> Tensor:
    """Return the named targets, concatenated along the batch: (len(names) * B, 3, H, W)."""
    return torch.cat([targets[name].expand(-1, 3, -1, -1) for name in names])
