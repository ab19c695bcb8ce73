"""Resample tensors of images: true area averages along a side that shrinks, linear along a side that grows.

Index and weight of every tap come from integers, so a CPU and a GPU agree to 1e-6. torch's `interpolate` has neither:
its `area` averages whole pixels in overlapping windows, which blurs near a ratio of 1, and its positions are float32.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from matting.errors import UserError
from matting.ops.resize import Size, size_inside

FITS = ("pad", "stretch", "native")


def fit_image(image: Tensor, height: int, width: int, fit: str) -> Tensor:
    """Bring an image (B, 3, H, W) in [0, 1] to the size that the networks were trained at.

    `pad` scales it until it fits inside height x width and keeps its proportions (the networks pad to their stride),
    `stretch` ignores the proportions, `native` returns the image unchanged. POMAGAN (3.3) resizes to 1280x768 without
    saying how. Raise UserError for another `fit`.
    """
    if fit not in FITS:
        raise UserError(f"method.fit={fit}: expected one of {', '.join(FITS)}")
    if fit == "native":
        return image
    if fit == "pad":
        rows, columns = image.shape[-2:]
        height, width = size_inside((rows, columns), (height, width))
    return resample(image, height, width).clamp(0, 1)


def resample(planes: Tensor, height: int, width: int) -> Tensor:
    """(B, C, H, W) -> (B, C, height, width), the same tensor for the same size, else contiguous.

    Computed in float32, or float64 for float64, and returned in the type of `planes`. Rounding may carry a value 1e-6
    outside the range of the input: clamp where the range matters.
    """
    if planes.shape[-2:] == (height, width):
        return planes
    exact = planes if planes.dtype == torch.float64 else planes.float()
    *lead, rows, columns = planes.shape
    lines = resample_rows(exact.reshape(-1, columns), rows, height)
    # Transposed as matrices: for those torch copies in blocks.
    if width != columns:
        lines = resample_rows(lines.t().contiguous(), columns, width).t().contiguous()
    return lines.view(*lead, height, width).to(planes.dtype)


def resample_rows(lines: Tensor, old: int, new: int) -> Tensor:
    """Resample planes of `old` rows to `new` rows: (planes * old, N) -> (planes * new, N)."""
    if old == new:
        return lines
    taps, weights = taps_of(old, new, lines.device)
    count = len(lines) // old
    taps = (torch.arange(0, len(lines), old, device=lines.device)[:, None, None] + taps).flatten(0, 1)
    # Each new row is a weighted sum of a few old rows: what torch calls a bag of embeddings.
    return F.embedding_bag(taps, lines, per_sample_weights=weights.to(lines.dtype).repeat(count, 1), mode="sum")


def taps_of(old: int, new: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Return which of `old` pixels make each of `new` pixels: indices int64 and weights float64, both (new, taps).

    new < old: the shares of the overlap of pixels, in whole units of 1 / (old * new) of the side. new > old: linear
    between the centres of pixels, constant beyond the outer ones. The weights of a pixel sum to 1.
    """
    pixel = torch.arange(new, device=device)[:, None]
    if new > old:
        centre = ((2 * pixel + 1) * old - new).clamp_(min=0)  # in units of 1 / (2 new) of an old pixel
        first = centre // (2 * new)
        second = (centre - first * 2 * new).double() / (2 * new)
        return torch.cat([first, (first + 1).clamp_(max=old - 1)], 1), torch.cat([1 - second, second], 1)
    count = old // new if old % new == 0 else old // new + 2
    taps = pixel * old // new + torch.arange(count, device=device)
    overlap = torch.minimum((taps + 1) * new, (pixel + 1) * old) - torch.maximum(taps * new, pixel * old)
    return taps.clamp_(max=old - 1), overlap.clamp_(min=0).double() / old


def at_size(planes: Tensor, size: Size) -> Tensor:
    """Return planes (B, C, H, W) in [0, 1] at another size, float32, for figures and pictures."""
    planes = planes.float()
    return planes if planes.shape[-2:] == size else resample(planes, *size).clamp(0, 1)
