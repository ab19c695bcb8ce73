"""Resample tensors of images: area along what gets shorter, bilinear along what gets longer."""

from torch import Tensor
from torch.nn import functional as F

from matting.errors import UserError

FITS = ("pad", "stretch", "native")


def fit_image(image: Tensor, height: int, width: int, fit: str) -> Tensor:
    """The image at the size that the networks were trained at (POMAGAN 3.3 resizes to 1280x768; how is not said).

    `pad` scales until it fits inside height x width and keeps its proportions (the networks pad to their stride),
    `stretch` gives them up, `native` leaves the image as it is. Resampled by `resample`.
    """
    if fit not in FITS:
        raise UserError(f"method.fit={fit}: expected one of {', '.join(FITS)}")
    rows, columns = image.shape[-2:]
    if fit == "pad":
        scale = min(height / rows, width / columns)
        height, width = max(1, round(rows * scale)), max(1, round(columns * scale))
    return image if fit == "native" else resample(image, height, width)


def resample(planes: Tensor, height: int, width: int) -> Tensor:
    """(B, C, H, W) -> (B, C, height, width): area along what gets shorter, then bilinear along what gets longer."""
    shorter = min(height, planes.shape[-2]), min(width, planes.shape[-1])
    if planes.shape[-2:] != shorter:
        planes = F.interpolate(planes, shorter, mode="area")
    if shorter == (height, width):
        return planes
    return F.interpolate(planes, (height, width), mode="bilinear", align_corners=False).clamp(0, 1)


def resized(planes: Tensor, height: int, width: int) -> Tensor:
    """(B, C, H, W) -> (B, C, height, width): area along a side that shrinks, bilinear along one that grows."""
    smaller = (min(planes.shape[-2], height), min(planes.shape[-1], width))
    if smaller != planes.shape[-2:]:
        planes = F.interpolate(planes, smaller, mode="area")
    if smaller != (height, width):
        planes = F.interpolate(planes, (height, width), mode="bilinear", align_corners=False)
    return planes
