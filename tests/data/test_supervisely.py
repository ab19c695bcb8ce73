"""Tests of Supervisely exports: photographs with the union of their persons, and errors that name the file."""

import base64
import json
import shutil
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from matting.data.decoding import DamagedFile
from matting.data.images import write_image
from matting.data.sources.supervisely import SuperviselyPersons
from matting.errors import UserError
from tests.helpers.trees import bitmap, scene

SIZE = (12, 16)
SHAPES = {"person_bmp": "bitmap", "Person poly": "polygon", "dog": "bitmap", "person_box": "rectangle"}


def block(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    """Return a mask, bool SIZE, True on the pixels left..right, top..bottom."""
    mask = np.zeros(SIZE, bool)
    mask[top : bottom + 1, left : right + 1] = True
    return mask


def painted(title: str, *corners: int) -> dict:
    left, top, right, bottom = corners
    ones = np.ones((bottom - top + 1, right - left + 1), bool)
    return {"classTitle": title, "geometryType": "bitmap", "bitmap": bitmap(ones, (left, top))}


def polygon(*corners: int, holes: tuple[tuple[int, ...], ...] = ()) -> dict:
    def around(left: int, top: int, right: int, bottom: int) -> list[list[float]]:
        return [[left, top], [right + 0.2, top], [right, bottom], [left, bottom - 0.2]]

    points = {"exterior": around(*corners), "interior": [around(*hole) for hole in holes]}
    return {"classTitle": "Person poly", "geometryType": "polygon", "points": points, "bitmap": None}


def add(root: Path, name: str, *objects: dict, dataset: str = "ds1", annotation: str | None = None) -> Path:
    """Write an image with its annotation, and return the annotation's path."""
    write_image(root / dataset / "img" / name, scene(len(name), SIZE))
    file = root / dataset / "ann" / (annotation or f"{name}.json")
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"size": {"height": SIZE[0], "width": SIZE[1]}, "objects": objects, "tags": []}))
    return file


@pytest.fixture
def export(tmp_path) -> Path:
    classes = [{"title": title, "shape": shape} for title, shape in SHAPES.items()]
    (tmp_path / "meta.json").write_text(json.dumps({"classes": classes}))
    add(tmp_path, "two.png", painted("person_bmp", 1, 2, 4, 6), painted("dog", 10, 0, 12, 3), polygon(8, 3, 13, 9))
    add(tmp_path, "dog.png", painted("dog", 1, 1, 3, 3))
    add(tmp_path, "empty.png")
    return tmp_path


def test_masks_are_the_union_of_the_persons(export):
    source = SuperviselyPersons(export)
    assert source.ids == ("ds1/two",)
    item = source.load("ds1/two")
    np.testing.assert_array_equal(item.image, scene(len("two.png"), SIZE))
    np.testing.assert_array_equal(item.mask, block(1, 2, 4, 6) | block(8, 3, 13, 9))
    assert (item.mask.dtype, item.valid.dtype, item.valid.all()) == (bool, bool, True)


def test_a_hole_belongs_to_its_own_polygon(export):
    """OpenCV's polygons include their outline, so a hole removes its outline too."""
    add(export, "hole.png", polygon(2, 2, 12, 9, holes=((4, 4, 8, 7),)))
    add(export, "filled.png", painted("person_bmp", 5, 5, 6, 6), polygon(2, 2, 12, 9, holes=((4, 4, 8, 7),)))
    source = SuperviselyPersons(export)
    ring = block(2, 2, 12, 9) & ~block(4, 4, 8, 7)
    np.testing.assert_array_equal(source.load("ds1/hole").mask, ring)
    np.testing.assert_array_equal(source.load("ds1/filled").mask, ring | block(5, 5, 6, 6))


def packed(picture: Image.Image, **options) -> dict:
    file = BytesIO()
    picture.save(file, "png", **options)
    return {"origin": [3, 2], "data": base64.b64encode(zlib.compress(file.getvalue())).decode()}


def pngs() -> dict[str, dict]:
    drawn = np.zeros((5, 6), np.uint8)
    drawn[1:4, 2:5] = 1
    palette = Image.fromarray(drawn).convert("P")
    palette.putpalette([0, 0, 0, 255, 255, 255])
    white = np.full((5, 6, 3), 255, np.uint8)
    return {
        "one bit": packed(Image.fromarray(drawn > 0)),
        "gray": packed(Image.fromarray(200 * drawn)),
        "palette with a transparent colour": packed(palette, transparency=0),
        "palette": packed(palette),
        "rgba": packed(Image.fromarray(np.dstack([white, 255 * drawn]))),
    }


@pytest.mark.parametrize("kind", pngs())
def test_every_kind_of_png(export, kind):
    person = {"classTitle": "person_bmp", "geometryType": "bitmap", "bitmap": pngs()[kind]}
    add(export, "kind.png", person)
    np.testing.assert_array_equal(SuperviselyPersons(export).load("ds1/kind").mask, block(5, 3, 7, 5))


def test_older_exports(export):
    """Annotations named by the stem, shapes given by the class only, and a second dataset."""
    person = painted("person_bmp", 0, 0, 15, 5)
    del person["geometryType"]
    add(export, "old.png", person, dataset="ds2", annotation="old.json")
    source = SuperviselyPersons(export)
    assert source.ids == ("ds1/two", "ds2/old")
    np.testing.assert_array_equal(source.load("ds2/old").mask, block(0, 0, 15, 5))


def test_classes_are_chosen_by_title(export):
    source = SuperviselyPersons(export, ["Person poly"])
    np.testing.assert_array_equal(source.load("ds1/two").mask, block(8, 3, 13, 9))
    np.testing.assert_array_equal(SuperviselyPersons(export, ["dog"]).load("ds1/dog").mask, block(1, 1, 3, 3))
    with pytest.raises(UserError, match=r"meta\.json: .*cat.*person_bmp, Person poly"):
        SuperviselyPersons(export, ["cat"])
    (export / "meta.json").write_text(json.dumps({"classes": [{"title": "dog", "shape": "bitmap"}]}))
    with pytest.raises(UserError, match=r"meta\.json: .*dog"):
        SuperviselyPersons(export)


def test_the_fingerprint_follows_every_file(export):
    add(export, "more.png", polygon(1, 1, 5, 5))
    found = {SuperviselyPersons(export).fingerprint()}
    for file in (export / "ds1/ann/two.png.json", export / "meta.json"):
        file.write_text(file.read_text() + " ")
        found.add(SuperviselyPersons(export).fingerprint())
    for file in (export / "ds1/img/more.png", export / "ds1/ann/more.png.json"):
        file.unlink()
    assert len(found | {SuperviselyPersons(export).fingerprint()}) == 4


def lost(path: Path) -> None:
    path.unlink()


BOX = {"classTitle": "person_box", "geometryType": "rectangle", "points": {"exterior": [[1, 1], [5, 5]]}}
WRONG = [
    (lambda root: lost(root / "meta.json"), r"meta\.json: .*Supervisely"),
    (lambda root: (root / "meta.json").write_text("[]"), r"meta\.json: .*classes"),
    (lambda root: (root / "meta.json").write_text("{"), r"meta\.json: "),
    (lambda root: shutil.rmtree(root / "ds1"), r"Supervisely"),
    (lambda root: shutil.rmtree(root / "ds1/img"), r"ds1/img: .*Supervisely"),
    (lambda root: lost(root / "ds1/ann/dog.png.json"), r"dog\.png: .*ann/dog\.png\.json"),
    (lambda root: lost(root / "ds1/img/dog.png"), r"dog\.png\.json: .*ds1/img"),
    (lambda root: (root / "ds1/ann/dog.png.json").write_text('{"size"'), r"dog\.png\.json: "),
    (lambda root: (root / "ds1/ann/dog.png.json").write_text("{}"), r"dog\.png\.json: size: missing"),
    (lambda root: add(root, "box.png", BOX), r"box\.png\.json: .*rectangle.*person_box.*polygon"),
    (
        lambda root: add(root, "two.png", painted("dog", 1, 1, 2, 2)),
        "person_bmp, Person poly",
    ),
]


@pytest.mark.parametrize(("harm", "says"), WRONG, ids=[says for _, says in WRONG])
def test_an_export_that_is_not_whole_is_refused_at_once(export, harm, says):
    harm(export)
    with pytest.raises(UserError, match=says) as error:
        SuperviselyPersons(export)
    assert "\n" not in str(error.value)


def test_a_size_that_differs(export):
    source = SuperviselyPersons(export)
    write_image(export / "ds1/img/two.png", scene(0, (16, 12)))
    with pytest.raises(UserError, match=r"two\.png: 12x16.*16x12.*two\.png\.json"):
        source.load("ds1/two")


@pytest.mark.parametrize(
    "person",
    [
        {"geometryType": "bitmap", "bitmap": {"origin": [0, 0], "data": "bm90IHpsaWI="}},
        {"geometryType": "bitmap", "bitmap": {"origin": [0, 0], "data": "?"}},
        {
            "geometryType": "bitmap",
            "bitmap": {"origin": [0, 0], "data": base64.b64encode(zlib.compress(b"x")).decode()},
        },
        {"geometryType": "bitmap", "bitmap": None},
        {"geometryType": "bitmap", "bitmap": bitmap(np.ones((3, 3), bool), (14, 0))},
        {"geometryType": "bitmap", "bitmap": bitmap(np.ones((1, 1), bool), (0, -1))},
        {"geometryType": "polygon", "points": {"exterior": [[1, 1], [2, 2]], "interior": []}},
        {"geometryType": "polygon", "points": {"exterior": [], "interior": []}},
        {"geometryType": "polygon", "points": {"exterior": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]], "interior": []}},
        {"geometryType": "polygon", "points": {"exterior": [[90, 90], [99, 90], [99, 99]], "interior": []}},
        {"geometryType": "polygon", "points": {"exterior": [[1, 1], [5, 1], [5, float("inf")]], "interior": []}},
        {"geometryType": "polygon", "points": {"exterior": [[1, 1], [5, 1], [5, 5]]}},
        {"geometryType": "polygon"},
        {"geometryType": "bitmap", "bitmap": {"data": "?"}},
        {"geometryType": "bitmap", "bitmap": {**bitmap(np.ones((1, 1), bool)), "origin": ["1", "1"]}},
        {"geometryType": "bitmap", "bitmap": {**bitmap(np.ones((1, 1), bool)), "origin": [1.5, 1]}},
        {"geometryType": "bitmap", "bitmap": bitmap(np.zeros((3, 3), bool))},
    ],
)
def test_a_person_that_cannot_be_decoded_is_damage(export, person):
    add(export, "bad.png", {"classTitle": "person_bmp", **person})
    source = SuperviselyPersons(export)
    with pytest.raises(DamagedFile, match=r"bad\.png\.json: .*person_bmp") as error:
        source.load("ds1/bad")
    assert "\n" not in str(error.value)
    assert source.load("ds1/two").mask.any()
