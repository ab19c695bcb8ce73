"""Resample tensors of images: area along a side that shrinks, bilinear along a side that grows."""

from torch import Tensor
from torch.nn import functional as F

from matting.errors import UserError
from matting.ops.resize import size_inside

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
    """(B, C, H, W) -> (B, C, height, width): area averages along a side that shrinks, then bilinear along the other.

    Rounding may carry bilinear values just outside the range of the input: clamp where the range matters.
    """
    shrunk = min(height, planes.shape[-2]), min(width, planes.shape[-1])
    if planes.shape[-2:] != shrunk:
        planes = F.interpolate(planes, shrunk, mode="area")
    if shrunk != (height, width):
        planes = F.interpolate(planes, (height, width), mode="bilinear", align_corners=False)
    return planes
