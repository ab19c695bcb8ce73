"""Losses of a binary segmentation, one value per sample: focal and soft dice (AlphaNet IV-A, "Loss").

End-to-end training weights each sample by its matting loss, hence one value per sample. All are computed in float32 at
least, whatever the precision of the logits. A sample without a valid pixel has a loss of 0.
"""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from matting.losses.precision import widened

# Pixels added to numerator and denominator of the dice quotient, which would be 0 / 0 where nobody is in the image.
DICE_SMOOTHING = 1.0


def focal_loss(logits: Tensor, mask: Tensor, valid: Tensor | None = None, gamma: float = 2.0) -> Tensor:
    """Return -(1 - p_t)^gamma log p_t, the mean over each sample's valid pixels.

    p_t is the probability of the true class (Lin et al. 2017, eq. 4, without its factor alpha); gamma = 0 gives the
    binary cross-entropy.
    logits: (B, 1, H, W). mask: the truth, of that shape, bool or 0 and 1. valid: bool, of that shape, False on pixels
    to leave out; None if all count. gamma: 0 or more. Returns (B,). Raises ValueError for shapes that differ.
    """
    wide, truth, counted = prepared(logits, mask, valid)
    # The logit of the true class: p_t = sigmoid(true_logit).
    true_logit = wide * (2 * truth - 1)
    # (1 - p_t)^gamma as an exponential: a power has no gradient where p_t rounds to 1 and gamma is below 1.
    losses = -torch.exp(gamma * logsigmoid(-true_logit)) * logsigmoid(true_logit)
    return (losses * counted).sum((1, 2, 3)) / counted.sum((1, 2, 3)).clamp(min=1)


def dice_loss(logits: Tensor, mask: Tensor, valid: Tensor | None = None) -> Tensor:
    """Return 1 - (2 |p m| + 1) / (|p| + |m| + 1), with p = sigmoid(logits) and sums over each sample's valid pixels.

    Arguments, result and errors as for `focal_loss`. The loss of an empty mask is |p| / (|p| + 1).
    """
    wide, truth, counted = prepared(logits, mask, valid)
    prob, truth = wide.sigmoid() * counted, truth * counted
    common, total = (prob * truth).sum((1, 2, 3)), (prob + truth).sum((1, 2, 3))
    return 1 - (2 * common + DICE_SMOOTHING) / (total + DICE_SMOOTHING)


def prepared(logits: Tensor, mask: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Return logits, truth and weight of each pixel, in float32 at least. Pixels left out have logit 0 and weight 0."""
    for name, tensor in (("mask", mask), ("valid", valid)):
        if tensor is not None and tensor.shape != logits.shape:
            raise ValueError(f"{name}: {tuple(tensor.shape)}, expected the shape of the logits, {tuple(logits.shape)}")
    wide = widened(logits)
    if valid is None:
        return wide, mask.to(wide.dtype), torch.ones_like(wide)
    return wide.where(valid, 0), mask.to(wide.dtype), valid.to(wide.dtype)
