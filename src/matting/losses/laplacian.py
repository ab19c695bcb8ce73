"""The Laplacian pyramid loss: errors of all sizes of structure (Hou and Liu, 2019; FBA, section 3.4)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from matting.losses.precision import widened

BINOMIAL = (1.0, 4.0, 6.0, 4.0, 1.0)


def laplacian_loss(pred: Tensor, true: Tensor, levels: int = 5) -> Tensor:
    """Return the sum over levels s of 2^(s-1) times the mean |Lap_s(pred) - Lap_s(true)|, a scalar.

    pred, true: (B, C, H, W). The pyramid is linear, so the pyramid of the difference is taken, once. A level whose
    shorter side has a single pixel is the last one.
    """
    rest, total = widened(pred) - widened(true), []
    for level in range(levels):
        smaller = reduced(rest)
        total.append(2**level * (rest - enlarged(smaller, rest)).abs().mean())
        if min(smaller.shape[-2:]) < 2:
            break
        rest = smaller
    return torch.stack(total).sum()


def smoothed(x: Tensor, gain: float = 1.0) -> Tensor:
    """Convolve maps (B, C, H, W) with the 5x5 binomial kernel; the edge is replicated."""
    line = x.new_tensor(BINOMIAL).div(16).mul(gain).expand(x.shape[1], 1, 1, 5)
    x = F.conv2d(F.pad(x, (2, 2, 0, 0), mode="replicate"), line, groups=x.shape[1])
    return F.conv2d(F.pad(x, (0, 0, 2, 2), mode="replicate"), line.transpose(2, 3), groups=x.shape[1])


def reduced(x: Tensor) -> Tensor:
    """Smooth maps and take every second pixel of both sides."""
    return smoothed(x)[..., ::2, ::2]


def enlarged(x: Tensor, like: Tensor) -> Tensor:
    """Put zeros between the pixels, up to the size of `like`, and smooth with four times the weight."""
    spread = like.new_zeros(like.shape)
    spread[..., ::2, ::2] = x
    return smoothed(spread, 2.0)
