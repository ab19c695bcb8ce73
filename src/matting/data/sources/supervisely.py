"""A Supervisely export: `meta.json`, and a folder for each dataset with `img/` and `ann/`."""

import base64
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from matting.data.decoding import DamagedFile, imdecode
from matting.data.kinds import composed, stem_of
from matting.data.listing import folders_in, index_images, subfolders
from matting.data.sources.annotations import WrongKey, corners, one_line, read_json, take, take_size
from matting.data.sources.base import FileSource, Labelled, read_annotated
from matting.errors import UserError

LAYOUT = "a Supervisely export: meta.json, and <dataset>/img/* with <dataset>/ann/<image name>.json"
SHAPES = ("bitmap", "polygon")


class SuperviselyPersons(FileSource):
    """Images with persons. mask: the union of all persons of an image. Ids are `<dataset>/<image stem>`.

    AlphaNet trains its segmentation network on Supervisely's persons: 5,711 images, 6,884 instances (III-A).
    """

    def __init__(self, root: Path, classes: Sequence[str] | None = None) -> None:
        """classes: titles of the person classes, such as person_bmp; None: all whose title contains "person".

        Raises UserError for a folder that is no export, for an image without its annotation or the reverse, for an
        annotation that cannot be used, and for an export without persons.
        """
        meta = root / "meta.json"
        self.classes = person_classes(meta, classes)
        folders = [folder for folder in folders_in(root) if (folder / "img").is_dir() or (folder / "ann").is_dir()]
        if not folders:
            raise UserError(f"{root}: no folder of a dataset, it has {subfolders(root)}; expected {LAYOUT}")
        paths: dict[str, tuple[Path, ...]] = {}
        # Each annotation is read here once: a broken export must fail before a training, not within it.
        for folder in folders:
            for id, (image, annotation) in pair_annotations(folder).items():
                if read_persons(annotation, self.classes)[1]:
                    paths[f"{folder.name}/{id}"] = image, annotation, meta
        if not paths:
            raise UserError(f"{root}: no image with a person; expected objects of {', '.join(self.classes)}")
        super().__init__("supervisely-persons", root, paths)

    def load(self, id: str) -> Labelled:
        image_file, annotation, _ = self.paths[id]
        size, persons = read_persons(annotation, self.classes)
        image = read_annotated(image_file, size, annotation)
        mask = np.zeros(size, bool)
        for person in persons:
            draw = draw_bitmap if shape_of(person, self.classes) == "bitmap" else draw_polygon
            try:
                drawn = draw(person, size)
                if not drawn.any():
                    raise ValueError("a shape without a pixel on the image")
            except (KeyError, TypeError, ValueError, OverflowError, zlib.error) as error:
                what = f"a {person['classTitle']} that cannot be decoded ({one_line(error)})"
                raise DamagedFile(f"{annotation}: {what}; remove it or export it again") from error
            mask |= drawn
        return Labelled(image, mask, np.ones(size, bool))


def person_classes(meta: Path, wanted: Sequence[str] | None) -> dict[str, str]:
    """Return title -> shape of the person classes of meta.json. Raises UserError."""
    if not meta.is_file():
        raise UserError(f"{meta}: no such file; expected {LAYOUT}")
    content = read_json(meta, LAYOUT)
    try:
        shapes = {
            take(entry, "title", str, at := f"classes[{number}]"): take(entry, "shape", str, at)
            for number, entry in enumerate(take(content, "classes", list))
        }
    except WrongKey as error:
        raise UserError(f"{meta}: {error}, as in {LAYOUT}") from None
    titles = [title for title in shapes if "person" in title.casefold()] if wanted is None else list(wanted)
    if missing := [title for title in titles if title not in shapes]:
        raise UserError(f"{meta}: no class {missing[0]}; classes is a list of {', '.join(shapes) or '(none)'}")
    if not titles:
        raise UserError(f"{meta}: no class of persons; name it by classes, one or more of {', '.join(shapes)}")
    return {title: shapes[title] for title in titles}


def pair_annotations(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Return id -> (image, annotation) of a dataset. Raises UserError for a file without its partner.

    The annotation is `ann/<image name>.json`, in older exports `ann/<stem>.json`.
    """
    # Hidden files, such as those that macOS adds to archives, are no annotations.
    annotations = {composed(path.name).removesuffix(".json"): path for path in (folder / "ann").glob("[!.]*.json")}
    pairs = {}
    for id, image in index_images(folder / "img", LAYOUT).items():
        names = [name for name in (composed(image.name), stem_of(image.name)) if name in annotations]
        if not names:
            raise UserError(f"{image}: image without its annotation; expected {folder / 'ann' / image.name}.json")
        pairs[id] = image, annotations.pop(names[0])
    # What is left has no image.
    for annotation in annotations.values():
        raise UserError(f"{annotation}: annotation without its image; expected it in {folder / 'img'}")
    return pairs


def read_persons(annotation: Path, classes: dict[str, str]) -> tuple[tuple[int, int], list[dict[str, Any]]]:
    """Return the (height, width) of an annotation and its person objects.

    Raises UserError for a content that cannot be used, DamagedFile for a file that is no json.
    """
    content = read_json(annotation, LAYOUT)
    try:
        size = take_size(take(content, "size", dict), "size")
        listed = enumerate(take(content, "objects", list))
        persons = [each for number, each in listed if take(each, "classTitle", str, f"objects[{number}]") in classes]
    except WrongKey as error:
        raise UserError(f"{annotation}: {error}, as in {LAYOUT}") from None
    # Other geometries (points, lines, cuboids) have no area, or none that is exact.
    for person in persons:
        if (shape := shape_of(person, classes)) not in SHAPES:
            what = f"geometryType {shape} of a {person['classTitle']}"
            raise UserError(f"{annotation}: {what}; expected {' or '.join(SHAPES)}, or leave it out by classes")
    return size, persons


def shape_of(person: dict[str, Any], classes: dict[str, str]) -> str:
    """Return the kind of an object's geometry: in older exports its class has it."""
    return person.get("geometryType") or classes[person["classTitle"]]


def draw_bitmap(person: dict[str, Any], size: tuple[int, int]) -> np.ndarray:
    """Draw a bitmap, bool (H, W): a PNG, compressed by zlib, in base64, with its first pixel at `origin` (x, y)."""
    node = take(person, "bitmap", dict)
    png = zlib.decompress(base64.b64decode(take(node, "data", str, "bitmap")))
    drawn = imdecode(png, cv2.IMREAD_UNCHANGED)
    if drawn.ndim == 3:  # a PNG with a palette: the person is what is opaque, or not black
        drawn = drawn[..., 3] if drawn.shape[2] == 4 else drawn.max(2)
    left, top = take(node, "origin", list, "bitmap")
    bottom, right = top + drawn.shape[0], left + drawn.shape[1]
    if min(left, top) < 0 or bottom > size[0] or right > size[1]:
        raise ValueError(f"bitmap from {left},{top} to {right},{bottom} on an image of {size[1]}x{size[0]} pixels")
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = drawn > 0
    return mask


def draw_polygon(person: dict[str, Any], size: tuple[int, int]) -> np.ndarray:
    """Draw a polygon, bool (H, W): the inside of `points.exterior` without `points.interior`, corners (x, y)."""
    points = take(person, "points", dict)
    # One polygon at a time: together, OpenCV leaves out what an even number of them cover.
    plane = np.zeros(size, np.uint8)
    cv2.fillPoly(plane, [pixels(take(points, "exterior", list, "points"))], 1)
    for hole in take(points, "interior", list, "points"):
        cv2.fillPoly(plane, [pixels(hole)], 0)
    return plane.view(bool)


def pixels(points: Any) -> np.ndarray:
    """Return the corners of a polygon (N, 2), rounded to int32. Raises ValueError."""
    return corners(points).round().astype(np.int32)
