"""Trimaps with a smaller unknown region: pixels that look like known ones near them become known.

Images are float64 (H, W, 3) in [0, 1]. Trimaps have 0, 0.5 and 1, and are returned as float64.
"""

from itertools import product

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage
from scipy.spatial import cKDTree

PASSES = 9
CLOSE, APART = 0.25, 0.9  # Bhattacharyya distances to one known region and from the other


def trimmed_by_edges(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Return the trimap after passes with growing windows and falling thresholds of colour (Shahrian et al., 2013).

    An unknown pixel takes the label of the spatially nearest known pixel of its window with a similar colour.
    """
    labels = trimap.astype(np.float64)
    for radius in range(1, PASSES + 1):
        threshold = 9 / 256 - radius * (8 / 256) / 9
        labels = one_pass(image, labels, radius, threshold)
    return labels


def one_pass(image: np.ndarray, labels: np.ndarray, radius: int, threshold: float) -> np.ndarray:
    height, width = labels.shape
    square, unknown = np.ones((2 * radius + 1,) * 2), labels == 0.5
    rows, columns = np.nonzero(unknown & ndimage.maximum_filter(labels != 0.5, footprint=square, mode="constant"))
    # Nearest first; at equal distances column by column, as the authors' code finds them.
    offsets = sorted(
        product(range(-radius, radius + 1), repeat=2), key=lambda step: (step[0] ** 2 + step[1] ** 2, *step)
    )
    found = labels.copy()
    for right, down in offsets:
        y, x = rows + down, columns + right
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        y, x = np.where(inside, y, 0), np.where(inside, x, 0)
        hit = inside & (labels[y, x] != 0.5)
        distance = np.linalg.norm(image[rows[hit], columns[hit]] - image[y[hit], x[hit]], axis=1)
        hit[hit] = distance < threshold
        found[rows[hit], columns[hit]] = labels[y[hit], x[hit]]
        rows, columns = rows[~hit], columns[~hit]
    return found


def trimmed_by_patches(image: np.ndarray, trimap: np.ndarray, count: int = 5) -> np.ndarray:
    """Return the trimap after comparing each unknown pixel's 3x3 patch with those of known pixels (section 4.4).

    count: known pixels of each region that are compared, the nearest in mean colour.
    """
    found = trimap.astype(np.float64)
    unknown = found == 0.5
    patches = sliding_window_view(np.pad(image, ((1, 1), (1, 1), (0, 0)), "edge"), (3, 3), (0, 1))
    patches = patches.reshape(-1, 3, 9).transpose(0, 2, 1)
    means = patches.mean(1)
    apart = patches - means[:, None]
    covariances = apart.transpose(0, 2, 1) @ apart / 9 + 1e-8 * np.eye(3)
    queries = np.flatnonzero(unknown)
    distances = []
    for region in (found == 1, found == 0):
        among = np.flatnonzero(region)
        places = cKDTree(means[among]).query(means[queries], min(count, len(among)))[1].reshape(len(queries), -1)
        pairs = [bhattacharyya(means, covariances, queries, among[column]) for column in places.T]
        distances.append(np.min(pairs, axis=0))
    foreground, background = distances
    is_foreground = (foreground < CLOSE) & (background > APART)
    is_background = (foreground >= CLOSE) & (background < CLOSE) & (foreground > APART)
    found.flat[queries[is_foreground]] = 1
    found.flat[queries[is_background]] = 0
    return found


def bhattacharyya(means: np.ndarray, covariances: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the Bhattacharyya distances between pairs of patches as normal distributions of colour."""
    apart, middle = means[one] - means[other], (covariances[one] + covariances[other]) / 2
    quadratic = np.einsum("ni,ni->n", apart, np.linalg.solve(middle, apart[:, :, None])[..., 0])
    spread = np.linalg.det(covariances[one]) * np.linalg.det(covariances[other])
    return quadratic / 8 + np.log(np.linalg.det(middle) / np.sqrt(spread)) / 2
