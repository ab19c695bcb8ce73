"""Border maps and trimaps from masks and alphas, for losses, metrics, crops and AlphaNet."""

from collections.abc import Sequence

import torch
from torch import Tensor

from matting.ops.ellipse import as_bits, dilate_and_erode, within_ellipse


def border_map(true_mask: Tensor, size: int, shape: str = "ellipse") -> Tensor:
    """Return the border of a mask, s_b = dilate(s*) - erode(s*) (POMAGAN 3.1, figure 3).

    true_mask: bool (B, 1, H, W); the caller thresholds a soft one. size: of the structuring element in pixels. shape:
    one of `ellipse.SHAPES`. Returns float32 (B, 1, H, W), 1 on the border and 0 elsewhere. Raises TypeError for another
    type of mask.
    """
    # Bit 0 of each byte is set outside the person, bit 1 inside: on the border the element finds both.
    found = within_ellipse(2 - as_bits(true_mask), size, shape)
    return (found & found >> 1).float()


def scaled_size(height: int, width: int, reference: int = 15, reference_side: int = 768, minimum: int = 5) -> int:
    """Return the size in pixels, odd, of a kernel that scales with the shorter side of the image.

    reference: the size for a shorter side of `reference_side`; 15 px at the papers' 1280x768. minimum: keeps the border
    of small images wide enough to hold soft pixels.
    """
    size = max(reference * min(height, width) / reference_side, minimum)
    return 2 * int(size // 2) + 1


def trimap_of(inner: Tensor, outer: Tensor) -> Tensor:
    """Return a trimap: 1 inside `inner` (foreground), 0.5 inside `outer` alone (unknown), 0 elsewhere (background).

    inner, outer: same shape, `inner` within `outer`; bool, or soft in [0, 1]. Returns float32, or float64 for float64.
    """
    return 0.5 * inner + 0.5 * outer


def known_bounds(alpha: Tensor, size: int | Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return the surely-foreground region and the not-surely-background region, bool (B, 1, H, W).

    Arguments as for `unknown_region`. The first region lies within the second.
    """
    if isinstance(size, int):
        outer, inner = dilate_and_erode(alpha > 0, alpha >= 1, size)
        return inner, outer
    bounds = [known_bounds(sample, pixels) for sample, pixels in zip(alpha.split(1), size, strict=True)]
    inner, outer = map(torch.cat, zip(*bounds, strict=True))
    return inner, outer


def unknown_region(alpha: Tensor, size: int | Sequence[int]) -> Tensor:
    """Return the unknown region, dilate(alpha > 0) without erode(alpha >= 1): bool (B, 1, H, W).

    alpha: (B, 1, H, W) in [0, 1]. size: of the ellipse in pixels, one for all samples or one for each. Raises
    ValueError for another number of sizes.
    """
    inner, outer = known_bounds(alpha, size)
    return outer & ~inner


def trimap_from_alpha(alpha: Tensor, size: int | Sequence[int]) -> Tensor:
    """Return the trimap with the unknown part of `unknown_region`: float32 (B, 1, H, W) in {0, 0.5, 1}."""
    return trimap_of(*known_bounds(alpha, size))
