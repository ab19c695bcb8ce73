"""Losses of a binary segmentation, each sample its own: focal and soft dice (AlphaNet IV-A, "Loss").

A sample's value stands for itself, so that training end to end can weigh each one by what its matte cost. All are
computed in float32 (float64 stays) whatever the precision of the logits. A sample without a valid pixel costs 0.
"""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

# Added to both sides of the dice quotient, in pixels: defines it where neither truth nor prediction has any person.
DICE_SMOOTHING = 1.0


def focal_loss(logits: Tensor, mask: Tensor, valid: Tensor | None = None, gamma: float = 2.0) -> Tensor:
    """-(1 - p_t)^gamma log p_t with p_t the probability of the true class (Lin et al. 2017, eq. 4), without its alpha.

    The mean over each sample's valid pixels; gamma 0 is the binary cross-entropy.

    logits: (B, 1, H, W). mask: the truth, of that shape, bool or 0 and 1. valid: bool, of that shape, False on pixels
    that count nowhere; None if all count. gamma: 0 or more. Returns (B,). Raises ValueError for shapes that differ.
    """
    wide, truth, counted = prepared(logits, mask, valid)
    toward = wide * (2 * truth - 1)
    # (1 - p_t)^gamma as an exponential: a power has no gradient where p_t rounds to 1 and gamma is below 1.
    losses = -torch.exp(gamma * logsigmoid(-toward)) * logsigmoid(toward)
    return (losses * counted).sum((1, 2, 3)) / counted.sum((1, 2, 3)).clamp(min=1)


def dice_loss(logits: Tensor, mask: Tensor, valid: Tensor | None = None) -> Tensor:
    """1 - (2 |p m| + 1) / (|p| + |m| + 1) with sums over each sample's valid pixels (soft dice, smoothed by a pixel).

    p = sigmoid(logits). An empty mask costs |p| / (|p| + 1). Arguments, result and errors as for `focal_loss`.
    """
    wide, truth, counted = prepared(logits, mask, valid)
    prob, truth = wide.sigmoid() * counted, truth * counted
    common, total = (prob * truth).sum((1, 2, 3)), (prob + truth).sum((1, 2, 3))
    return 1 - (2 * common + DICE_SMOOTHING) / (total + DICE_SMOOTHING)


def prepared(logits: Tensor, mask: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Logits (0 on pixels that do not count), truth and weight (1 where a pixel counts), in at least float32."""
    for name, tensor in (("mask", mask), ("valid", valid)):
        if tensor is not None and tensor.shape != logits.shape:
            raise ValueError(f"{name}: {tuple(tensor.shape)}, expected the shape of the logits, {tuple(logits.shape)}")
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if valid is None:
        return wide, mask.to(wide.dtype), torch.ones_like(wide)
    return wide.where(valid, 0), mask.to(wide.dtype), valid.to(wide.dtype)
