"""Dilation and erosion of masks by an ellipse: one size for a batch, or a radius for each sample.

One size: `dilate` and `erode` combine shifted copies of the mask, on any device. A radius for each sample:
`costs_to_reach` and `ellipse_sums` take the radii as a tensor, so that a device need not hand them to the host.
Outside the image there is nothing to dilate in and nothing to erode from.
"""

from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

SHAPES = {"ellipse": cv2.MORPH_ELLIPSE, "rect": cv2.MORPH_RECT, "cross": cv2.MORPH_CROSS}


def ellipse_kernel(size: int) -> np.ndarray:
    """Return OpenCV's elliptic structuring element, bool (size, size), with its anchor at size // 2.

    An even size reaches one pixel further to the left and to the top than to the right and to the bottom.
    """
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).astype(bool)


def dilate(mask: Tensor, size: int) -> Tensor:
    """Return where the ellipse of `size` pixels around a pixel holds any pixel of the mask.

    mask: bool (B, 1, H, W), on any device. Returns that shape and type. Raises TypeError for another type.
    """
    return within_ellipse(as_bits(mask), size).view(torch.bool)


def erode(mask: Tensor, size: int) -> Tensor:
    """Return where the ellipse of `size` pixels around a pixel holds the mask's pixels only; see `dilate`."""
    return ~dilate(~mask, size)


def dilate_and_erode(outer: Tensor, inner: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return `dilate(outer, size)` and `erode(inner, size)`, in the time of one of them."""
    # Each mask has a bit of the same bytes.
    found = within_ellipse(as_bits(outer) | as_bits(~inner) << 1, size)
    return (found & 1).view(torch.bool), ~(found >> 1).view(torch.bool)


def as_bits(mask: Tensor) -> Tensor:
    """Return a view of a bool mask as uint8, 0 or 1. Raises TypeError for another type."""
    if mask.dtype != torch.bool:
        raise TypeError(f"mask: expected bool, got {mask.dtype}")
    return mask.view(torch.uint8)


def within_ellipse(bits: Tensor, size: int, shape: str = "ellipse") -> Tensor:
    """Return the bits that are set anywhere under the ellipse of `size` pixels around each pixel.

    bits: uint8 (B, 1, H, W). shape: one of SHAPES, OpenCV's structuring elements. Returns the shape and
    type of bits.
    """
    before, after = size // 2, size - 1 - size // 2
    # The zeros around the image are consumed as the windows grow.
    row = union = pad(bits, (before, after, before, after))
    # An ellipse is a union of rectangles around its anchor: widen the row, join it to the union, heighten the union.
    for left, right, top, bottom in growth_steps(size, shape):
        row = window(row, left + right, -1)
        union = union[..., left : union.shape[-1] - right] | row
        row = row[..., top : row.shape[-2] - bottom, :]
        union = window(union, top + bottom, -2)
    return union


def window(bits: Tensor, reach: int, axis: int) -> Tensor:
    """Return the bits set at each position of an axis or at one of the `reach` positions after it.

    The result is `reach` shorter along the axis.
    """
    reached = 0
    # Each step doubles the reach: two windows of n positions, n apart, make one of 2 n.
    while reached < reach:
        step = min(reached + 1, reach - reached)
        length = bits.shape[axis] - step
        bits = bits.narrow(axis, 0, length) | bits.narrow(axis, step, length)
        reached += step
    return bits


@lru_cache
def growth_steps(size: int, shape: str = "ellipse") -> tuple[tuple[int, int, int, int], ...]:
    """Return the steps in which an ellipse grows from its anchor: (left, right, top, bottom) to add at each.

    The ellipse is a union of rectangles around its anchor, from narrow and tall to wide and low. Each step widens the
    row to the next rectangle, then heightens the union of all so far by the difference in height to the rectangle after
    it. In the end each rectangle has its full height, and no step needs a large window. The other SHAPES are unions of
    rectangles, too.
    """
    kernel = cv2.getStructuringElement(SHAPES[shape], (size, size)).astype(bool)
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
    """Return c(dx) = dx^2 - |dx|, and -1 for dx = 0, of integer offsets of any shape.

    OpenCV's ellipse of radius r (size 2 r + 1) reaches round(sqrt(r^2 - dy^2)) to each side in its row dy. In integers:
    the offset (dy, dx) lies in it if and only if dy^2 + c(dx) < r^2.
    """
    return (offsets * offsets - offsets.abs()).where(offsets != 0, -1)


def costs_to_reach(mask: Tensor, limit: int) -> Tensor:
    """Return the least dy^2 + c(dx) of the offsets from each pixel to the mask (see `offset_costs`).

    A pixel lies in the mask's dilation by radius r <= limit if and only if its cost is below r^2.
    mask: bool (B, C, H, W). Returns int32 of that shape, at least -1; values above limit^2 have no meaning.
    """
    height, width = mask.shape[-2:]
    columns = torch.arange(width, dtype=torch.int32, device=mask.device)
    # Along each row: the distance to the nearest pixel of the mask on either side.
    last = columns.where(mask, -limit - 1).cummax(-1).values
    following = columns.where(mask, width + limit).flip(-1).cummin(-1).values.flip(-1)
    across = torch.minimum(columns - last, following - columns)
    costs = offset_costs(across.clamp(max=limit + 1))
    # Across the rows: the least cost over all row offsets.
    least = costs.clone()
    for dy in range(1, min(limit, height - 1) + 1):
        lower, upper = least[..., dy:, :], least[..., :-dy, :]
        torch.minimum(lower, costs[..., :-dy, :] + dy * dy, out=lower)
        torch.minimum(upper, costs[..., dy:, :] + dy * dy, out=upper)
    return least


def ellipse_sums(values: Tensor, radii: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Return the sum of values over an ellipse around each pixel, and the number of pixels of each ellipse.

    values: floating point (B, C, H, W); use float64, since rounding errors are relative to the largest sum. radii:
    integers (B, C, 1, 1), at most `limit`. Returns (B, C, H, W), differentiable, and (B, C, 1, 1).
    """
    height, width = values.shape[-2:]
    dy, dx = (
        torch.arange(-reach, reach + 1, device=values.device) for reach in (min(limit, height), min(limit, width))
    )
    inside = (dy[:, None] ** 2 + offset_costs(dx) < radii**2).to(values.dtype)
    # A convolution as a product of spectra: its time does not depend on the radii. The padding takes what wraps around;
    # multiples of 32 avoid transforms of prime length, which take several times as long.
    size = [-(-(side + min(limit, side) + 1) // 32) * 32 for side in (height, width)]
    product = torch.fft.rfft2(values, s=size) * torch.fft.rfft2(inside, s=size)
    sums = torch.fft.irfft2(product, s=size)
    top, left = len(dy) // 2, len(dx) // 2
    return sums[..., top : top + height, left : left + width], inside.sum((-2, -1), keepdim=True)
