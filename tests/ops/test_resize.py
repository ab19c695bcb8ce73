"""Sizes that images are scaled to."""

import numpy as np
import pytest

from matting.ops.resize import reduced_size, shrink, size_inside, size_of_long_side


@pytest.mark.parametrize(
    ("size", "long_side", "expected"),
    [((40, 30), 20, (20, 15)), ((40, 30), 80, (80, 60)), ((3, 1000), 100, (1, 100)), ((25, 100), 50, (12, 50))],
)
def test_the_longer_side_is_met(size, long_side, expected):
    assert size_of_long_side(size, long_side) == expected


def test_a_size_is_only_reduced():
    assert reduced_size((40, 30), 80) == reduced_size((40, 30), 40) == reduced_size((40, 30), None) == (40, 30)
    assert reduced_size((40, 30), 20) == (20, 15)


@pytest.mark.parametrize(
    ("frame", "expected"), [((80, 80), (80, 60)), ((20, 30), (20, 15)), ((100, 15), (20, 15)), ((1, 100), (1, 1))]
)
def test_a_size_inside_a_frame_keeps_its_proportions(frame, expected):
    assert size_inside((40, 30), frame) == expected


def test_shrinking_averages():
    checker = np.indices((8, 6)).sum(0) % 2 * 100
    assert (shrink(checker.astype(np.uint8), (4, 3)) == 50).all()
