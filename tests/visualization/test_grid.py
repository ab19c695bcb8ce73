"""Sheets fit pictures of any size into equal cells."""

import numpy as np
import pytest

from matting.visualization.grid import GAP, TITLE, fitted, sheet


@pytest.mark.parametrize(
    ("shape", "expected"), [((10, 40, 3), (15, 60, 3)), ((400, 20), (30, 2)), ((1, 1000, 3), (1, 60, 3))]
)
def test_a_picture_keeps_its_proportions(shape, expected):
    assert fitted(np.zeros(shape, np.uint8), 30, 60).shape == expected


def test_pictures_of_other_sizes_lie_within_their_cells():
    cells = [[np.zeros((30, 60, 3), np.uint8)], [np.full((300, 60, 3), 9, np.uint8)]]
    page = sheet(cells, ["a"])
    assert page.shape == (TITLE + 2 * (30 + GAP), 60, 3)
    second = page[TITLE + 30 + GAP :]
    assert (second[:30, :6] == 9).all()
    assert (second[:, 6:] == 255).all()
