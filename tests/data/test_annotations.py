"""Tests of keys of annotation files that are missing or of another type: one line names file and key."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from matting.data.decoding import DamagedFile
from matting.data.images import read_pair, write_image
from matting.data.sources.annotations import WrongKey, read_json, take
from matting.data.sources.coco import CocoBackgrounds, CocoPersons
from matting.data.sources.supervisely import SuperviselyPersons
from matting.data.sources.voc import VocPersons
from matting.data.trimaps import read_trimap
from matting.errors import UserError
from tests.helpers.trees import disc, scene, write_backgrounds, write_supervisely

STORED, SHOWN = (24, 32), (32, 24)
MISSING = object()
COCO_KEYS = [
    *(("images",), ("annotations",), ("categories",)),
    *(("images", 0, key) for key in ("id", "file_name", "height", "width")),
    *(("annotations", 0, key) for key in ("image_id", "category_id")),
    *(("categories", 0, key) for key in ("id", "name")),
]


def change(file: Path, way: tuple, value: object) -> None:
    """Set or delete a key of a json."""
    content = node = json.loads(file.read_text())
    for key in way[:-1]:
        node = node[key]
    if value is MISSING:
        del node[way[-1]]
    else:
        node[way[-1]] = value
    file.write_text(json.dumps(content))


@pytest.fixture
def coco(tmp_path) -> tuple[Path, Path]:
    write_backgrounds(tmp_path)
    return tmp_path / "coco/train2017", tmp_path / "coco/annotations/instances_train2017.json"


@pytest.mark.parametrize("value", [MISSING, None, True, 1.5, {}], ids=["missing", "null", "true", "1.5", "mapping"])
@pytest.mark.parametrize("way", COCO_KEYS, ids=lambda way: ".".join(map(str, way)))
def test_a_wrong_key_of_a_coco_json_is_named(coco, way, value):
    change(coco[1], way, value)
    with pytest.raises(UserError, match=rf"instances_train2017\.json: .*{way[-1]}") as error:
        CocoPersons(*coco)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("way", [("annotations", 0, "image_id"), ("annotations", 0, "category_id")], ids=str)
def test_an_id_of_another_type_is_not_a_background_without_persons(coco, way):
    change(coco[1], way, "0")
    with pytest.raises(UserError, match=rf"json: annotations\[0\]\.{way[-1]}: \"0\""):
        CocoBackgrounds(*coco, exclude_persons=True)


@pytest.mark.parametrize("way", [("images", 0), ("annotations", 0), ("categories", 0)], ids=str)
def test_an_entry_that_is_no_mapping_is_named(coco, way):
    change(coco[1], way, 7)
    with pytest.raises(UserError, match=rf"json: {way[0]}\[0\]: 7"):
        CocoPersons(*coco)


def test_a_coco_json_of_another_category_names_those_that_are_there(coco):
    change(coco[1], ("categories", 0, "name"), "people")
    with pytest.raises(UserError, match=r"no category person .*people"):
        CocoPersons(*coco)


@pytest.mark.parametrize("value", ["yes", [], 2])
def test_iscrowd_of_another_type_is_damage(coco, value):
    change(coco[1], ("annotations", 0, "iscrowd"), value)
    with pytest.raises(DamagedFile, match="iscrowd"):
        CocoPersons(*coco).load("0000")


def test_the_entry_of_the_same_suffix_is_an_images_own(coco):
    """A json may list a.jpg and a.png of which one is in the folder; their persons differ."""
    content = json.loads(coco[1].read_text())
    content["images"].append({**content["images"][0], "id": 99, "file_name": "0000.png"})
    coco[1].write_text(json.dumps(content))
    assert CocoPersons(*coco).ids[0] == "0000"
    change(coco[1], ("images", 0, "file_name"), "0000.tif")
    with pytest.raises(UserError, match=r"lists 0000\.tif, 0000\.png"):
        CocoPersons(*coco)


SUPERVISELY_KEYS = [
    *(("meta.json", way) for way in [("classes",), ("classes", 0, "title"), ("classes", 0, "shape")]),
    *(("ds1/ann/0000.jpg.json", way) for way in [("size",), ("size", "height"), ("size", "width"), ("objects",)]),
    ("ds1/ann/0000.jpg.json", ("objects", 0, "classTitle")),
]


@pytest.mark.parametrize("value", [MISSING, None, True], ids=["missing", "null", "true"])
@pytest.mark.parametrize(("name", "way"), SUPERVISELY_KEYS, ids=str)
def test_a_wrong_key_of_a_supervisely_export_is_named(tmp_path, name, way, value):
    write_supervisely(tmp_path, range(2))
    change(tmp_path / name, way, value)
    with pytest.raises(UserError, match=rf"{Path(name).name}: .*{way[-1]}") as error:
        SuperviselyPersons(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("hidden", [".thumbnails", "__MACOSX"])
def test_hidden_folders_are_no_datasets_of_supervisely(tmp_path, hidden):
    write_supervisely(tmp_path, range(2))
    (tmp_path / "ds1").rename(tmp_path / hidden)
    with pytest.raises(UserError, match="no folder of a dataset"):
        SuperviselyPersons(tmp_path)


@pytest.mark.parametrize(("value", "kind"), [(3.0, int), ("a", str), ([], list)])
def test_take_returns_values_of_the_type(value, kind):
    assert take({"key": value}, "key", kind) == value
    assert type(take({"key": value}, "key", kind)) is kind
    with pytest.raises(WrongKey, match=r"^at\.key: "):
        take({"key": value}, "key", dict, "at")


def test_a_json_nested_too_deep_is_damage(tmp_path):
    (tmp_path / "deep.json").write_text("[" * 10**5)
    with pytest.raises(DamagedFile, match=r"deep\.json"):
        read_json(tmp_path / "deep.json", "x")


@pytest.fixture
def turned(tmp_path) -> Path:
    """Return a photograph that EXIF turns by 90 degrees."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(scene(1, STORED)).save(tmp_path / "0.png", exif=exif)
    return tmp_path / "0.png"


def test_photographs_turned_by_exif_with_annotations_of_the_stored_size(turned):
    polygon = [3, 3, 20, 3, 20, 12, 3, 12]
    content = {
        "images": [{"id": 0, "file_name": "0.png", "height": STORED[0], "width": STORED[1]}],
        "annotations": [{"id": 1, "image_id": 0, "category_id": 1, "segmentation": [polygon]}],
        "categories": [{"id": 1, "name": "person"}],
    }
    file = turned.with_name("stored.json")
    file.write_text(json.dumps(content))
    item = CocoPersons(turned.parent, file).load("0")
    np.testing.assert_array_equal(item.image, scene(1, STORED))
    assert item.mask[3:12, 3:20].all()
    change(file, ("images", 0, "width"), 33)
    with pytest.raises(DamagedFile, match=r"0\.png: 24x32 .*33x24"):
        CocoPersons(turned.parent, file).load("0")


def test_masks_of_voc_of_the_stored_size(turned):
    root = turned.parent / "voc"
    for folder in ("JPEGImages", "Annotations", "SegmentationClass"):
        (root / folder).mkdir(parents=True)
    turned.rename(root / "JPEGImages/0.png")
    (root / "Annotations/0.xml").write_text("<annotation><name>person</name></annotation>")
    write_image(root / "SegmentationClass/0.png", 15 * (disc(0, STORED) > 0).astype(np.uint8))
    item = VocPersons(root).load("0")
    np.testing.assert_array_equal(item.image, scene(1, STORED))
    np.testing.assert_array_equal(item.mask, disc(0, STORED) > 0)
    write_image(root / "SegmentationClass/0.png", 255 * (disc(0, STORED) > 0).astype(np.uint8))
    with pytest.raises(DamagedFile, match=r"SegmentationClass/0\.png: no pixel of class 15"):
        VocPersons(root).load("0")
    (root / "Annotations/0.xml").write_text("")
    with pytest.raises(UserError, match=r"0\.xml: no <annotation>"):
        VocPersons(root)


def test_alphas_and_trimaps_of_the_stored_size_are_turned_with_their_photograph(turned):
    alpha = turned.with_name("alpha.png")
    write_image(alpha, disc(0, STORED))
    upright = np.rot90(disc(0, STORED), -1)
    image, plane = read_pair(turned, alpha)
    assert image.shape[:2] == SHOWN
    np.testing.assert_array_equal(plane, upright)
    trimap = np.where(disc(0, STORED) > 127, 255, 0).astype(np.uint8)
    write_image(alpha, trimap)
    np.testing.assert_array_equal(read_trimap(alpha, SHOWN, turned), np.rot90(trimap, -1))
    with pytest.raises(UserError, match="expected one size"):
        read_trimap(alpha, SHOWN)
