"""MS COCO: a folder of images and an instances json, as backgrounds or as person masks."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as rle

from matting.data.decoding import DamagedFile, Reduction
from matting.data.images import read_rgb
from matting.data.kinds import composed, stem_of
from matting.data.listing import first, index_images, name_images
from matting.data.sources.annotations import ID, WrongKey, corners, one_line, read_json, take, take_size
from matting.data.sources.base import FileSource, Labelled, read_annotated
from matting.errors import UserError
from matting.utils.console import say

IMAGES = "the images of COCO, e.g. train2017"
LAYOUT = "the instances json of COCO"
LARGE = 50_000_000  # bytes of a json that takes more than two seconds to read


class CocoBackgrounds(FileSource):
    """Images as backgrounds; `exclude_persons` leaves out those with an annotated person or crowd."""

    def __init__(self, images: Path, annotations: Path | None = None, exclude_persons: bool = False) -> None:
        """annotations: the instances json of these images, read only to exclude persons. Raises UserError."""
        files = (index_images if exclude_persons else name_images)(images, IMAGES)
        if exclude_persons:
            if annotations is None:
                raise UserError("COCO backgrounds: exclude_persons needs annotations, the instances json of the images")
            people = Instances(annotations, images, files).people()
            files = {id: file for id, file in files.items() if id not in people}
            if not files:
                raise UserError(f"{images}: {annotations} has a person on every image; no background is left")
        super().__init__("coco-backgrounds", images, {id: (file,) for id, file in files.items()})

    def load(self, id: str, reduction: Reduction | None = None) -> np.ndarray:
        return read_rgb(self.paths[id][0], reduction)


class CocoPersons(FileSource):
    """Images with persons. mask: the union of all persons. valid: False on crowds, which are drawn coarsely."""

    def __init__(self, images: Path, annotations: Path) -> None:
        files = index_images(images, IMAGES)
        instances = Instances(annotations, images, files)
        # Keep what `load` needs, and let go of the json, hundreds of MB once parsed.
        self.people = instances.people()
        if not self.people:
            raise UserError(f"{annotations}: no person on the images of {images}; expected an instances json")
        self.sizes = {id: instances.size(id) for id in self.people}
        # The fingerprint covers images and json: its names are relative to the folder that holds both.
        root = Path(os.path.commonpath([images.absolute(), annotations.absolute()]))
        paths: dict[str, tuple[Path, ...]] = {id: (files[id].absolute(), annotations.absolute()) for id in self.people}
        super().__init__("coco-persons", root, paths)

    def load(self, id: str) -> Labelled:
        size = self.sizes[id]
        image = read_annotated(self.paths[id][0], size, self.paths[id][1])
        masks = {False: np.zeros(size, bool), True: np.zeros(size, bool)}
        for person in self.people[id]:
            try:
                masks[is_crowd(person)] |= draw(person.get("segmentation"), size)
            except (KeyError, OverflowError, TypeError, ValueError) as error:
                what = f"a person on {self.paths[id][0].name} that cannot be drawn ({one_line(error)})"
                raise DamagedFile(f"{self.paths[id][1]}: {what}; correct or remove it") from error
        # A crowd is valid where a person is drawn over it.
        return Labelled(image, masks[False], masks[False] | ~masks[True])


class Instances:
    """An instances json and the images of a folder that it lists.

    Raises UserError for another kind of json, and for one that does not list an image: it is that of another folder.
    """

    def __init__(self, annotations: Path, images: Path, files: dict[str, Path]) -> None:
        if not annotations.is_file():
            raise UserError(f"{annotations}: no such file; expected {LAYOUT}")
        if annotations.stat().st_size > LARGE:
            say(f"reading {annotations}")
        self.annotations, self.content = annotations, read_json(annotations, LAYOUT)
        try:
            self.entries = self.listed(images, files)
            self.image_ids = {id: take(entry, "id", ID, at) for id, (at, entry) in self.entries.items()}
        except WrongKey as error:
            raise self.wrong(error) from None

    def wrong(self, error: WrongKey) -> UserError:
        return UserError(f"{self.annotations}: {error}, as in {LAYOUT}")

    def listed(self, images: Path, files: dict[str, Path]) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return the place and the entry of each file. File names in the json may have another suffix."""
        names: dict[str, tuple[str, dict[str, Any]]] = {}
        stems: dict[str, list[str]] = {}
        for number, entry in enumerate(take(self.content, "images", list)):
            name = composed(take(entry, "file_name", str, at := f"images[{number}]"))
            names[name] = at, entry
            stems.setdefault(stem_of(name), []).append(name)
        found, unlisted = {}, []
        for id, file in files.items():
            if (name := composed(file.relative_to(images).as_posix())) in names:
                found[id] = names[name]
            elif id not in stems:
                unlisted.append(file)
            elif len(stems[id]) > 1:
                raise UserError(f"{self.annotations}: lists {first(stems[id])} for {file}; expected one of them")
            else:
                found[id] = names[stems[id][0]]
        if unlisted:
            count = f"{len(unlisted)} of {len(files)} images in {images}"
            expected = "expected the json of these images"
            raise UserError(f"{self.annotations}: does not list {unlisted[0].name} ({count}); {expected}")
        return found

    def people(self) -> dict[str, list[dict[str, Any]]]:
        """Return the segmentation and iscrowd of each person, by id, for the images that have any. Raises UserError."""
        ids: dict[Any, list[str]] = {}
        for id, image_id in self.image_ids.items():
            ids.setdefault(image_id, []).append(id)
        found: dict[str, list[dict[str, Any]]] = {}
        try:
            persons = self.person_categories()
            # "1" is no id where images have whole numbers: its person would be on no image.
            image_kinds, kinds = kinds_of(self.image_ids.values()), kinds_of(persons)
            for number, one in enumerate(take(self.content, "annotations", list)):
                at = f"annotations[{number}]"
                if take(one, "category_id", kinds, at) in persons:
                    kept = {key: one[key] for key in ("segmentation", "iscrowd") if key in one}
                    for id in ids.get(take(one, "image_id", image_kinds, at), ()):
                        found.setdefault(id, []).append(kept)
        except WrongKey as error:
            raise self.wrong(error) from None
        return {id: found[id] for id in self.image_ids if id in found}

    def person_categories(self) -> set[Any]:
        """Return the ids of the categories that are persons."""
        names = {
            take(category, "id", ID, at := f"categories[{number}]"): take(category, "name", str, at)
            for number, category in enumerate(take(self.content, "categories", list))
        }
        if "person" not in names.values():
            there = first(sorted(names.values())) or "none"
            raise UserError(f"{self.annotations}: no category person (there are: {there}); expected {LAYOUT}")
        return {id for id, name in names.items() if name == "person"}

    def size(self, id: str) -> tuple[int, int]:
        """Return the (height, width) of an image. Raises UserError."""
        at, entry = self.entries[id]
        try:
            return take_size(entry, at)
        except WrongKey as error:
            raise self.wrong(error) from None


def kinds_of(ids: Iterable[Any]) -> tuple[type, ...]:
    """Return the types of ids."""
    return tuple({type(id) for id in ids})


def is_crowd(person: dict[str, Any]) -> bool:
    """Return whether an annotation is a crowd: iscrowd 1, not 0 or missing. Raises ValueError for another value."""
    if (value := person.get("iscrowd")) not in (None, 0, 1):
        raise ValueError(f"iscrowd {value!r}, expected 0 or 1")
    return bool(value)


def draw(segmentation: Any, size: tuple[int, int]) -> np.ndarray:
    """Draw a person, bool (H, W): the union of polygons and of run lengths, plain or compressed.

    Raises KeyError, OverflowError, TypeError or ValueError for a broken annotation, and for one without a shape, such
    as a box alone: background in its place would be a wrong truth.
    """
    if segmentation is None:
        raise ValueError("no segmentation")
    parts = segmentation if isinstance(segmentation, list) else [segmentation]
    # Two corners have no area, and pycocotools would read their four numbers as a box.
    shapes = [part for part in parts if isinstance(part, dict) or len(part) >= 6]
    if not shapes:
        raise ValueError("a segmentation without a shape")
    mask = np.zeros(size, bool)
    for shape in shapes:
        mask |= decode_runs(shape, size) if isinstance(shape, dict) else draw_polygon(shape, size)
    if not mask.any() and not all(is_tiny(shape, size) for shape in shapes):
        raise ValueError(f"a shape without a pixel on {list(size)}")
    return mask


def draw_polygon(flat: list[float], size: tuple[int, int]) -> np.ndarray:
    """Draw a polygon x1, y1, x2, y2, ..., bool (H, W). Raises ValueError."""
    corners(np.reshape(np.asarray(flat, np.float64), (-1, 2)))
    return rle.decode(rle.merge(rle.frPyObjects([flat], *size))).astype(bool)


def is_tiny(shape: Any, size: tuple[int, int]) -> bool:
    """Return whether a polygon lies on the image and is too small to cover a pixel, as a few of COCO are."""
    if isinstance(shape, dict):
        return False
    points = corners(np.reshape(shape, (-1, 2)))
    return bool((np.ptp(points, axis=0) < 2).all() and (points >= 0).all() and (points <= size[::-1]).all())


def decode_runs(runs: dict[str, Any], size: tuple[int, int]) -> np.ndarray:
    """Decode run lengths to a mask, bool (H, W). Raises ValueError for runs of another size.

    pycocotools refuses runs that are too long. Runs that are too short it accepts, and leaves the rest of the mask
    uninitialised: such runs also fit an image of one pixel less, and are found by that.
    """
    if tuple(runs["size"]) != size:
        raise ValueError(f"run lengths for {runs['size']}, expected {list(size)}")
    coded = rle.frPyObjects(runs, *size) if isinstance(runs["counts"], list) else runs
    try:
        rle.decode({**coded, "size": [1, size[0] * size[1] - 1]})
    except ValueError:  # too long for one pixel less: the runs fill the image
        return rle.decode(coded).astype(bool)
    raise ValueError(f"run lengths that end too soon for {list(size)}")
