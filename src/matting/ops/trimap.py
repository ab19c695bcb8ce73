"""Make border maps and trimaps from masks and alphas, for losses, metrics, crops and AlphaNet."""

from collections.abc import Sequence

import torch
from torch import Tensor

from matting.ops.ellipse import as_bits, dilate_and_erode, within_ellipse


def border_map(true_mask: Tensor, size: int) -> Tensor:
    """The border of a mask, s_b = dilate(s*) - erode(s*) (POMAGAN 3.1, figure 3).

    true_mask: bool (B, 1, H, W). Returns float32 (B, 1, H, W), 1 on the border and 0 elsewhere. Raises TypeError for
    another type: what counts as a person in a soft mask is the caller's to say.
    """
    # a bit of each byte for the person, one for what is not: on the border the ellipse holds both
    found = within_ellipse(2 - as_bits(true_mask), size)
    return (found & found >> 1).float()


def scaled_size(height: int, width: int, reference: int = 15, reference_side: int = 768, minimum: int = 5) -> int:
    """The kernel size, in pixels and odd, that stands to this image as `reference` to one of `reference_side`.

    height, width: of the image; the shorter side counts. 15 px belong to the papers' 1280x768. `minimum` keeps the
    border of small images wide enough to hold soft pixels.
    """
    size = max(reference * min(height, width) / reference_side, minimum)
    return 2 * int(size // 2) + 1


def trimap_of(inner: Tensor, outer: Tensor) -> Tensor:
    """1 inside both (foreground), 0.5 inside `outer` alone (unknown), 0 elsewhere (background).

    inner, outer: one shape, `inner` within `outer`; bool, or soft in [0, 1]. Returns float32 (float64 stays).
    """
    return 0.5 * inner + 0.5 * outer


def known_bounds(alpha: Tensor, size: int | Sequence[int]) -> tuple[Tensor, Tensor]:
    """What is surely foreground, and what is not surely background: bool (B, 1, H, W), the first within the second."""
    if isinstance(size, int):
        outer, inner = dilate_and_erode(alpha > 0, alpha >= 1, size)
        return inner, outer
    bounds = [known_bounds(sample, pixels) for sample, pixels in zip(alpha.split(1), size, strict=True)]
    inner, outer = map(torch.cat, zip(*bounds, strict=True))
    return inner, outer


def unknown_region(alpha: Tensor, size: int | Sequence[int]) -> Tensor:
    """What is neither surely foreground nor surely background: dilate(alpha > 0) less erode(alpha >= 1).

    alpha: (B, 1, H, W) in [0, 1]. size: of the ellipse in pixels, for all or one a sample (ValueError for another
    number of them). Returns bool (B, 1, H, W).
    """
    inner, outer = known_bounds(alpha, size)
    return outer & ~inner


def trimap_from_alpha(alpha: Tensor, size: int | Sequence[int]) -> Tensor:
    """The trimap whose unknown part is `unknown_region`: float32 (B, 1, H, W) in {0, 0.5, 1}; arguments as there."""
    return trimap_of(*known_bounds(alpha, size))
