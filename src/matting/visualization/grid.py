"""Sheets: pictures in rows and columns, with a title above each column."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from matting.ops.resize import resize, size_inside

if TYPE_CHECKING:  # reports are written without importing torch
    from torch import Tensor

GAP, TITLE = 4, 18  # px


def to_bytes(plane: "Tensor") -> np.ndarray:
    """Return (1 or 3, H, W) in [0, 1] as uint8 (H, W, 3)."""
    return (plane.detach().float().cpu().clamp(0, 1) * 255).round().byte().expand(3, -1, -1).permute(1, 2, 0).numpy()


def fitted(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return uint8 (H, W) or (H, W, 3), scaled to the largest size that fits into height x width px."""
    return resize(picture, *size_inside(picture.shape[:2], (height, width)))


def sheet(rows: Sequence[Sequence[np.ndarray]], titles: Sequence[str]) -> np.ndarray:
    """Return uint8 (H, W, 3): rows of uint8 (h, w, 3) pictures, all fitted into the size of the first."""
    height, width = rows[0][0].shape[:2]
    page = np.full((TITLE + len(rows) * (height + GAP), len(titles) * (width + GAP) - GAP, 3), 255, np.uint8)
    for column, title in enumerate(titles):
        at = (column * (width + GAP) + 3, TITLE - 5)
        cv2.putText(page, title, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (40, 40, 40), 1, cv2.LINE_AA)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            cell = fitted(picture, height, width)
            top, left = TITLE + i * (height + GAP), j * (width + GAP)
            page[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return page
