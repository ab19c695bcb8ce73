"""Sizes of images, and arrays reduced to them by OpenCV. No torch."""

import cv2
import numpy as np


def reduced_size(size: tuple[int, int], long_side: int | None) -> tuple[int, int]:
    """(height, width) with the longer side at most `long_side` pixels; None leaves every size."""
    height, width = size
    if long_side is None or max(size) <= long_side:
        return size
    scale = long_side / max(size)
    return max(1, round(height * scale)), max(1, round(width * scale))


def shrink(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA)
