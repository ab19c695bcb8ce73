"""Connectivity error (Rhemann et al., CVPR 2009), by union-find over runs from the highest level to the lowest.

The level of a pixel is the highest i with t_i <= min(pred, true); the components depend on nothing else. A run is a
horizontal stretch of one level above 0. Two runs that touch belong together at their lower level and below. Walking
down the levels thus joins each pair once, and Omega_i, the largest component at level i, is the largest set so far.
"""

import numpy as np

from matting.metrics.compiled import compiled

LEVELS = 10


@compiled
def level_map(pred, true, thresholds):
    """Return the level of each pixel, 0 to 10: uint8 (H, W)."""
    h, w = pred.shape
    levels = np.empty((h, w), np.uint8)
    for y in range(h):
        for x in range(w):
            lower = min(pred[y, x], true[y, x])
            level = 0
            for i in range(1, LEVELS + 1):
                level += lower >= thresholds[i]
            levels[y, x] = level
    return levels


@compiled
def find_runs(levels):
    """Return start, stop and level of every run in row-major order, and the index of the first run of each row.

    The index array has one more entry, the number of runs.
    """
    h, w = levels.shape
    start, stop = np.empty(h * w, np.int32), np.empty(h * w, np.int32)
    level, row = np.empty(h * w, np.uint8), np.empty(h + 1, np.int32)
    n = 0
    for y in range(h):
        row[y] = n
        x = 0
        while x < w:
            left, value = x, levels[y, x]
            while x < w and levels[y, x] == value:
                x += 1
            if value > 0:
                start[n], stop[n], level[n] = left, x, value
                n += 1
    row[h] = n
    return start[:n], stop[:n], level[:n], row


@compiled
def find_contacts(start, stop, row):
    """Return the pairs of runs that touch: one ends where the next begins, or they overlap in neighbouring rows."""
    # Two rows of m and n runs have fewer than m + n overlaps, and a row of n runs has fewer than n neighbours.
    a, b = np.empty(3 * len(start), np.int32), np.empty(3 * len(start), np.int32)
    n = 0
    for y in range(len(row) - 1):
        above, above_end = row[max(y - 1, 0)], row[y]
        for run in range(row[y], row[y + 1]):
            if run > row[y] and stop[run - 1] == start[run]:
                a[n], b[n] = run - 1, run
                n += 1
            while above < above_end and stop[above] <= start[run]:
                above += 1
            while above < above_end and start[above] < stop[run]:
                a[n], b[n] = above, run
                n += 1
                if stop[above] > stop[run]:  # it may touch the next run, too
                    break
                above += 1
    return a[:n], b[:n]


@compiled
def sort_by_level(a, b, level):
    """Sort contacts by the lower level of their runs; return them and the index where each level begins."""
    begin = np.zeros(LEVELS + 2, np.int32)
    for k in range(len(a)):
        begin[min(level[a[k]], level[b[k]]) + 1] += 1
    for i in range(LEVELS + 1):
        begin[i + 1] += begin[i]
    place = begin.copy()
    sorted_a, sorted_b = np.empty_like(a), np.empty_like(b)
    for k in range(len(a)):
        at = min(level[a[k]], level[b[k]])
        sorted_a[place[at]], sorted_b[place[at]] = a[k], b[k]
        place[at] += 1
    return sorted_a, sorted_b, begin


@compiled
def root_of(parent, run):
    """Follow the forest to the root of a run."""
    above = parent[run]
    while above != run:
        run = above
        above = parent[run]
    return run


@compiled
def largest_components(start, stop, level, a, b):
    """Join the runs from level 10 downwards.

    Return the forest (`parent`, and `joined`, the level at which a run got its parent), the root of each Omega_i (-1
    where it is empty) and `top`, the level up to which each Omega_i contains the next. Paths are not compressed:
    following only joins at level i or above leads to the root that a run had at level i.
    """
    n = len(start)
    parent = np.arange(n).astype(np.int32)
    first = parent.copy()  # the lowest run of a set, which has the set's first pixel in row-major order
    area = stop - start
    joined = np.zeros(n, np.uint8)
    longest = np.full(LEVELS + 1, -1)
    for run in range(n):
        if longest[level[run]] < 0 or area[run] > area[longest[level[run]]]:
            longest[level[run]] = run
    a, b, begin = sort_by_level(a, b, level)
    omega = np.full(LEVELS + 2, -1)
    best, best_area, best_first, top = -1, 0, 0, LEVELS
    for i in range(LEVELS, 0, -1):
        alone = longest[i]
        if alone >= 0 and (area[alone] > best_area or (area[alone] == best_area and alone < best_first)):
            best, best_area, best_first = alone, area[alone], alone
        for k in range(begin[i], begin[i + 1]):
            if parent[a[k]] == parent[b[k]]:  # true for most contacts: saves the search for the roots
                continue
            large, small = root_of(parent, a[k]), root_of(parent, b[k])
            if large == small:
                continue
            if area[large] < area[small]:
                large, small = small, large
            parent[small], joined[small] = large, i
            area[large] += area[small]
            first[large] = min(first[large], first[small])
            if area[large] > best_area or (area[large] == best_area and first[large] < best_first):
                best, best_area, best_first = large, area[large], first[large]
        omega[i] = best
        if omega[i + 1] < 0 or root_of(parent, omega[i + 1]) != best:
            top = i
    return parent, joined, omega, top


@compiled
def leave_levels(levels, start, stop, level, row, parent, joined, omega, top):
    """Overwrite `levels` by the number of Omega_1, Omega_2, ... that contain a pixel before the first that does not."""
    for y in range(len(row) - 1):
        for run in range(row[y], row[y + 1]):
            stays, root = min(level[run], top), run
            while stays > 0:
                while joined[root] >= stays:
                    root = parent[root]
                if root == omega[stays]:
                    break
                stays -= 1
            if stays < level[run]:
                levels[y, start[run] : stop[run]] = stays


@compiled
def absolute_difference(pred, true, masks, stays, leaves_at, least):
    """Sum abs(phi(pred) - phi(true)) over each mask; `leaves_at` is l by the number of components that hold a pixel."""
    h, w = pred.shape
    totals, differences = np.zeros(len(masks)), np.empty(w)
    for y in range(h):
        for x in range(w):
            if pred[y, x] == true[y, x]:  # true for most pixels
                differences[x] = 0.0
                continue
            left = leaves_at[stays[y, x]]
            pred_loss, true_loss = pred[y, x] - left, true[y, x] - left
            pred_loss = pred_loss if pred_loss >= least else 0.0
            true_loss = true_loss if true_loss >= least else 0.0
            differences[x] = abs(pred_loss - true_loss)
        for region in range(len(masks)):
            row = 0.0
            for x in range(w):
                row += differences[x] * masks[region, y, x]
            totals[region] += row
    return totals


def connectivity_sums(
    pred: np.ndarray, true: np.ndarray, masks: np.ndarray, unit: float, thresholds: np.ndarray, empty_keeps: bool
) -> np.ndarray:
    """Return the sum over each mask of abs(phi(pred) - phi(true)): float64 (R,).

    phi(x) = 1 - d where d = x - l >= 0.15, else 1. l = t_{i-1} for the first i whose Omega_i does not contain the
    pixel, 1 if all do. Omega_i is the largest 4-connected component of pred >= t_i and true >= t_i; of equal ones, the
    first in row-major order. An empty Omega_i contains no pixel; with `empty_keeps` it counts as containing all.
    pred, true: (H, W), of one type, from 0 to `unit`. masks: bool (R, H, W). thresholds: t_i, about i / 10, float64
    (11,).
    """
    # In spite of the rounding, 8-bit values compare with these steps as value / 255 does with the thresholds.
    steps = thresholds * unit
    # Integers on both sides are compared in vectors, five times as fast.
    levels = level_map(pred, true, np.ceil(steps).astype(np.uint8) if pred.dtype == np.uint8 else steps)
    start, stop, level, row = find_runs(levels)
    parent, joined, omega, top = largest_components(start, stop, level, *find_contacts(start, stop, row))
    leave_levels(levels, start, stop, level, row, parent, joined, omega, top)
    if empty_keeps:
        steps[level.max(initial=0)] = unit
    return absolute_difference(pred, true, masks, levels, steps, 0.15 * unit) / unit
