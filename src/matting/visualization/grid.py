"""Sheets of pictures: rows of planes side by side, with a title a column."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:  # reports are written without importing torch
    from torch import Tensor

GAP, TITLE = 4, 18


def to_bytes(plane: "Tensor") -> np.ndarray:
    """(1 or 3, H, W) in [0, 1] -> uint8 (H, W, 3)."""
    return (plane.detach().float().cpu().clamp(0, 1) * 255).round().byte().expand(3, -1, -1).permute(1, 2, 0).numpy()


def sheet(rows: Sequence[Sequence[np.ndarray]], titles: Sequence[str], side: int | None = None) -> np.ndarray:
    """One uint8 picture of rows of uint8 (H, W, 3) cells, all fitted into one size: the first cell's or `side`."""
    height, width = rows[0][0].shape[:2]
    if side is not None:
        height, width = round(height * side / max(height, width)), round(width * side / max(height, width))
    page = np.full((TITLE + len(rows) * (height + GAP), len(titles) * (width + GAP) - GAP, 3), 255, np.uint8)
    for column, title in enumerate(titles):
        at = (column * (width + GAP) + 3, TITLE - 5)
        cv2.putText(page, title, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (40, 40, 40), 1, cv2.LINE_AA)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            scale = min(height / cell.shape[0], width / cell.shape[1])
            h, w = max(1, round(cell.shape[0] * scale)), max(1, round(cell.shape[1] * scale))
            fitted = cv2.resize(cell, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
            top, left = TITLE + i * (height + GAP), j * (width + GAP)
            page[top : top + h, left : left + w] = fitted
    return page
