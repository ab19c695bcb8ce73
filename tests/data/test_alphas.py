"""Tests of alphas whose values are of another range than 0 to 255: an error or a line that names a file."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from matting.data.cache import SubjectCache
from matting.data.decoding import DamagedFile
from matting.data.images import read_alpha, read_rgb, write_image
from matting.data.sources.folder import FolderSubjects
from matting.errors import UserError
from tests.helpers.trees import disc, scene

MASK = (disc(0) > 127).astype(np.uint8)


def pair(root: Path, name: str, alpha: np.ndarray) -> Path:
    """Write a subject as fgr/ and alpha/; return the file of its alpha."""
    write_image(root / f"fgr/{name}.png", scene(0))
    file = root / f"alpha/{name}.png"
    file.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(file), alpha)
    return file


@pytest.mark.parametrize(
    "alpha", [MASK, disc(0).astype(np.uint16), MASK.astype(np.uint16)], ids=["0/1", "8 in 16", "1 in 16"]
)
def test_an_alpha_of_another_range_is_damage(tmp_path, alpha):
    file = pair(tmp_path, "a", alpha)
    with pytest.raises(DamagedFile, match=str(file)) as error:
        FolderSubjects(tmp_path).load("a")
    assert "\n" not in str(error.value)


def test_an_alpha_channel_of_0_and_1_is_damage(tmp_path):
    write_image(tmp_path / "a.png", np.dstack([scene(0), MASK]))
    with pytest.raises(DamagedFile, match=r"a\.png: no alpha above 1"):
        FolderSubjects(tmp_path).load("a")


def test_a_data_set_of_such_alphas_is_refused_and_one_of_them_is_skipped(tmp_path, capsys):
    file = pair(tmp_path / "people", "a", MASK)
    with pytest.raises(UserError, match=str(file)):
        SubjectCache.open(FolderSubjects(tmp_path / "people"), tmp_path)
    pair(tmp_path / "people", "b", disc(0))
    assert SubjectCache.open(FolderSubjects(tmp_path / "people"), tmp_path).ids == ("b",)
    assert str(file) in capsys.readouterr().out


def test_8_bit_colours_stored_as_16_bits_are_damage(tmp_path):
    cv2.imwrite(str(tmp_path / "dark.png"), scene(0).astype(np.uint16))
    with pytest.raises(DamagedFile, match=r"dark\.png: .*16-bit"):
        read_rgb(tmp_path / "dark.png")


def test_an_empty_alpha_and_a_predicted_one_are_read(tmp_path):
    empty = pair(tmp_path, "a", np.zeros_like(MASK))
    assert not FolderSubjects(tmp_path).load("a").alpha.any()
    cv2.imwrite(str(empty), MASK)
    assert read_alpha(empty).max() == 1


@pytest.mark.parametrize(("top", "warns"), [(100, True), (127, True), (255, False), (251, False)])
def test_a_data_set_without_an_opaque_pixel_is_worth_a_line(tmp_path, top, warns, capsys):
    faint = pair(tmp_path / "people", "a", disc(0) // 4)
    other = pair(tmp_path / "people", "b", np.rint(disc(0) * (top / 255)).astype(np.uint8))
    for _ in range(2):  # built, then found
        SubjectCache.open(FolderSubjects(tmp_path / "people"), tmp_path)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: ")]
    assert len(lines) == warns
    assert all(f"above {top} of 255" in line and str(other) in line and str(faint) not in line for line in lines)
