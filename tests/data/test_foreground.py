"""Foreground colours: estimated on pictures whose colours are known, kept when a subject is reduced."""

import cv2
import numpy as np
import pytest

from matting.data.foreground import estimate_foreground
from matting.data.sources.folder import FolderSubjects
from matting.data.sources.procedural.subjects import draw_subject
from tests.helpers.pictures import scene

OLD = {"regularization": 1e-5, "gradient_weight": 1.0}


def composite(fgr: np.ndarray, bgr: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha[..., None] / 255
    return np.rint(share * fgr + (1 - share) * bgr).astype(np.uint8)


@pytest.mark.parametrize("alpha", [0, 13, 51, 128, 200, 229, 255])
def test_a_flat_alpha_keeps_a_flat_colour(alpha):
    """Without certain pixels the estimator starts from black: 128 under alpha 51 became 38."""
    gray = np.full((40, 60, 3), 128, np.uint8)
    np.testing.assert_array_equal(estimate_foreground(gray, np.full((40, 60), alpha, np.uint8)), gray)


@pytest.mark.parametrize(("low", "high"), [(0, 150), (60, 255), (60, 200)])
def test_colours_are_found_where_nothing_is_certain(low, high):
    """Where no alpha is above 0.9, none below 0.1, or neither."""
    ramp = np.linspace(low, high, 64)
    alpha = np.tile(np.rint(ramp).astype(np.uint8), (48, 1))
    fgr, bgr = np.full((48, 64, 3), (20, 40, 220), np.uint8), np.full((48, 64, 3), (240, 140, 10), np.uint8)
    found = estimate_foreground(composite(fgr, bgr, alpha), alpha)
    assert np.abs(found.astype(int) - fgr)[alpha > 40].max() <= 4


def test_the_defaults_halve_the_error_on_people_with_known_colours():
    errors = []
    for number in range(3):
        subject = draw_subject(3, number, 192, 128)
        bgr = scene(192, 128, number)
        image = composite(subject.fgr, cv2.add(bgr, 20), subject.alpha)
        soft = (subject.alpha >= 0.7 * 255) & (subject.alpha < 0.98 * 255)
        found = [estimate_foreground(image, subject.alpha), estimate_foreground(image, subject.alpha, **OLD)]
        errors.append([np.abs(one.astype(int) - subject.fgr)[soft].mean() for one in found])
    ours, theirs = np.mean(errors, 0)
    assert ours < 0.6 * theirs


def test_a_folder_estimates_with_its_keys(tmp_path, monkeypatch):
    for name in ("image", "alpha"):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "a.png"), scene(16, 12))
    seen = []

    def estimate(image, alpha, **smoothness):
        seen.append(smoothness)
        return image

    monkeypatch.setattr("matting.data.sources.folder.estimate_foreground", estimate)
    before, other = FolderSubjects(tmp_path), FolderSubjects(tmp_path, None, 1e-3, 0.03)
    for source in (before, other):
        source.load("a")
    assert seen == [OLD, {"regularization": 1e-3, "gradient_weight": 0.03}]
    assert before.fingerprint() != other.fingerprint()  # else they would share a cache
    assert before.fingerprint() == FolderSubjects(tmp_path).fingerprint()
