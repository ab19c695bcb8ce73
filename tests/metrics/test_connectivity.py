"""The union of runs against labelling every threshold by itself."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, label

from matting.metrics.connectivity import connectivity_sum

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
    return connectivity_sum(pred, true, np.ones(pred.shape, bool) if mask is None else mask, 1.0, TENTHS, empty_keeps)


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


def test_the_largest_component_may_jump() -> None:
    # Up to 0.5 the wide island is the largest, above it the bright one: no pixel lies in all Omega_i.
    image = np.zeros((5, 12))
    image[1:4, 0:6] = 0.5
    image[1:3, 8:11] = 1.0
    pred = image - 0.0
    pred[image == 1] = 0.8
    # The bright island leaves at Omega_1: d is 0.8 and 1. The wide one stays up to 0.5 and is equal in both.
    assert measured(pred, image) == pytest.approx(6 * 0.2)
    assert measured(pred, image) == pytest.approx(defined_sum(pred, image, image >= 0))


@pytest.mark.parametrize("tall", [False, True])
def test_of_equal_components_the_first_in_row_major_order_wins(tall: bool) -> None:
    image = np.zeros((9, 9))
    image[0:2, 5:8] = 1  # first by rows
    image[3:6, 0:2] = 1  # first by columns
    if tall:
        image = np.ascontiguousarray(image[::-1])
    pred = 0.9 * image
    kept = 6 * 0.0  # l is 0.9 for the prediction of the component that wins: d < 0.15
    assert measured(pred, image) == pytest.approx(kept + 6 * 0.1)
    winner = np.zeros(image.shape, bool)
    winner[(3, 0) if tall else (0, 5)] = True
    row = slice(3, 6) if tall else slice(0, 2)
    assert measured(pred, image, winner) == 0
    assert measured(pred, image, ~winner) == pytest.approx(0.6), row


def test_diagonal_neighbours_are_not_connected() -> None:
    true = np.eye(5)
    pred = 0.5 * true
    # one pixel stays up to 0.5 (d = 0 against 0.5), the other four leave at once (0.5 against 1)
    assert measured(pred, true) == pytest.approx(5 * 0.5)
    assert measured(pred, true, true - 0 > 2) == 0


@pytest.mark.parametrize("thresholds", [TENTHS, np.arange(0, 1.1, 0.1)])
def test_8_bit_values_lie_on_the_side_of_a_threshold_that_their_255ths_do(thresholds: np.ndarray) -> None:
    """A row of pairs for each value: alone in its image, so that Omega_i is that pixel as long as it is reached."""
    mask = np.ones((1, 1), bool)
    for value in range(256):
        pred, true = np.array([[value]], np.uint8), np.array([[255]], np.uint8)
        narrow = connectivity_sum(pred, true, mask, 255.0, thresholds, False)
        assert narrow == pytest.approx(connectivity_sum(pred / 255, true / 255, mask, 1.0, thresholds, False), abs=1e-12)
