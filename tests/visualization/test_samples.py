"""Sample pictures: the cut-out, the error, and a sheet of several samples."""

import numpy as np
import pytest

from matting.visualization.grid import GAP, TITLE
from matting.visualization.samples import SHEET_SIDE, SIDE, Sample, columns, labelled, on_green, reduced, sheet_of


def test_the_cut_out_on_green_drops_the_old_background():
    alpha = np.zeros((32, 48), np.uint8)
    alpha[:, 16:32] = np.linspace(0, 255, 16)
    alpha[:, 32:] = 255
    share = alpha[..., None] / 255
    image = np.rint(share * (200, 0, 0) + (1 - share) * (0, 0, 250)).astype(np.uint8)
    found = on_green(image, alpha).astype(float)
    wanted = share * (200, 0, 0) + (1 - share) * (0, 177, 64)
    assert np.abs(found - wanted).max() < 25
    assert np.abs(image * share + (1 - share) * (0, 177, 64) - wanted).max() > 50


def test_error_is_brighter_where_alpha_is_worse():
    truth = np.zeros((8, 8), np.uint8)
    alpha = truth.copy()
    alpha[:, 4:] = 90
    alpha[4:, 4:] = 255
    error = columns(np.zeros((8, 8, 3), np.uint8), {"alpha": alpha, "truth": truth})["error"].astype(int).sum(-1)
    assert error[0, 0] < error[0, 7] < error[7, 7]


def test_the_sheet_shows_first_and_worst_within_2000_pixels():
    plane = np.full((60, 100, 3), 255, np.uint8)
    names = ("image", "coarse", "alpha", "truth", "error", "on green")
    samples = [
        Sample("aim", kind, "x", 0.1, dict.fromkeys(names, plane)) for kind in ("first", "best", "worst", "worst")
    ]
    three, four = sheet_of([s for s in samples if s.kind != "first"] + samples[:1]), sheet_of([*samples, samples[0]])
    assert three.shape[1] == 6 * (SHEET_SIDE + GAP) - GAP <= 2000
    row = round(SHEET_SIDE * 0.6) + GAP
    assert (three.shape[0], four.shape[0]) == (TITLE + 3 * row, TITLE + 4 * row)


@pytest.mark.parametrize(("width", "lines"), [(48, 2), (69, 2), (72, 2), (100, 2), (240, 1)])
def test_a_label_stays_within_a_narrow_picture(width, lines):
    cell = labelled(np.full((SHEET_SIDE, width, 3), 99, np.uint8), ["worst", "MSE 379e-3"])
    band = cell[-18 * lines :]
    assert (cell[: -18 * lines] == 99).all()
    assert band.max() > 128
    assert (band[:, -3:] == 33).all()


def test_only_a_large_picture_is_reduced():
    small, large = np.zeros((SIDE, 20, 3), np.uint8), np.zeros((2 * SIDE, 4 * SIDE), np.uint8)
    assert reduced(small) is small
    assert reduced(large).shape == (SIDE // 2, SIDE)
