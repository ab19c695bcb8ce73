"""Tests of subjects and folders in each layout on disk, and of errors, one line that names the file."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from matting.data.build import build_sources
from matting.data.decoding import DamagedFile
from matting.data.foreground import estimate_foreground
from matting.data.images import write_image
from matting.data.sources.adobe import AdobeSubjects
from matting.data.sources.coco import CocoBackgrounds
from matting.data.sources.distinctions import DistinctionsSubjects
from matting.data.sources.folder import FolderBackgrounds, FolderSubjects
from matting.data.sources.photomatte import PhotomatteSubjects
from matting.data.sources.voc import VocBackgrounds, VocPersons
from matting.errors import UserError

SIZE = (12, 16)


ADOBE_TRAIN = "Combined_Dataset/Training_set"


def picture(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def matte(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    return picture(seed + 1000, size)[..., 0]


def write_pairs(fgr: Path, alpha: Path, names: list[str], first: int = 0) -> None:
    for seed, name in enumerate(names, first):
        write_image(fgr / f"{name}.png", picture(seed))
        write_image(alpha / f"{name}.png", matte(seed))


def adobe(root: Path, split: str = "train", list_file: Path | None = None) -> AdobeSubjects:
    """Write a tree with two groups; the alpha of the second is a JPEG."""
    top = root / ADOBE_TRAIN
    write_pairs(top / "Adobe-licensed images/fg", top / "Adobe-licensed images/alpha", ["b", "a.1"])
    write_pairs(top / "Other/fg", top / "Other/alpha", ["c"], first=2)
    (top / "Other/alpha/c.png").unlink()
    write_image(top / "Other/alpha/c.jpg", matte(2))
    test = root / "Combined_Dataset/Test_set/Adobe-licensed images"
    write_pairs(test / "fg", test / "alpha", ["t"])
    return AdobeSubjects(root, split, list_file)


def distinctions(root: Path, split: str = "train", list_file: Path | None = None) -> DistinctionsSubjects:
    write_pairs(root / "Train/FG", root / "Train/GT", ["b", "a.1", "c"])
    write_pairs(root / "Test/FG", root / "Test/GT", ["t"])
    return DistinctionsSubjects(root, split, list_file)


def photomatte(root: Path, list_file: Path | None = None) -> PhotomatteSubjects:
    for seed, name in enumerate(["b", "a.1", "c"]):
        write_image(root / f"{name}.png", np.dstack([picture(seed), matte(seed)]))
    return PhotomatteSubjects(root, list_file)


def folder_rgba(root: Path, list_file: Path | None = None) -> FolderSubjects:
    photomatte(root)
    return FolderSubjects(root, list_file)


def folder_fgr(root: Path, list_file: Path | None = None) -> FolderSubjects:
    write_pairs(root / "fgr", root / "alpha", ["b", "a.1", "c"])
    return FolderSubjects(root, list_file)


def folder_image(root: Path, list_file: Path | None = None) -> FolderSubjects:
    write_pairs(root / "image", root / "alpha", ["b", "a.1", "c"])
    return FolderSubjects(root, list_file)


WITH_COLOURS = [adobe, distinctions, photomatte, folder_rgba, folder_fgr]


@pytest.mark.parametrize("make", [*WITH_COLOURS, folder_image])
def test_subject_ids_are_sorted_stems(tmp_path, make):
    source = make(tmp_path)
    assert source.ids == ("a.1", "b", "c")
    assert all(file.is_file() for id in source.ids for file in source.files(id))


def test_ids_are_sorted_as_text(tmp_path):
    """Paths would sort `a/x` before `a.1`."""
    for name in ["b", "a/x", "a.1"]:
        write_image(tmp_path / f"{name}.png", picture(0))
    assert CocoBackgrounds(tmp_path).ids == ("a.1", "a/x", "b")


@pytest.mark.parametrize("make", WITH_COLOURS)
def test_subjects_are_read_as_stored(tmp_path, make):
    subject = make(tmp_path).load("a.1")
    np.testing.assert_array_equal(subject.fgr, picture(1))
    np.testing.assert_array_equal(subject.alpha, matte(1))
    assert subject.image is None


@pytest.mark.parametrize("make", WITH_COLOURS)
def test_a_source_pickles(tmp_path, make):
    source = make(tmp_path)
    again = pickle.loads(pickle.dumps(source))  # noqa: S301
    np.testing.assert_array_equal(again.load("b").alpha, source.load("b").alpha)


@pytest.mark.parametrize("make", [adobe, distinctions])
def test_splits(tmp_path, make):
    source = make(tmp_path, "test")
    assert source.ids == ("t",)
    assert source.name.endswith("-test")


@pytest.mark.parametrize("make", WITH_COLOURS)
def test_list_file_selects(tmp_path, make):
    listed = tmp_path / "people.txt"
    listed.write_text("\ufeff# people only\nc.png  # with its suffix\r\n\na.1\n", encoding="utf-8")
    assert make(tmp_path / "data", list_file=listed).ids == ("a.1", "c")


@pytest.mark.parametrize("make", WITH_COLOURS)
@pytest.mark.parametrize(
    ("text", "says"),
    [("b\nnobody\n", "nobody"), ("# none\n", ""), (None, "")],
)
def test_bad_list_file_is_named(tmp_path, make, text, says):
    listed = tmp_path / "people.txt"
    if text is not None:
        listed.write_text(text)
    with pytest.raises(UserError, match=rf"people\.txt: .*{says}"):
        make(tmp_path / "data", list_file=listed)


def test_adobe_honours_the_list_that_ships(tmp_path):
    adobe(tmp_path)
    (tmp_path / ADOBE_TRAIN / "training_fg_names.txt").write_text("b.png\nc.jpg\n")
    assert AdobeSubjects(tmp_path, "train").ids == ("b", "c")
    own = tmp_path / "own.txt"
    own.write_text("a.1\n")
    assert AdobeSubjects(tmp_path, "train", own).ids == ("a.1",)


def test_adobe_refuses_one_name_in_two_groups(tmp_path):
    adobe(tmp_path)
    write_pairs(tmp_path / ADOBE_TRAIN / "Other/fg", tmp_path / ADOBE_TRAIN / "Other/alpha", ["b"])
    with pytest.raises(UserError, match=r"Adobe-licensed images/fg/b\.png.*Other/fg/b\.png"):
        AdobeSubjects(tmp_path, "train")


@pytest.mark.parametrize(("make", "layout"), [(folder_rgba, "rgba"), (folder_fgr, "fgr"), (folder_image, "image")])
def test_folder_layout_is_detected(tmp_path, make, layout):
    assert make(tmp_path).layout == layout


def test_photograph_gets_an_estimated_foreground(tmp_path):
    """A blue subject on orange: the photograph's soft edge is mixed, the foreground's must be blue."""
    alpha = np.tile(np.clip(np.linspace(-0.5, 1.5, 64), 0, 1), (32, 1))
    blue, orange = np.array([20, 40, 220.0]), np.array([240, 140, 10.0])
    blue = blue + np.random.default_rng(0).uniform(-15, 15, (*alpha.shape, 3))
    image = np.rint(alpha[..., None] * blue + (1 - alpha[..., None]) * orange).astype(np.uint8)
    write_image(tmp_path / "image/x.png", image)
    write_image(tmp_path / "alpha/x.png", np.rint(alpha * 255).astype(np.uint8))
    subject = FolderSubjects(tmp_path).load("x")
    soft = (alpha > 0.1) & (alpha < 1)
    assert np.abs(image[soft] - blue[soft]).mean() > 40
    assert np.abs(subject.fgr[soft] - blue[soft]).mean() < 20
    np.testing.assert_array_equal(subject.image, image)


def test_estimated_foreground_keeps_opaque_pixels():
    photograph = picture(3, (32, 48))
    alpha = np.where(matte(4, (32, 48)) > 127, 255, 0).astype(np.uint8)
    np.testing.assert_array_equal(estimate_foreground(photograph, alpha)[alpha == 255], photograph[alpha == 255])


def test_folder_backgrounds(tmp_path):
    write_image(tmp_path / "city/street.png", picture(3))
    write_image(tmp_path / "sea.png", picture(4))
    source = FolderBackgrounds(tmp_path)
    assert source.ids == ("city/street", "sea")
    np.testing.assert_array_equal(source.load("city/street"), picture(3))


def test_backgrounds_side_by_side_are_read_smaller_where_asked(tmp_path):
    write_image(tmp_path / "sea.jpg", picture(4))
    node = {"_target_": "matting.data.sources.folder.FolderBackgrounds", "root": "."}
    source = build_sources({"mine": node}, str(tmp_path), "data.backgrounds")
    height, width = picture(4).shape[:2]
    assert source.load("mine/sea", reduction=lambda *size: 2).shape == (-(-height // 2), -(-width // 2), 3)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda root: AdobeSubjects(root, "train"), "Training_set: .*Adobe"),
        (lambda root: DistinctionsSubjects(root, "train"), "FG: .*Distinctions-646"),
        (PhotomatteSubjects, "RGBA"),
        (FolderSubjects, "RGBA.*fgr/"),
        (FolderBackgrounds, "no such folder"),
        (CocoBackgrounds, "COCO"),
        (VocBackgrounds, "JPEGImages: .*VOC"),
        (VocPersons, "SegmentationClass: .*VOC"),
    ],
)
def test_no_data_folder_says_which_layout(tmp_path, make, says):
    with pytest.raises(UserError, match=f"absent.*{says}") as caught:
        make(tmp_path / "absent")
    assert "\n" not in str(caught.value)


def test_adobe_without_a_group(tmp_path):
    (tmp_path / ADOBE_TRAIN).mkdir(parents=True)
    with pytest.raises(UserError, match=r"Training_set: .*alpha.*Adobe"):
        AdobeSubjects(tmp_path, "train")


@pytest.mark.parametrize("make", [PhotomatteSubjects, FolderSubjects, FolderBackgrounds, CocoBackgrounds])
def test_empty_folder(tmp_path, make):
    with pytest.raises(UserError, match=f"{tmp_path.name}: "):
        make(tmp_path)


@pytest.mark.parametrize(
    ("make", "fgr", "alpha"),
    [
        (lambda root: adobe(root), f"{ADOBE_TRAIN}/Other/fg", f"{ADOBE_TRAIN}/Other/alpha"),
        (lambda root: distinctions(root), "Train/FG", "Train/GT"),
        (folder_fgr, "fgr", "alpha"),
        (folder_image, "image", "alpha"),
    ],
)
def test_a_missing_partner_is_named(tmp_path, make, fgr, alpha):
    make(tmp_path)
    write_image(tmp_path / alpha / "lone.png", matte(0))
    with pytest.raises(UserError, match=r"lone\.png: "):
        make(tmp_path)
    (tmp_path / alpha / "lone.png").unlink()
    write_image(tmp_path / fgr / "single.png", picture(0))
    with pytest.raises(UserError, match=r"single\.png: "):
        make(tmp_path)


def test_folder_with_alpha_only(tmp_path):
    write_image(tmp_path / "alpha/a.png", matte(0))
    with pytest.raises(UserError, match=r"fgr: .*RGBA"):
        FolderSubjects(tmp_path)


@pytest.mark.parametrize("make", [adobe, distinctions, folder_fgr, folder_image])
def test_sizes_that_differ_name_both_files(tmp_path, make):
    source = make(tmp_path)
    fgr, alpha = source.files("b")
    write_image(alpha, matte(0, (13, 16)))
    with pytest.raises(UserError, match=r"b\.png.*b\.png.*16x12.*16x13"):
        source.load("b")
    assert fgr != alpha


@pytest.mark.parametrize("make", WITH_COLOURS)
def test_damaged_file_is_named(tmp_path, make):
    source = make(tmp_path)
    file = source.files("b")[-1]
    file.write_bytes(file.read_bytes()[:60])
    with pytest.raises(DamagedFile, match=str(file)):
        source.load("b")


@pytest.mark.parametrize("make", [adobe, distinctions, folder_rgba, folder_fgr])
def test_fingerprint_follows_names_and_sizes_only(tmp_path, make):
    first, second = make(tmp_path / "one"), make(tmp_path / "two")
    assert first.fingerprint() == second.fingerprint()
    file = first.files("b")[0]
    file.write_bytes(file.read_bytes() + b"\0")
    assert first.fingerprint() != second.fingerprint()


@pytest.mark.parametrize("make", [*WITH_COLOURS, folder_image])
def test_a_link_to_nothing_is_named(tmp_path, make):
    source = make(tmp_path)
    file = source.files("b")[-1]
    file.unlink()
    file.symlink_to("not-fetched")
    with pytest.raises(UserError, match=rf"{file}: .*No such file"):
        source.fingerprint()


def test_a_link_to_nothing_that_is_not_listed_is_left_alone(tmp_path):
    photomatte(tmp_path / "data")
    (tmp_path / "data/zz.png").symlink_to("not-fetched")
    (tmp_path / "people.txt").write_text("b\n")
    assert PhotomatteSubjects(tmp_path / "data", tmp_path / "people.txt").fingerprint()


@pytest.mark.parametrize("make", [*WITH_COLOURS, folder_image])
def test_a_name_that_is_no_text_is_shown_with_escapes(tmp_path, make):
    for file in make(tmp_path).files("b"):
        file.rename(file.with_stem(os.fsdecode(b"caf\xe9")))
    with pytest.raises(UserError, match=r"caf\\udce9\.png.*UTF-8") as error:
        make(tmp_path)
    assert str(error.value).isprintable()
