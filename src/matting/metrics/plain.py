"""The sums of the metrics by OpenCV and numpy: what is taken where numba is not installed, the same values.

Arguments and results are those of the compiled functions of the same names.

Fresh memory costs more than the arithmetic here: results are written over what is no longer needed.

Connectivity: the level of a pixel is the highest i with t_i <= min(pred, true). Omega_i, the largest component at level
i, mostly holds Omega_{i+1}: a flood from there that fills more than half of the level's pixels is Omega_i. Components
are labelled only where it fills less.
"""

import cv2
import numpy as np

from matting.metrics.filters import GAUSS, SLOPE, gain


def difference_sums(pred: np.ndarray, true: np.ndarray, masks: np.ndarray) -> np.ndarray:
    if pred.dtype != np.uint8:
        pred, true = pred.astype(np.float64), true.astype(np.float64)
    regions = masks.view(np.uint8)
    kinds = cv2.NORM_L1, cv2.NORM_L2SQR
    sums = [[*(cv2.norm(pred, true, kind, mask) for kind in kinds), cv2.countNonZero(mask)] for mask in regions]
    return np.array(sums, np.float64)


def gradient_sums(pred: np.ndarray, true: np.ndarray, masks: np.ndarray) -> np.ndarray:
    difference, other = amplitude(pred), amplitude(true)
    cv2.addWeighted(difference, gain(pred), other, -gain(true), 0, difference)
    return np.array([cv2.norm(difference, cv2.NORM_L2SQR, mask) for mask in masks.view(np.uint8)])


def amplitude(image: np.ndarray) -> np.ndarray:
    def filtered(along_x: np.ndarray, along_y: np.ndarray) -> np.ndarray:
        return cv2.sepFilter2D(image, cv2.CV_64F, along_x, along_y, borderType=cv2.BORDER_REPLICATE)

    gx, gy = filtered(SLOPE, GAUSS), filtered(GAUSS, SLOPE)
    return cv2.magnitude(gx, gy, gx)


def connectivity_sums(
    pred: np.ndarray, true: np.ndarray, masks: np.ndarray, unit: float, thresholds: np.ndarray, empty_keeps: bool
) -> np.ndarray:
    steps = thresholds * unit
    levels = level_map(np.minimum(pred, true), steps)
    stays = leave_levels(levels)
    if empty_keeps:
        steps[levels.max()] = unit
    at = np.flatnonzero(pred != true)  # elsewhere phi is the same
    leaves_at = steps[stays.ravel()[at]]
    pred_loss, true_loss = (image.ravel()[at] - leaves_at for image in (pred, true))
    for loss in (pred_loss, true_loss):
        loss[loss < 0.15 * unit] = 0
    pred_loss -= true_loss
    distance = np.abs(pred_loss, out=pred_loss)
    return np.array([distance.sum(where=mask.ravel()[at]) for mask in masks]) / unit


def level_map(lower: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    if lower.dtype == np.uint8:
        return cv2.LUT(lower, level_map(np.arange(256.0), thresholds))
    levels, lower = np.zeros(lower.shape, np.uint8), lower.astype(np.float64)
    for threshold in thresholds[1:]:
        levels += lower >= threshold
    return levels


def leave_levels(levels: np.ndarray) -> np.ndarray:
    """uint8: the number of Omega_1, Omega_2, ... that a pixel lies in before it leaves one."""
    stays, inside, seed = np.zeros_like(levels), np.empty(levels.shape, bool), None
    filled = np.empty((levels.shape[0] + 2, levels.shape[1] + 2), np.uint8)
    for i in range(int(levels.max()), 0, -1):
        np.greater_equal(levels, i, out=inside)
        seed = seed or likely_seed(inside)
        omega = filled[1:-1, 1:-1]
        if 2 * flood(filled, levels, i, seed) <= np.count_nonzero(inside):
            omega = largest_component(inside)
            y, x = np.unravel_index(omega.argmax(), levels.shape)
            seed = int(x), int(y)
        stays += 1
        stays *= omega  # what a pixel outside stays in further up does not count
    return stays


def likely_seed(inside: np.ndarray) -> tuple[int, int]:
    """(x, y) of a pixel that is inside, in the middle of the fullest row."""
    y = int(cv2.reduce(inside.view(np.uint8), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).argmax())
    columns = np.flatnonzero(inside[y])
    return int(columns[len(columns) // 2]), y


def flood(filled: np.ndarray, levels: np.ndarray, least: int, seed: tuple[int, int]) -> int:
    """Set `filled`, a pixel wider on each side, to 1 on the pixels from level `least` on that are 4-connected with
    `seed` (x, y), to 0 on the others; their number.
    """
    filled[:] = 0
    flags = 4 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY
    return cv2.floodFill(levels, filled, seed, 0, int(levels[seed[::-1]]) - least, 255, flags)[0]


def largest_component(inside: np.ndarray) -> np.ndarray:
    """uint8: 1 on the largest 4-connected component, of several as large the first in row-major order."""
    _, labels = cv2.connectedComponents(inside.view(np.uint8), connectivity=4)
    areas = np.bincount(labels.ravel())
    areas[0] = 0  # what is not inside
    first = (areas == areas.max())[labels].argmax()
    return (labels == labels.flat[first]).view(np.uint8)
