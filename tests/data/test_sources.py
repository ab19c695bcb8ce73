"""Every layout on disk gives the right items, and bad input one line that names it."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as rle

from matting.data.build import build_sources
from matting.data.foreground import estimate_foreground
from matting.data.images import DamagedFile, write_image
from matting.data.sources.adobe import AdobeSubjects
from matting.data.sources.coco import CocoBackgrounds, CocoPersons
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
    """A tree with two groups; of the second the alpha is a JPEG."""
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
    """Paths sort otherwise: `a/x` before `a.1`."""
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
    [("b\nnobody\n", "nobody is listed but not in"), ("# none\n", "no names"), (None, "cannot be read")],
)
def test_bad_list_file_is_named(tmp_path, make, text, says):
    listed = tmp_path / "people.txt"
    if text is not None:
        listed.write_text(text)
    with pytest.raises(UserError, match=rf"people\.txt: {says}"):
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
    with pytest.raises(UserError, match=r"Adobe-licensed images/fg/b\.png and .*Other/fg/b\.png: two images"):
        AdobeSubjects(tmp_path, "train")


@pytest.mark.parametrize(("make", "layout"), [(folder_rgba, "rgba"), (folder_fgr, "fgr"), (folder_image, "image")])
def test_folder_layout_is_detected(tmp_path, make, layout):
    assert make(tmp_path).layout == layout


def test_photograph_gets_an_estimated_foreground(tmp_path):
    """A blue subject on orange: the soft edge of the photograph is mixed, that of the foreground must be blue."""
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
        (lambda root: AdobeSubjects(root, "train"), "Training_set: no such folder; expected Adobe Image Matting"),
        (lambda root: DistinctionsSubjects(root, "train"), "FG: no such folder; expected Distinctions-646"),
        (PhotomatteSubjects, "no such folder; expected RGBA images"),
        (FolderSubjects, "no such folder; expected RGBA images, or the folders"),
        (FolderBackgrounds, "no such folder; expected pictures"),
        (CocoBackgrounds, "no such folder; expected the images of COCO"),
        (VocBackgrounds, "JPEGImages: no such folder; expected Pascal VOC"),
        (VocPersons, "SegmentationClass: no such folder; expected Pascal VOC"),
    ],
)
def test_no_data_folder_says_which_layout(tmp_path, make, says):
    with pytest.raises(UserError, match=f"absent.*{says}") as caught:
        make(tmp_path / "absent")
    assert "\n" not in str(caught.value)


def test_adobe_without_a_group(tmp_path):
    (tmp_path / ADOBE_TRAIN).mkdir(parents=True)
    with pytest.raises(UserError, match="Training_set: no group with an alpha folder; expected Adobe"):
        AdobeSubjects(tmp_path, "train")


@pytest.mark.parametrize("make", [PhotomatteSubjects, FolderSubjects, FolderBackgrounds, CocoBackgrounds])
def test_empty_folder(tmp_path, make):
    with pytest.raises(UserError, match=f"{tmp_path.name}: no images in it .*; expected"):
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
    with pytest.raises(UserError, match=r"lone\.png: alpha without its foreground"):
        make(tmp_path)
    (tmp_path / alpha / "lone.png").unlink()
    write_image(tmp_path / fgr / "single.png", picture(0))
    with pytest.raises(UserError, match=r"single\.png: foreground without its alpha"):
        make(tmp_path)


def test_folder_with_alpha_only(tmp_path):
    write_image(tmp_path / "alpha/a.png", matte(0))
    with pytest.raises(UserError, match="fgr: no such folder; expected RGBA images, or the folders"):
        FolderSubjects(tmp_path)


@pytest.mark.parametrize("make", [adobe, distinctions, folder_fgr, folder_image])
def test_sizes_that_differ_name_both_files(tmp_path, make):
    source = make(tmp_path)
    fgr, alpha = source.files("b")
    write_image(alpha, matte(0, (13, 16)))
    with pytest.raises(UserError, match=r"b\.png and .*b\.png: 16x12 and 16x13 pixels"):
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


def square(left: int, top: int, side: int) -> list[list[float]]:
    return [[left, top, left + side, top, left + side, top + side, left, top + side]]


def runs(*box: int) -> dict:
    """Uncompressed run lengths, column by column, of rows [0], columns [1], to [2], [3] of an image of SIZE."""
    mask = np.zeros(SIZE, np.uint8)
    mask[box[0] : box[2], box[1] : box[3]] = 1
    flat = mask.T.reshape(-1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [0]])))
    counts = np.diff(np.concatenate([[0], edges, [flat.size]]))
    return {"counts": [int(count) for count in counts], "size": list(SIZE)}


def coco(root: Path) -> tuple[Path, Path]:
    """people: two polygons and a crowd; coded: run lengths; crowd: only a crowd; empty: a dog."""
    names = ["people", "coded", "crowd", "empty"]
    for seed, name in enumerate(names):
        write_image(root / f"train2017/{name}.png", picture(seed))
    dense = np.zeros(SIZE, np.uint8, order="F")
    dense[0:3, 0:3] = 1
    compressed = rle.encode(dense)
    compressed["counts"] = compressed["counts"].decode()
    drawn = [
        (0, 7, 0, square(1, 1, 4)),
        (0, 7, 0, square(10, 6, 4)),
        (0, 7, 1, runs(0, 0, 12, 8)),
        (1, 7, 0, runs(2, 3, 5, 9)),
        (1, 7, 0, compressed),
        (2, 7, 1, runs(0, 0, 2, 2)),
        (3, 18, 0, square(2, 2, 5)),
    ]
    keys = ("image_id", "category_id", "iscrowd", "segmentation")
    annotations = root / "annotations/instances.json"
    annotations.parent.mkdir()
    content = {
        "images": [{"id": id, "file_name": f"{name}.png", "height": 12, "width": 16} for id, name in enumerate(names)],
        "annotations": [{"id": id, "area": 1, **dict(zip(keys, row, strict=True))} for id, row in enumerate(drawn, 1)],
        "categories": [{"id": 7, "name": "person"}, {"id": 18, "name": "dog"}],
    }
    annotations.write_text(json.dumps(content))
    return root / "train2017", annotations


def test_coco_backgrounds_with_and_without_persons(tmp_path, capsys):
    images, annotations = coco(tmp_path)
    everything = CocoBackgrounds(images)
    assert everything.ids == ("coded", "crowd", "empty", "people")
    np.testing.assert_array_equal(everything.load("empty"), picture(3))
    assert CocoBackgrounds(images, annotations, exclude_persons=True).ids == ("empty",)
    assert capsys.readouterr().out == ""


def test_coco_masks(tmp_path):
    source = CocoPersons(*coco(tmp_path))
    assert source.ids == ("coded", "crowd", "people")
    people = source.load("people")
    mask = np.zeros(SIZE, bool)
    mask[1:5, 1:5] = mask[6:10, 10:14] = True
    np.testing.assert_array_equal(people.image, picture(0))
    np.testing.assert_array_equal(people.mask, mask)
    crowd = np.zeros(SIZE, bool)
    crowd[:, :8] = True
    np.testing.assert_array_equal(people.valid, mask | ~crowd)
    coded = np.zeros(SIZE, bool)
    coded[2:5, 3:9] = coded[0:3, 0:3] = True
    np.testing.assert_array_equal(source.load("coded").mask, coded)
    assert source.load("coded").valid.all()
    assert not source.load("crowd").mask.any()


def test_coco_fingerprint_follows_the_annotations(tmp_path):
    images, annotations = coco(tmp_path)
    before = CocoPersons(images, annotations).fingerprint()
    annotations.write_text(annotations.read_text() + " ")
    assert CocoPersons(images, annotations).fingerprint() != before


def test_coco_json_of_other_images_is_refused(tmp_path):
    images, annotations = coco(tmp_path)
    write_image(images / "val.png", picture(9))
    for make in (CocoPersons, lambda *paths: CocoBackgrounds(*paths, exclude_persons=True)):
        with pytest.raises(UserError, match=r"instances\.json: does not list val\.png \(1 of 5 images"):
            make(images, annotations)


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "no such file"), ("[]", "expected the instances json"), ("{", "expected the instances json")],
)
def test_coco_bad_json_is_named(tmp_path, text, says):
    images, annotations = coco(tmp_path)
    annotations.unlink() if text is None else annotations.write_text(text)
    with pytest.raises(UserError, match=rf"instances\.json: {says}"):
        CocoPersons(images, annotations)


def test_coco_exclusion_needs_annotations(tmp_path):
    with pytest.raises(UserError, match="exclude_persons needs annotations"):
        CocoBackgrounds(coco(tmp_path)[0], exclude_persons=True)


def test_coco_size_that_differs(tmp_path):
    images, annotations = coco(tmp_path)
    source = CocoPersons(images, annotations)
    write_image(images / "people.png", picture(0, (16, 12)))
    with pytest.raises(UserError, match=r"people\.png: 12x16 pixels; expected 16x12 pixels as in .*instances\.json"):
        source.load("people")


def voc(root: Path) -> Path:
    """person: segmented; bystander: annotated, not segmented; dog: segmented."""
    for seed, (name, label) in enumerate([("person", "person"), ("bystander", "person"), ("dog", "dog")]):
        write_image(root / f"JPEGImages/{name}.jpg", np.full((*SIZE, 3), 50 * seed, np.uint8))
        xml = root / f"Annotations/{name}.xml"
        xml.parent.mkdir(exist_ok=True)
        xml.write_text(f"<annotation><object>\n<name>{label}</name></object></annotation>")
    labels = np.zeros(SIZE, np.uint8)
    labels[2:6, 2:6], labels[8:10, 8:10], labels[1, :] = 15, 12, 255
    (root / "SegmentationClass").mkdir()
    for name in ("person", "dog"):
        indexed = Image.fromarray(labels).convert("P")
        indexed.putpalette([9] * 768)
        indexed.save(root / f"SegmentationClass/{name}.png")
    return root


def test_voc_backgrounds(tmp_path):
    root = voc(tmp_path / "VOC2012")
    assert VocBackgrounds(root).ids == ("bystander", "dog", "person")
    assert VocBackgrounds(root, exclude_persons=True).ids == ("dog",)
    assert VocBackgrounds(root).load("dog").mean() == pytest.approx(100, abs=1)
    names = tmp_path / "trainval.txt"
    names.write_text("dog\nperson\n")
    assert VocBackgrounds(root, names).ids == ("dog", "person")


def test_voc_masks_leave_void_out(tmp_path):
    source = VocPersons(voc(tmp_path))
    assert source.ids == ("person",)
    item = source.load("person")
    mask, valid = np.zeros(SIZE, bool), np.ones(SIZE, bool)
    mask[2:6, 2:6], valid[1] = True, False
    np.testing.assert_array_equal(item.mask, mask)
    np.testing.assert_array_equal(item.valid, valid)


def test_voc_list_of_persons(tmp_path):
    root = voc(tmp_path / "VOC2012")
    names = tmp_path / "val.txt"
    names.write_text("person\nbystander\n")
    with pytest.raises(UserError, match=r"val\.txt: bystander is listed but not in .*SegmentationClass"):
        VocPersons(root, names)
    names.write_text("dog\n")
    with pytest.raises(UserError, match="no segmented image with a person"):
        VocPersons(root, names)


@pytest.mark.parametrize(
    ("gone", "says"),
    [
        ("JPEGImages/person.jpg", r"person\.png: mask without its image"),
        ("Annotations/person.xml", r"person\.xml: cannot be read"),
    ],
)
def test_voc_missing_file_is_named(tmp_path, gone, says):
    root = voc(tmp_path)
    (root / gone).unlink()
    with pytest.raises(UserError, match=says):
        VocPersons(root)


def test_sources_import_neither_torch_nor_the_estimator():
    sources = ("adobe", "coco", "distinctions", "folder", "photomatte", "voc")
    lines = [f"import matting.data.sources.{name}" for name in sources]
    lines += [
        "import sys, matting.data.cache",
        "print(sorted({'torch', 'albumentations', 'numba'} & set(sys.modules)))",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
