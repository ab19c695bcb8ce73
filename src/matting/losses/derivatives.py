"""Losses of image derivatives: Sobel magnitudes, forward differences, exclusion."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from matting.losses.precision import widened

SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))


def sobel(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the horizontal and vertical derivative of maps (B, C, H, W) by the Sobel kernel, divided by 8.

    The edge is replicated.
    """
    x = widened(x)
    kernel = x.new_tensor(SOBEL).div(8)
    channels = x.shape[1]
    weight = torch.stack([kernel, kernel.T])[:, None].repeat(channels, 1, 1, 1)
    found = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), weight, groups=channels)
    return found[:, ::2], found[:, 1::2]


def sobel_magnitude(x: Tensor, epsilon: float = 1e-6) -> Tensor:
    """Return the length of the gradient by `sobel`, sqrt(dx^2 + dy^2 + epsilon), in the shape of x (B, C, H, W)."""
    horizontal, vertical = sobel(x)
    return torch.sqrt(horizontal**2 + vertical**2 + epsilon)


def sobel_loss(pred: Tensor, true: Tensor) -> Tensor:
    """Return the mean absolute difference of Sobel magnitudes, a scalar (BGM-V2, section 4.1)."""
    return (sobel_magnitude(pred) - sobel_magnitude(true)).abs().mean()


def difference_loss(pred: Tensor, true: Tensor, epsilon: float = 1e-7) -> Tensor:
    """Return the mean of sqrt((d pred - d true)^2 + epsilon) over both directions' forward differences (LFM, eq. 4).

    pred, true: (B, 1, H, W). The last column and the last row have a difference of 0.
    """
    error = widened(pred) - widened(true)
    horizontal = F.pad(error[..., :, 1:] - error[..., :, :-1], (0, 1))
    vertical = F.pad(error[..., 1:, :] - error[..., :-1, :], (0, 0, 0, 1))
    return sum_of_means(torch.sqrt(step**2 + epsilon) for step in (horizontal, vertical))


def exclusion_loss(foreground: Tensor, background: Tensor) -> Tensor:
    """Return the mean of |dx F||dx B| + |dy F||dy B|: an edge belongs to one of the two layers (FBA, section 3.4).

    foreground, background: (B, 3, H, W) in [0, 1].
    """
    pairs = zip(sobel(foreground), sobel(background), strict=True)
    return sum_of_means((one * other).abs() for one, other in pairs)


def sum_of_means(maps: Iterable[Tensor]) -> Tensor:
    """Return the sum of the means of several maps, a scalar."""
    return torch.stack([one.mean() for one in maps]).sum()
