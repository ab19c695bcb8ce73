"""Tests of COCO: images, and persons from polygons, run lengths and crowds."""

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as rle

from matting.data.dataset import load_or_next
from matting.data.decoding import DamagedFile
from matting.data.images import write_image
from matting.data.sources.coco import CocoBackgrounds, CocoPersons
from matting.errors import UserError
from tests.helpers.trees import scene

SIZE = (12, 16)


def square(left: int, top: int, side: int) -> list[list[float]]:
    return [[left, top, left + side, top, left + side, top + side, left, top + side]]


def runs(*box: int) -> dict:
    """Return uncompressed run lengths, column by column, of rows [0] to [2] and columns [1] to [3]."""
    mask = np.zeros(SIZE, np.uint8)
    mask[box[0] : box[2], box[1] : box[3]] = 1
    flat = mask.T.reshape(-1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [0]])))
    counts = np.diff(np.concatenate([[0], edges, [flat.size]]))
    return {"counts": [int(count) for count in counts], "size": list(SIZE)}


def coco(root: Path) -> tuple[Path, Path]:
    """Write images: people (two polygons and a crowd), coded (run lengths), crowd (only a crowd), empty (a dog)."""
    names = ["people", "coded", "crowd", "empty"]
    for seed, name in enumerate(names):
        write_image(root / f"train2017/{name}.png", scene(seed, SIZE))
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


def annotate(annotations: Path, image: int, **person: object) -> None:
    """Add a person."""
    content = json.loads(annotations.read_text())
    content["annotations"].append(
        {"id": len(content["annotations"]) + 1, "image_id": image, "category_id": 7, **person}
    )
    annotations.write_text(json.dumps(content))


def test_coco_backgrounds_with_and_without_persons(tmp_path, capsys):
    images, annotations = coco(tmp_path)
    everything = CocoBackgrounds(images)
    assert everything.ids == ("coded", "crowd", "empty", "people")
    np.testing.assert_array_equal(everything.load("empty"), scene(3, SIZE))
    assert CocoBackgrounds(images, annotations, exclude_persons=True).ids == ("empty",)
    assert capsys.readouterr().out == ""


def test_coco_masks(tmp_path):
    source = CocoPersons(*coco(tmp_path))
    assert source.ids == ("coded", "crowd", "people")
    people = source.load("people")
    mask = np.zeros(SIZE, bool)
    mask[1:5, 1:5] = mask[6:10, 10:14] = True
    np.testing.assert_array_equal(people.image, scene(0, SIZE))
    np.testing.assert_array_equal(people.mask, mask)
    crowd = np.zeros(SIZE, bool)
    crowd[:, :8] = True
    np.testing.assert_array_equal(people.valid, mask | ~crowd)
    coded = np.zeros(SIZE, bool)
    coded[2:5, 3:9] = coded[0:3, 0:3] = True
    np.testing.assert_array_equal(source.load("coded").mask, coded)
    assert source.load("coded").valid.all()
    assert not source.load("crowd").mask.any()


@pytest.mark.parametrize("nothing", [[], [[1, 1]], [[2, 2, 9, 9]], [[]]], ids=str)
def test_coco_parts_without_an_area_draw_nothing_beside_a_shape(tmp_path, nothing):
    images, annotations = coco(tmp_path)
    annotate(annotations, 2, segmentation=[*nothing, *square(1, 1, 4)])
    mask = np.zeros(SIZE, bool)
    mask[1:5, 1:5] = True
    np.testing.assert_array_equal(CocoPersons(images, annotations).load("crowd").mask, mask)


def test_coco_persons_smaller_than_a_pixel_are_no_damage(tmp_path):
    images, annotations = coco(tmp_path)
    annotate(annotations, 3, segmentation=[[4.1, 4.1, 4.3, 4.1, 4.3, 4.3, 4.1, 4.3]])
    assert CocoPersons(images, annotations).load("empty").mask.sum() <= 1


@pytest.mark.parametrize(
    ("segmentation", "says"),
    [
        ({"segmentation": {"counts": [4, 4, 8], "size": [4, 4]}}, r"run lengths for \[4, 4\], expected \[12, 16\]"),
        ({"segmentation": {"counts": [2, 10], "size": [12, 1]}}, r"run lengths for \[12, 1\]"),
        ({"segmentation": {"counts": [2, 10], "size": [12, 16]}}, "end too soon"),
        ({"segmentation": {"counts": [2, 10, 181], "size": [12, 16]}}, "Invalid RLE"),
        ({"segmentation": {"counts": [2, -10, 200], "size": [12, 16]}}, "out of bounds"),
        ({"segmentation": {"counts": [], "size": [12, 16]}}, "end too soon"),
        ({"segmentation": {"counts": "", "size": [12, 16]}}, "end too soon"),
        ({"segmentation": {"counts": "zzzz", "size": [12, 16]}}, "end too soon"),
        ({"segmentation": {"counts": "abc", "size": [12, 16]}}, "Invalid RLE"),
        ({"segmentation": {"counts": [192]}}, "size"),
        ({"segmentation": {"size": [12, 16]}}, "counts"),
        ({"segmentation": []}, "without a shape"),
        ({"segmentation": [[]]}, "without a shape"),
        ({"segmentation": [[2, 2, 9, 9]]}, "without a shape"),
        ({"segmentation": [[[2, 2], [9, 2], [9, 9], [2, 9]]]}, "without a shape"),
        ({"segmentation": [[[2, 2], [9, 2], [9, 5], [9, 9], [2, 9], [2, 5]]]}, ""),
        ({"segmentation": [[0.1, 0.1, 0.5, 0.1, 0.5, 0.5]]}, "pixels"),
        ({"segmentation": [[40, 40, 60, 40, 60, 60]]}, "without a pixel"),
        ({"segmentation": [[1, 1, 5, 1, 5, 5, 7]]}, ""),
        ({"segmentation": [[1, 1, 5, 1, float("nan"), 5]]}, ""),
        ({"segmentation": {"counts": [192], "size": [12, 16]}}, "without a pixel"),
        ({"segmentation": "polygon"}, ""),
        ({"segmentation": 7}, ""),
        ({"segmentation": [1, 1, 5, 1, 5, 5]}, "no len"),
        ({"segmentation": [["a"] * 6]}, "convert string"),
        ({"segmentation": None}, "no segmentation"),
        ({"bbox": [1, 1, 4, 4]}, "no segmentation"),
    ],
    ids=str,
)
@pytest.mark.parametrize("crowd", [{}, {"iscrowd": 1}], ids=["person", "crowd"])
def test_coco_persons_that_cannot_be_drawn_are_passed_over_and_named(tmp_path, segmentation, says, crowd):
    images, annotations = coco(tmp_path)
    annotate(annotations, 3, **segmentation, **crowd)
    source, skipped = CocoPersons(images, annotations), []
    with pytest.raises(DamagedFile, match=rf"instances\.json: .*empty\.png.*{says}") as error:
        source.load("empty")
    assert "\n" not in str(error.value)
    next_item = load_or_next(source.load, source.ids, "photographs", skipped, "empty")
    np.testing.assert_array_equal(next_item.image, scene(0, SIZE))
    assert skipped == [str(error.value)]


def test_coco_boxes_are_persons_to_stay_away_from(tmp_path):
    """For backgrounds neither masks nor sizes are read."""
    images, annotations = coco(tmp_path)
    annotate(annotations, 3, bbox=[1, 1, 4, 4])
    write_image(images / "sea.png", scene(4, SIZE))
    content = json.loads(annotations.read_text())
    content["images"].append({"id": 4, "file_name": "sea.png"})
    annotations.write_text(json.dumps(content))
    assert CocoBackgrounds(images, annotations, exclude_persons=True).ids == ("sea",)


def test_coco_fingerprint_follows_the_annotations(tmp_path):
    images, annotations = coco(tmp_path)
    before = CocoPersons(images, annotations).fingerprint()
    annotations.write_text(annotations.read_text() + " ")
    assert CocoPersons(images, annotations).fingerprint() != before


def test_coco_json_of_other_images_is_refused(tmp_path):
    images, annotations = coco(tmp_path)
    write_image(images / "val.png", scene(9, SIZE))
    for make in (CocoPersons, lambda *paths: CocoBackgrounds(*paths, exclude_persons=True)):
        with pytest.raises(UserError, match=r"instances\.json: .*val\.png.*1 of 5"):
            make(images, annotations)


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "no such file"), ("[]", ""), ("{", "")],
)
def test_coco_bad_json_is_named(tmp_path, text, says):
    images, annotations = coco(tmp_path)
    annotations.unlink() if text is None else annotations.write_text(text)
    with pytest.raises(UserError, match=rf"instances\.json: .*{says}"):
        CocoPersons(images, annotations)


def test_coco_exclusion_needs_annotations(tmp_path):
    with pytest.raises(UserError, match=r"exclude_persons.*annotations"):
        CocoBackgrounds(coco(tmp_path)[0], exclude_persons=True)


def test_coco_size_that_differs(tmp_path):
    images, annotations = coco(tmp_path)
    source = CocoPersons(images, annotations)
    write_image(images / "people.png", scene(0, (16, 12)))
    with pytest.raises(UserError, match=r"people\.png: 12x16.*16x12.*instances\.json"):
        source.load("people")
