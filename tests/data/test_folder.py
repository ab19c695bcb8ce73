"""Tests of folders of your own: names, layouts and lists that people have."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from matting.data.images import write_image
from matting.data.sources.folder import FolderBackgrounds, FolderSubjects
from matting.data.sources.photomatte import PhotomatteSubjects
from matting.errors import UserError
from tests.helpers.trees import disc, scene, write_people, write_rgba, write_scenes


@pytest.mark.parametrize(("fgr", "alpha"), [("NFD", "NFC"), ("NFC", "NFD")])
@pytest.mark.parametrize("colours", ["fgr", "image"])
def test_composed_and_decomposed_names_are_partners(tmp_path, fgr, alpha, colours):
    names = [unicodedata.normalize(form, "café.png") for form in (fgr, alpha)]
    write_image(tmp_path / colours / names[0], scene(0))
    write_image(tmp_path / "alpha" / names[1], disc(0))
    (tmp_path / "list.txt").write_text(unicodedata.normalize("NFD", "café") + "\n")
    for list_file in (None, tmp_path / "list.txt"):
        assert FolderSubjects(tmp_path, list_file).ids == ("caf\u00e9",)


@pytest.mark.parametrize("make", [FolderBackgrounds, FolderSubjects, PhotomatteSubjects])
def test_pictures_without_partners_may_share_a_stem(tmp_path, make):
    write_rgba(tmp_path, range(2))
    (tmp_path / "1.png").rename(tmp_path / "0.webp")
    write_image(tmp_path / "0.webp", np.dstack([scene(1), disc(1)]))
    assert make(tmp_path).ids == ("0.png", "0.webp")
    listed = tmp_path / "list.txt"
    listed.write_text("0.webp\n")
    assert make(tmp_path, listed).ids == ("0.webp",)
    listed.write_text("0\n")
    with pytest.raises(UserError, match=r"list\.txt: 0 .*0\.png and 0\.webp"):
        make(tmp_path, listed)


def test_partners_of_one_stem_are_refused_by_name(tmp_path):
    write_people(tmp_path / "fgr", tmp_path / "alpha", range(2))
    write_image(tmp_path / "fgr/0.jpg", scene(0))
    with pytest.raises(UserError, match=r"fgr/0\.jpg and .*fgr/0\.png"):
        FolderSubjects(tmp_path)


@pytest.mark.parametrize(
    ("fgr", "alpha"),
    [("original", "mask"), ("image", "mask"), ("fgr", "matte"), ("images", "alpha"), ("FGR", "ALPHA"), ("fg", "a/b")],
)
def test_folders_of_other_names_are_named_beside_those_expected(tmp_path, fgr, alpha):
    write_people(tmp_path / fgr, tmp_path / alpha, range(2))
    with pytest.raises(UserError) as error:
        FolderSubjects(tmp_path)
    assert all(word in str(error.value) for word in (fgr, alpha.split("/")[0], "fgr/ and alpha/", "RGBA"))


@pytest.mark.parametrize("make", [FolderSubjects, PhotomatteSubjects])
def test_pictures_without_transparency_are_refused_before_they_are_decoded(tmp_path, make):
    write_scenes(tmp_path / "deep", range(2))
    with pytest.raises(UserError, match=r"deep/0000\.jpg: no alpha channel; .*deep; expected RGBA"):
        make(tmp_path)


def test_cut_outs_may_lie_in_folders_of_any_name(tmp_path):
    write_rgba(tmp_path / "studio", range(2))
    write_rgba(tmp_path / "street", range(2, 4))
    assert FolderSubjects(tmp_path).ids == ("street/2", "street/3", "studio/0", "studio/1")


def test_hidden_folders_are_no_subjects_and_no_backgrounds(tmp_path):
    write_rgba(tmp_path, range(2))
    write_rgba(tmp_path / ".ipynb_checkpoints", range(1))
    write_rgba(tmp_path / "__MACOSX", range(1))
    assert FolderSubjects(tmp_path).ids == FolderBackgrounds(tmp_path).ids == ("0", "1")


@pytest.mark.parametrize("line", ["deep/0.png", "./deep/0.png", "{folder}/deep/0.png", "~/data/deep/0"])
def test_a_list_may_hold_paths(tmp_path, monkeypatch, line):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_rgba(tmp_path / "data/deep", range(2))
    listed = Path(tmp_path / "list.txt")
    listed.write_text(line.format(folder=tmp_path / "data") + "\n")
    assert FolderSubjects(tmp_path / "data", listed).ids == ("deep/0",)
