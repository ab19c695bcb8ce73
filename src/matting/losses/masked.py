"""DIM's losses: distances over the unknown region alone (Xu et al., section 4.1)."""

import torch
from torch import Tensor

from matting.losses.precision import widened

EPSILON = 1e-12  # squared 1e-6 of the paper


def smooth_distance(pred: Tensor, true: Tensor) -> Tensor:
    """Return sqrt((pred - true)^2 + 1e-12) of each element."""
    return torch.sqrt((widened(pred) - widened(true)) ** 2 + EPSILON)


def unknown_mean(values: Tensor, unknown: Tensor) -> Tensor:
    """Return the mean of values (B, C, H, W) over the pixels of unknown (B, 1, H, W); 0 where there are none."""
    weight = unknown.to(values.dtype).expand_as(values)
    return (values * weight).sum() / weight.sum().clamp(min=1)


def unknown_alpha_loss(pred_alpha: Tensor, alpha: Tensor, unknown: Tensor) -> Tensor:
    """Return the mean smooth distance of alpha over the unknown pixels (eq. 1). All are (B, 1, H, W)."""
    return unknown_mean(smooth_distance(pred_alpha, alpha), unknown)


def unknown_composite_loss(
    pred_alpha: Tensor, image: Tensor, foreground: Tensor, background: Tensor, unknown: Tensor
) -> Tensor:
    """Return the mean smooth distance of a F + (1 - a) B from the image over the unknown pixels (eq. 2).

    image, foreground, background: (B, 3, H, W) in [0, 1].
    """
    pred_alpha = widened(pred_alpha)
    composite = pred_alpha * foreground + (1 - pred_alpha) * background
    return unknown_mean(smooth_distance(composite, image), unknown)
