"""The sizes that images are scaled to, as (height, width) in pixels, and arrays shrunk to them by OpenCV."""

import cv2
import numpy as np

Size = tuple[int, int]


def scale_size(size: Size, scale: float) -> Size:
    """Multiply both sides and round them; no side becomes shorter than a pixel."""
    height, width = size
    return max(1, round(height * scale)), max(1, round(width * scale))


def size_of_long_side(size: Size, long_side: int) -> Size:
    """Return the size with its longer side at `long_side`."""
    return scale_size(size, long_side / max(size))


def reduced_size(size: Size, long_side: int | None) -> Size:
    """Return the size with its longer side at most `long_side`; None leaves every size."""
    return size if long_side is None or max(size) <= long_side else size_of_long_side(size, long_side)


def size_inside(size: Size, frame: Size) -> Size:
    """Return the largest size of the same proportions that fits inside `frame`."""
    return scale_size(size, min(frame[0] / size[0], frame[1] / size[1]))


def shrink(plane: np.ndarray, size: Size) -> np.ndarray:
    """Reduce an array (H, W) or (H, W, C) to `size` by area averages."""
    return cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA)
