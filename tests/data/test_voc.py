"""Tests of Pascal VOC: images, and persons from annotations and from segmentation labels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from matting.data.images import write_image
from matting.data.sources.voc import VocBackgrounds, VocPersons
from matting.errors import UserError

SIZE = (12, 16)


def voc(root: Path) -> Path:
    """Write images: person (segmented), bystander (annotated, not segmented), dog (segmented)."""
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
    with pytest.raises(UserError, match=r"val\.txt: bystander.*SegmentationClass"):
        VocPersons(root, names)
    names.write_text("dog\n")
    with pytest.raises(UserError, match="person"):
        VocPersons(root, names)


@pytest.mark.parametrize(
    ("gone", "says"),
    [
        ("JPEGImages/person.jpg", r"person\.png: "),
        ("Annotations/person.xml", r"person\.xml: "),
    ],
)
def test_voc_missing_file_is_named(tmp_path, gone, says):
    root = voc(tmp_path)
    (root / gone).unlink()
    with pytest.raises(UserError, match=says):
        VocPersons(root)
