"""LFM's losses: of the two segmentations and of the fused alpha (Zhang et al., section 3.3)."""

import torch
from torch import Tensor

from matting.losses.precision import widened

SOFT = (0.05, 0.95)  # alphas between these are the transition


def transition(alpha: Tensor) -> Tensor:
    """Return where alpha is neither foreground nor background, bool in its shape."""
    return (alpha > SOFT[0]) & (alpha < SOFT[1])


def weighted_cross_entropy(probability: Tensor, alpha: Tensor, soft_weight: float = 0.5) -> Tensor:
    """Return the cross entropy against alpha > 0.05, with less weight on the transition; the mean over all pixels.

    probability, alpha: (B, 1, H, W) in [0, 1]; for the background, alpha is 1 - alpha. Probabilities are clipped to
    [1e-7, 1 - 1e-7], as Keras does.
    """
    p = widened(probability).clamp(1e-7, 1 - 1e-7)
    hard = alpha > SOFT[0]
    entropy = -torch.where(hard, p.log(), (1 - p).log())
    return (entropy * torch.where(transition(alpha), soft_weight, 1.0)).mean()


def mixed_distance(probability: Tensor, alpha: Tensor) -> Tensor:
    """Return the mean of the absolute error on the transition and of the squared error elsewhere, (B, 1, H, W)."""
    error = widened(probability) - alpha
    return torch.where(transition(alpha), error.abs(), error**2).mean()


def fusion_loss(pred_alpha: Tensor, alpha: Tensor, known_weight: float = 0.1, epsilon: float = 1e-7) -> Tensor:
    """Return the mean of sqrt(error^2 + epsilon), where known pixels weigh less, divided by the sum of weights."""
    weight = torch.where(transition(alpha), 1.0, known_weight)
    return (weight * torch.sqrt((widened(pred_alpha) - alpha) ** 2 + epsilon)).sum() / weight.sum()


def sparsity_loss(pred_alpha: Tensor, power: float = 0.9, epsilon: float = 1e-5) -> Tensor:
    """Return the mean of (a + epsilon)^power + (1 - a + epsilon)^power, least where alpha is 0 or 1."""
    a = widened(pred_alpha)
    return ((a + epsilon) ** power + (1 - a + epsilon) ** power).mean()
