"""The sizes that images are scaled to, as (height, width) in pixels, and arrays resized to them."""

import cv2
import numpy as np
from scipy import sparse

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


def resize(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize an array (H, W) or (H, W, C) as `resample` resizes tensors; whole numbers are rounded to their type.

    Not by OpenCV: its area averages drop overlaps below a thousandth of a pixel, so that weights sum to 0.999, and turn
    linear where one side grows.
    """
    if picture.shape[:2] == (height, width):
        return picture
    # One channel after the other, since its float32 copies are the memory that this takes.
    resized = [resize_plane(plane, height, width) for plane in cv2.split(picture)]
    return cv2.merge(resized).reshape(height, width, *picture.shape[2:])


def resize_plane(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize an array (H, W)."""
    values = plane if plane.dtype.kind == "f" else plane.astype(np.float32)
    rows, columns = weights_of(plane.shape[0], height, values.dtype), weights_of(plane.shape[1], width, values.dtype)
    resized = (columns @ (rows @ values).T).T
    return resized if values is plane else np.rint(resized).astype(plane.dtype)


def weights_of(old: int, new: int, dtype: np.dtype) -> sparse.csr_array:
    """Return the matrix (new, old) that resizes a side, with the taps of `resample.taps_of`.

    The arithmetic stands here once more, because pages and caches are opened without torch.
    """
    pixel = np.arange(new)[:, None]
    if new > old:
        centre = np.maximum((2 * pixel + 1) * old - new, 0)  # in units of 1 / (2 new) of an old pixel
        first = centre // (2 * new)
        second = (centre - first * 2 * new) / (2 * new)
        taps, weights = np.hstack([first, first + 1]), np.hstack([1 - second, second])
    else:
        count = old // new if old % new == 0 else old // new + 2
        taps = pixel * old // new + np.arange(count)
        overlap = np.minimum((taps + 1) * new, (pixel + 1) * old) - np.maximum(taps * new, pixel * old)
        weights = np.maximum(overlap, 0) / old
    entries = (weights.astype(dtype).ravel(), (np.repeat(pixel, taps.shape[1]), np.minimum(taps, old - 1).ravel()))
    return sparse.csr_array(entries, shape=(new, old))
