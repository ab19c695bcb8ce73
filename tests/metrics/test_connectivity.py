"""The union of runs against labelling every threshold by itself."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, label

from matting.metrics.connectivity import connectivity_sums

TENTHS = np.arange(11) / 10


def defined_sum(pred: np.ndarray, true: np.ndarray, mask: np.ndarray, empty_keeps: bool = False) -> float:
    stays = np.full(pred.shape, np.nan)
    for i in range(1, 11):
        labels, count = label((pred >= TENTHS[i]) & (true >= TENTHS[i]))
        if count == 0 and empty_keeps:
            continue
        largest = 1 + np.bincount(labels.ravel(), minlength=2)[1:].argmax()
        stays[np.isnan(stays) & ((labels != largest) | (count == 0))] = TENTHS[i - 1]
    stays[np.isnan(stays)] = 1
    d = [np.where(image - stays >= 0.15, image - stays, 0) for image in (pred, true)]
    return np.abs(d[0] - d[1])[mask].sum()


def measured(pred: np.ndarray, true: np.ndarray, mask: np.ndarray | None = None, empty_keeps: bool = False) -> float:
    masks = (np.ones(pred.shape, bool) if mask is None else mask)[None]
    return connectivity_sums(pred, true, masks, 1.0, TENTHS, empty_keeps)[0]


@pytest.mark.parametrize("empty_keeps", [False, True])
@pytest.mark.parametrize("blur", [0, 1, 3])
def test_equals_labelling_each_threshold(blur: float, empty_keeps: bool) -> None:
    rng = np.random.default_rng(4)
    for _ in range(60):
        shape = tuple(rng.integers(1, 40, 2))
        pred, true = (gaussian_filter(rng.random(shape), blur) if blur else rng.random(shape) for _ in range(2))
        # small values, coarse steps and a high floor each bring empty levels, ties and several components
        pred, true = (np.round(np.clip((x - 0.5) * 4 * (blur or 0.25) + 0.5, 0, 1), 1) for x in (pred, true))
        if rng.random() < 0.3:
            pred *= rng.random()
        mask = rng.random(shape) < 0.6
        expected = defined_sum(pred, true, mask, empty_keeps)
        assert measured(pred, true, mask, empty_keeps) == pytest.approx(expected, rel=1e-11, abs=1e-12)


# In these a pixel that stays connected up to 0.9 counts nothing (its d is 0 and 0.1), one that leaves at once 0.1.


def test_the_largest_component_may_jump() -> None:
    true = np.zeros((5, 12))
    true[1:4, 0:6] = 0.5  # the largest up to 0.5
    true[1:3, 8:11] = 1.0  # the largest above, but it has left at 0.1
    assert measured(np.minimum(true, 0.9), true) == pytest.approx(6 * 0.1)


def test_of_equal_components_the_first_in_row_major_order_wins() -> None:
    true = np.zeros((9, 9))
    true[0:2, 5:8] = 1
    true[3:6, 0:2] = 1  # the first by columns
    upper = np.arange(9)[:, None] < np.full((1, 9), 2)
    assert measured(0.9 * true, true, upper) == 0
    assert measured(0.9 * true, true, ~upper) == pytest.approx(6 * 0.1)


def test_a_component_of_a_lower_level_may_tie_with_the_best_so_far() -> None:
    # From 0.6 to 0.9 both ends are alone and equal, and the first one wins, though the last one alone reaches 1.
    pred, true = np.array([[0.9, 0.5, 1.0]]), np.array([[1.0, 0.5, 1.0]])
    assert measured(pred, true) == 0


def test_diagonal_neighbours_are_not_connected() -> None:
    assert measured(0.9 * np.eye(5), np.eye(5)) == pytest.approx(4 * 0.1)


@pytest.mark.parametrize("thresholds", [TENTHS, np.arange(0, 1.1, 0.1)])
def test_8_bit_values_lie_on_the_side_of_a_threshold_that_their_255ths_do(thresholds: np.ndarray) -> None:
    mask = np.ones((1, 1, 1), bool)
    for value in range(256):
        pred, true = np.array([[value]], np.uint8), np.array([[255]], np.uint8)
        narrow = connectivity_sums(pred, true, mask, 255.0, thresholds, False)
        wide = connectivity_sums(pred / 255, true / 255, mask, 1.0, thresholds, False)
        assert narrow == pytest.approx(wide, abs=1e-12)
