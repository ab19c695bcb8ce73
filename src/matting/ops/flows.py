"""Affinities between pixels, as sparse matrices, for matting by information flow (Aksoy et al., CVPR 2017).

Pixels are numbered row by row; images are float64 (H, W, 3) in [0, 1], regions bool (H, W).
"""

import numpy as np
from scipy import ndimage, sparse
from scipy.spatial import cKDTree

COLOUR_NEIGHBOURS = 20
INSIDE_NEIGHBOURS = 5  # in the unknown region, and a fifth as many with hardly any weight of place
WINDOW_EPSILON = 1e-6


def features(image: np.ndarray, place: float) -> np.ndarray:
    """Return colour and place of each pixel, (N, 5): x and y counted from 1, as shares of the width and the height.

    place: factor of x and y.
    """
    height, width = image.shape[:2]
    y, x = np.mgrid[1 : height + 1, 1 : width + 1]
    return np.column_stack([image.reshape(-1, 3), place * x.ravel() / width, place * y.ravel() / height])


def nearest(image: np.ndarray, count: int, place: float, queries: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the `count` nearest pixels of each query by colour and place, (Q, count), without the query itself.

    queries, among: indices of pixels. Fewer are returned where there are not enough.
    """
    points = features(image, place)
    count = min(count, max(1, len(among) - 1))
    found = among[
        cKDTree(points[among]).query(points[queries], min(count + 1, len(among)))[1].reshape(len(queries), -1)
    ]
    if found.shape[1] == count:
        return found
    inside = np.isin(queries, among)
    return np.where(inside[:, None], found[:, 1:], found[:, :-1])


def reconstruction(colours: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Return the weights, of sum 1, by which neighbours best mix each colour (locally linear embedding).

    colours: (Q, 3). neighbours: (Q, K, 3). Returns (Q, K).
    """
    gram = neighbours @ neighbours.transpose(0, 2, 1) + 1e-10 * np.eye(neighbours.shape[1])
    right = np.stack([(neighbours @ colours[:, :, None])[..., 0], np.ones(neighbours.shape[:2])], -1)
    solved = np.linalg.solve(gram, right)
    mixed, ones = solved[..., 0], solved[..., 1]
    missing = (1 - mixed.sum(1)) / ones.sum(1)
    return mixed + missing[:, None] * ones


def colour_mixture(image: np.ndarray, unknown: np.ndarray) -> sparse.csr_array:
    """Return W_cm: each unknown pixel as a mix of its 20 nearest in colour and place, from the whole image."""
    size, queries = unknown.size, np.flatnonzero(unknown)
    found = nearest(image, COLOUR_NEIGHBOURS, 1.0, queries, np.arange(size))
    colours = image.reshape(-1, 3)
    # Blocks keep the stacks of matrices small.
    blocks = [
        reconstruction(colours[queries[i : i + 20_000]], colours[found[i : i + 20_000]])
        for i in range(0, len(queries), 20_000)
    ]
    weights = np.concatenate(blocks) if blocks else np.zeros((0, found.shape[1]))
    weights /= weights.sum(1, keepdims=True)
    return matrix(size, queries, found, weights)


def local_affinity(image: np.ndarray, unknown: np.ndarray) -> sparse.csr_array:
    """Return W_l: affinities of the matting Laplacian in 3x3 windows around unknown pixels, each row of sum 1."""
    width = unknown.shape[1]
    centres = ndimage.binary_dilation(unknown, np.ones((3, 3)))
    centres[[0, -1]] = centres[:, [0, -1]] = False
    offsets = np.add.outer(np.arange(-1, 2) * width, np.arange(-1, 2)).ravel()
    windows = np.flatnonzero(centres)[:, None] + offsets  # (M, 9)
    colours = image.reshape(-1, 3)[windows]
    apart = colours - colours.mean(1, keepdims=True)
    covariance = apart.transpose(0, 2, 1) @ apart / 9 + WINDOW_EPSILON / 9 * np.eye(3)
    weights = (1 + apart @ np.linalg.solve(covariance, apart.transpose(0, 2, 1))) / 9
    found = matrix(unknown.size, windows.ravel(), np.repeat(windows, 9, 0), weights.reshape(-1, 9))
    found = found + found.T
    sums = found.sum(1)
    return sparse.csr_array(sparse.diags_array(1 / np.where(sums < 0.05, 1, sums)) @ found)


def inside_unknown(image: np.ndarray, unknown: np.ndarray) -> sparse.csr_array:
    """Return W_u: unknown pixels of similar colour, near (5 neighbours) and anywhere (1)."""
    queries, size = np.flatnonzero(unknown), unknown.size
    if len(queries) < 2:
        return sparse.csr_array((size, size))
    near = nearest(image, INSIDE_NEIGHBOURS, 0.05, queries, queries)
    far = nearest(image, -(-INSIDE_NEIGHBOURS // 5), 0.0005, queries, queries)
    found = np.concatenate([near, far], 1)
    # The authors' toolbox divides the place by 100 once more for the weights.
    points = features(image, 0.0005 / 100)
    distance = np.abs(points[queries][:, None] - points[found]).sum(2)
    weights = matrix(size, queries, found, np.maximum(1 - distance / 5, 0))
    return sparse.csr_array((weights + weights.T) / 2)


def matrix(size: int, rows: np.ndarray, columns: np.ndarray, weights: np.ndarray) -> sparse.csr_array:
    """Return a matrix of size x size with weights (R, K) in rows (R,) and columns (R, K); equal places add up."""
    entries = (weights.ravel(), (np.repeat(rows, columns.shape[1]), columns.ravel()))
    return sparse.csr_array(sparse.coo_array(entries, (size, size)))


def laplacian(weights: sparse.csr_array) -> sparse.csr_array:
    """Return the diagonal of the row sums minus the weights."""
    return sparse.csr_array(sparse.diags_array(weights.sum(1)) - weights)
