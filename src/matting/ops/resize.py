"""Resize images: tensors by torch, uint8 arrays by OpenCV."""

import cv2
import numpy as np
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


def reduced_size(size: tuple[int, int], long_side: int | None) -> tuple[int, int]:
    """(height, width) with the longer side at most `long_side` pixels; None leaves every size."""
    height, width = size
    if long_side is None or max(size) <= long_side:
        return size
    scale = long_side / max(size)
    return max(1, round(height * scale)), max(1, round(width * scale))


def shrink(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA)
