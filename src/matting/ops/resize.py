"""The sizes that images are scaled to, as (height, width) in pixels, and arrays resized to them."""

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
    import torch  # imported here: pages and caches are opened without it

    from matting.ops.resample import resample

    values = plane if plane.dtype.kind == "f" else plane.astype(np.float32)
    resized = resample(torch.from_numpy(values)[None, None], height, width)[0, 0].numpy()
    return resized if values is plane else np.rint(resized).astype(plane.dtype)
