"""BackgroundMattingV2's losses of the base network and of the whole (Lin et al., section 4.1)."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from matting.losses.derivatives import sobel_loss
from matting.losses.precision import widened


def masked_foreground_loss(pred: Tensor, true: Tensor, alpha: Tensor) -> Tensor:
    """Return the mean absolute error of the foreground (B, 3, H, W) where alpha (B, 1, H, W) is above 0."""
    return ((widened(pred) - widened(true)) * (alpha != 0)).abs().mean()


def alpha_loss(pred: Tensor, true: Tensor) -> Tensor:
    """Return the mean absolute error of alpha (B, 1, H, W) and that of its Sobel magnitude."""
    return F.l1_loss(widened(pred), widened(true)) + sobel_loss(pred, true)


def base_terms(found: Mapping[str, Tensor], alpha: Tensor, foreground: Tensor) -> dict[str, Tensor]:
    """Return the terms of the base network by name, scalars.

    found: `alpha`, `foreground` and `error` of the network. The error map learns the distance of the alpha, which it
    does not change.
    """
    distance = (found["alpha"].detach() - alpha).abs()
    return {
        "alpha": alpha_loss(found["alpha"], alpha),
        "foreground": masked_foreground_loss(found["foreground"], foreground, alpha),
        "error": F.mse_loss(widened(found["error"]), widened(distance)),
    }


def refiner_terms(found: Mapping[str, Tensor], alpha: Tensor, foreground: Tensor) -> dict[str, Tensor]:
    """Return the terms of the whole network by name, scalars.

    found: `alpha`, `foreground` and the base's `alpha_small`, `foreground_small` and `error_small`, which are compared
    at their size. The published code lets the error's gradient reach the small alpha, unlike in the base's training.
    """
    size = found["alpha_small"].shape[-2:]
    small_alpha, small_foreground = (scaled(x, size) for x in (alpha, foreground))
    distance = (scaled(found["alpha_small"], alpha.shape[-2:]) - alpha).abs()
    error = scaled(found["error_small"], alpha.shape[-2:])
    alphas = [alpha_loss(found["alpha"], alpha), alpha_loss(found["alpha_small"], small_alpha)]
    foregrounds = [
        masked_foreground_loss(found["foreground"], foreground, alpha),
        masked_foreground_loss(found["foreground_small"], small_foreground, small_alpha),
    ]
    return {
        "alpha": torch.stack(alphas).sum(),
        "foreground": torch.stack(foregrounds).sum(),
        "error": F.mse_loss(error, distance),
    }


def scaled(x: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(widened(x), tuple(size), mode="bilinear", align_corners=False)
