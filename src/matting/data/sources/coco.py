"""MS COCO: a folder of images and an instances json, as backgrounds or as person masks."""

import os
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as rle
from pycocotools.coco import COCO

from matting.data.decoding import DamagedFile, Reduction
from matting.data.images import read_rgb
from matting.data.listing import index_images
from matting.data.sources.base import FileSource, Labelled, check_size
from matting.errors import UserError
from matting.utils.console import say

IMAGES = "the images of COCO, e.g. train2017"
LARGE = 50_000_000  # bytes of a json that takes more than two seconds to read


class CocoBackgrounds(FileSource):
    """Images as backgrounds; `exclude_persons` leaves out those with an annotated person or crowd."""

    def __init__(self, images: Path, annotations: Path | None = None, exclude_persons: bool = False) -> None:
        """annotations: the instances json of these images, read only to exclude persons. Raises UserError."""
        files = index_images(images, IMAGES)
        if exclude_persons:
            if annotations is None:
                raise UserError("COCO backgrounds: exclude_persons needs annotations, the instances json of the images")
            people = persons_of(annotations, images, files)[1]
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
        listed, people = persons_of(annotations, images, files)
        if not people:
            raise UserError(f"{annotations}: no person on the images of {images}; expected an instances json")
        # Keep what `load` needs, and let go of the json, hundreds of MB once parsed.
        self.sizes = {id: (int(listed[id]["height"]), int(listed[id]["width"])) for id in people}
        self.people = {
            id: [{key: person.get(key) for key in ("segmentation", "iscrowd")} for person in found]
            for id, found in people.items()
        }
        # The fingerprint covers images and json: its names are relative to the folder that holds both.
        root = Path(os.path.commonpath([images.absolute(), annotations.absolute()]))
        paths: dict[str, tuple[Path, ...]] = {id: (files[id].absolute(), annotations.absolute()) for id in self.people}
        super().__init__("coco-persons", root, paths)

    def load(self, id: str) -> Labelled:
        image = read_rgb(self.paths[id][0])
        size = self.sizes[id]
        check_size(image, size, *self.paths[id])
        people = self.people[id]
        try:
            mask = draw([person["segmentation"] for person in people if not person["iscrowd"]], size)
            crowd = draw([person["segmentation"] for person in people if person["iscrowd"]], size)
        except (KeyError, OverflowError, TypeError, ValueError) as error:
            what = f"a person on {self.paths[id][0].name} that cannot be drawn ({error})"
            raise DamagedFile(f"{self.paths[id][1]}: {what}; correct or remove it") from error
        # A crowd is valid where a person is drawn over it.
        return Labelled(image, mask, mask | ~crowd)


def persons_of(
    annotations: Path, images: Path, files: dict[str, Path]
) -> tuple[dict[str, dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """Return the json's entries by image id, and the person annotations of the images in `files` that have any.

    Raises UserError for another kind of json, and for one that does not list an image: it is that of another folder.
    """
    coco = read_annotations(annotations)
    # Images are known by their name without suffix: file names in the json may have another one.
    entries = {Path(entry["file_name"]).with_suffix("").as_posix(): entry for entry in coco.imgs.values()}
    unlisted = [file for id, file in files.items() if id not in entries]
    if unlisted:
        count = f"{len(unlisted)} of {len(files)} images in {images}"
        raise UserError(f"{annotations}: does not list {unlisted[0].name} ({count}); expected the json of these images")
    category = coco.getCatIds(catNms=["person"])
    if not category:
        raise UserError(f"{annotations}: no category person; expected the instances json of COCO")
    people = {}
    for id in files:
        if found := coco.loadAnns(coco.getAnnIds(imgIds=[entries[id]["id"]], catIds=category)):
            people[id] = found
    return entries, people


def read_annotations(annotations: Path) -> COCO:
    """Read an instances json, with a message if that takes long. Raises UserError."""
    if not annotations.is_file():
        raise UserError(f"{annotations}: no such file; expected the instances json of COCO")
    if annotations.stat().st_size > LARGE:
        say(f"reading {annotations}")
    try:
        # pycocotools prints how long it takes.
        with redirect_stdout(StringIO()):
            coco = COCO(str(annotations))
        if not coco.imgs:
            raise ValueError("no images")
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise UserError(f"{annotations}: expected the instances json of COCO ({error})") from error
    return coco


def draw(segmentations: list[Any], size: tuple[int, int]) -> np.ndarray:
    """Draw a mask, bool (H, W): the union of polygons and of run lengths, plain or compressed.

    Raises KeyError, OverflowError, TypeError or ValueError for a broken annotation.
    """
    if None in segmentations:
        raise ValueError("no segmentation")
    mask = np.zeros(size, bool)
    parts = [part for shape in segmentations for part in (shape if isinstance(shape, list) else [shape])]
    # Two corners have no area, and pycocotools would read their four numbers as a box.
    polygons = [part for part in parts if not isinstance(part, dict) and len(part) >= 6]
    if polygons:
        mask |= rle.decode(rle.merge(rle.frPyObjects(polygons, *size))).astype(bool)
    for runs in parts:
        if isinstance(runs, dict):
            mask |= decode_runs(runs, size)
    return mask


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
