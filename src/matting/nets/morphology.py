"""Dilation and erosion of masks by an ellipse: the one place for them.

Two paths give the same mask: OpenCV for hard masks on a CPU, pooling for all else (other devices, without a copy to the
host, and soft masks, with a gradient). Outside the image counts as neutral for both: nothing grows in from there, and
erosion does not eat from the image's border.
"""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool2d


def ellipse_kernel(size: int) -> np.ndarray:
    """OpenCV's elliptic structuring element: bool (size, size), its anchor at size // 2.

    An even size reaches one pixel further to the left and to the top than to the right and to the bottom.
    """
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).astype(bool)


def dilate(mask: Tensor, size: int) -> Tensor:
    """The maximum over an ellipse of `size` pixels around each pixel.

    mask: (B, 1, H, W), bool, uint8 or float, on any device; a float mask passes its gradient to the maxima.
    Returns the same shape, type and device.
    """
    if on_host(mask):
        return with_opencv(cv2.dilate, cv2.max, mask, size)
    soft = mask if mask.is_floating_point() else mask.float()
    return ellipse_max(soft, size).to(mask.dtype)


def erode(mask: Tensor, size: int) -> Tensor:
    """The minimum over an ellipse of `size` pixels around each pixel; otherwise as `dilate`."""
    if on_host(mask):
        return with_opencv(cv2.erode, cv2.min, mask, size)
    soft = mask if mask.is_floating_point() else mask.float()
    return (-ellipse_max(-soft, size)).to(mask.dtype)


def border_map(true_mask: Tensor, size: int) -> Tensor:
    """The border of a mask, s_b = dilate(s*) - erode(s*) (POMAGAN 3.1, figure 3).

    true_mask: bool (B, 1, H, W). Returns float32 (B, 1, H, W), 1 on the border and 0 elsewhere. Raises TypeError for
    another type: what counts as a person in a soft mask is the caller's to say.
    """
    if true_mask.dtype != torch.bool:
        raise TypeError(f"border_map needs a bool mask, got {true_mask.dtype}")
    return (dilate(true_mask, size) ^ erode(true_mask, size)).float()


def scaled_size(height: int, width: int, reference: int = 15, reference_side: int = 768, minimum: int = 5) -> int:
    """The kernel size, in pixels and odd, that stands to this image as `reference` to one of `reference_side`.

    height, width: of the image; the shorter side counts. 15 px belong to the papers' 1280x768. `minimum` keeps the
    border of small images wide enough to hold soft pixels.
    """
    size = max(reference * min(height, width) / reference_side, minimum)
    return 2 * int(size // 2) + 1


def on_host(mask: Tensor) -> bool:
    return mask.device.type == "cpu" and mask.dtype in (torch.bool, torch.uint8)


def with_opencv(window: Callable[..., np.ndarray], join: Callable[..., np.ndarray], mask: Tensor, size: int) -> Tensor:
    """The steps of `ellipse_max` in place, one sample after the other: a large ellipse in one call costs its area."""
    result = mask.clone(memory_format=torch.contiguous_format)
    for (union,) in result.view(torch.uint8).numpy():
        row = union.copy()
        for left, right, top, bottom in growth_steps(size):
            window(row, np.ones((1, left + right + 1), np.uint8), dst=row, anchor=(left, 0))
            join(union, row, dst=union)
            window(union, np.ones((top + bottom + 1, 1), np.uint8), dst=union, anchor=(0, top))
    return result


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


def ellipse_max(soft: Tensor, size: int) -> Tensor:
    """The maximum over the ellipse: (B, 1, H, W) float to the same."""
    row = union = soft
    for left, right, top, bottom in growth_steps(size):
        row = window_max(row, left, right, 0, 0)
        union = window_max(torch.maximum(union, row), 0, 0, top, bottom)
    return union


def window_max(soft: Tensor, left: int, right: int, top: int, bottom: int) -> Tensor:
    """The maximum over a window that reaches so far from each pixel; left and top exceed their opposites by 0 or 1."""
    height, width = soft.shape[-2:]
    pooled = max_pool2d(soft, (top + bottom + 1, left + right + 1), stride=1, padding=(top, left))
    return pooled[..., :height, :width]
