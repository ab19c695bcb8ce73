"""Dilation and erosion of masks by an ellipse: one size for a batch, or a radius of its own for each sample.

Of one size the mask is or-ed with itself, shifted, on any device. Radii that a device has found stay there:
`costs_to_reach` and `ellipse_sums` take them as tensors. Outside the image counts as neutral everywhere: nothing grows
in from there, and erosion does not eat from the image's border.
"""

from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad


def ellipse_kernel(size: int) -> np.ndarray:
    """OpenCV's elliptic structuring element: bool (size, size), its anchor at size // 2.

    An even size reaches one pixel further to the left and to the top than to the right and to the bottom.
    """
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).astype(bool)


def dilate(mask: Tensor, size: int) -> Tensor:
    """Whether the ellipse of `size` pixels around a pixel holds one of the mask's.

    mask: bool (B, 1, H, W), on any device; TypeError for another type. Returns the same.
    """
    return within_ellipse(as_bits(mask), size).view(torch.bool)


def erode(mask: Tensor, size: int) -> Tensor:
    """Whether the ellipse of `size` pixels around a pixel holds the mask's alone; otherwise as `dilate`."""
    return ~dilate(~mask, size)


def dilate_and_erode(outer: Tensor, inner: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """`dilate(outer, size)` and `erode(inner, size)` in the time of one: each has a bit of the same bytes."""
    found = within_ellipse(as_bits(outer) | as_bits(~inner) << 1, size)
    return (found & 1).view(torch.bool), ~(found >> 1).view(torch.bool)


def as_bits(mask: Tensor) -> Tensor:
    """A mask's bytes, 0 or 1, uncopied."""
    if mask.dtype != torch.bool:
        raise TypeError(f"a mask is bool, got {mask.dtype}")
    return mask.view(torch.uint8)


def within_ellipse(bits: Tensor, size: int) -> Tensor:
    """The bits that are set somewhere under the ellipse around each pixel: uint8 (B, 1, H, W) to the same.

    An ellipse is a union of rectangles around its anchor (see `growth_steps`). What lies outside the image is there as
    zeros, and goes as the windows grow.
    """
    before, after = size // 2, size - 1 - size // 2
    row = union = pad(bits, (before, after, before, after))
    for left, right, top, bottom in growth_steps(size):
        row = window(row, left + right, -1)
        union = union[..., left : union.shape[-1] - right] | row
        row = row[..., top : row.shape[-2] - bottom, :]
        union = window(union, top + bottom, -2)
    return union


def window(bits: Tensor, reach: int, axis: int) -> Tensor:
    """The bits set in each place or in one of the `reach` places after it; the last `reach` places have no such window.

    Twice as far with each step: what reaches n places reaches 2 n with itself, shifted.
    """
    reached = 0
    while reached < reach:
        step = min(reached + 1, reach - reached)
        places = bits.shape[axis] - step
        bits = bits.narrow(axis, 0, places) | bits.narrow(axis, step, places)
        reached += step
    return bits


@lru_cache
def growth_steps(size: int) -> tuple[tuple[int, int, int, int], ...]:
    """How the ellipse grows from its anchor, as (left, right, top, bottom) to add at each step.

    An ellipse is a union of rectangles around its anchor, from the narrow and tall to the wide and low. From one to the
    next the row's reach grows by what the next is wider; the union so far then grows up and down by what the next is
    lower, so that in the end each rectangle has grown to its full height and no window is large.
    """
    kernel = ellipse_kernel(size)
    anchor = size // 2
    rows = kernel.sum(axis=1)
    reaches = []
    for width in np.unique(rows):
        tall = np.flatnonzero(rows >= width)
        wide = np.flatnonzero(kernel[tall[0]])
        reaches.append((anchor - wide[0], wide[-1] - anchor, anchor - tall[0], tall[-1] - anchor))
    narrower = [(0, 0), *(reach[:2] for reach in reaches[:-1])]
    shorter = [*(reach[2:] for reach in reaches[1:]), (0, 0)]
    return tuple(
        (int(left - l0), int(right - r0), int(top - t0), int(bottom - b0))
        for (left, right, top, bottom), (l0, r0), (t0, b0) in zip(reaches, narrower, shorter, strict=True)
    )


def offset_costs(offsets: Tensor) -> Tensor:
    """c(dx) = dx^2 - |dx|, and -1 at 0: integers of any shape to the same.

    OpenCV's ellipse of radius r (size 2 r + 1) reaches sqrt(r^2 - dy^2), rounded, to each side of its row dy. In
    integers that is: the offset (dy, dx) lies in it if and only if dy^2 + c(dx) < r^2.
    """
    return (offsets * offsets - offsets.abs()).where(offsets != 0, -1)


def costs_to_reach(mask: Tensor, limit: int) -> Tensor:
    """The least dy^2 + c(dx) of the offsets from each pixel to the mask (see `offset_costs`).

    A pixel lies in the mask's dilation by radius r, 0 to `limit`, if and only if its cost is below r^2: radii may
    differ from sample to sample and need not be known on the host.

    mask: bool (B, C, H, W). Returns int32 of that shape, at least -1, without meaning above limit^2.
    """
    height, width = mask.shape[-2:]
    columns = torch.arange(width, dtype=torch.int32, device=mask.device)
    last = columns.where(mask, -limit - 1).cummax(-1).values
    following = columns.where(mask, width + limit).flip(-1).cummin(-1).values.flip(-1)
    across = torch.minimum(columns - last, following - columns)
    costs = offset_costs(across.clamp(max=limit + 1))
    least = costs.clone()
    for dy in range(1, min(limit, height - 1) + 1):
        lower, upper = least[..., dy:, :], least[..., :-dy, :]
        torch.minimum(lower, costs[..., :-dy, :] + dy * dy, out=lower)
        torch.minimum(upper, costs[..., dy:, :] + dy * dy, out=upper)
    return least


def ellipse_sums(values: Tensor, radii: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """The sum over an ellipse around each pixel, with its gradient, and how many pixels it can have in this image.

    A product of spectra: the cost does not grow with the radius, and no radius has to be known on the host.

    values: floating point (B, C, H, W); rounding errors are relative to the largest sum, so that small sums beside
    large ones want float64. radii: integers (B, C, 1, 1), 0 to `limit`. Returns (B, C, H, W) and (B, C, 1, 1).
    """
    height, width = values.shape[-2:]
    dy, dx = (
        torch.arange(-reach, reach + 1, device=values.device) for reach in (min(limit, height), min(limit, width))
    )
    inside = (dy[:, None] ** 2 + offset_costs(dx) < radii**2).to(values.dtype)
    # Room for what wraps around, and to a multiple of 32: transforms of prime length take several times as long.
    size = [-(-(side + min(limit, side) + 1) // 32) * 32 for side in (height, width)]
    product = torch.fft.rfft2(values, s=size) * torch.fft.rfft2(inside, s=size)
    sums = torch.fft.irfft2(product, s=size)
    top, left = len(dy) // 2, len(dx) // 2
    return sums[..., top : top + height, left : left + width], inside.sum((-2, -1), keepdim=True)
