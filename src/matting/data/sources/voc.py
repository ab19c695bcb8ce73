"""Pascal VOC: `JPEGImages`, `Annotations` and `SegmentationClass`, as backgrounds or as person masks."""

import re
from pathlib import Path

import numpy as np

from matting.data.decoding import DamagedFile, Reduction
from matting.data.images import read_labels, read_rgb
from matting.data.listing import index_images, name_images
from matting.data.sources.base import FileSource, Labelled, read_annotated, select_ids
from matting.errors import UserError

LAYOUT = "Pascal VOC, a folder like VOCdevkit/VOC2012 with JPEGImages, Annotations and SegmentationClass"
PERSON, VOID = 15, 255
# A search, not a parser: thousands of annotations are read when a source is built.
NAMES_PERSON = re.compile(r"<name>\s*person\s*</name>")


class VocBackgrounds(FileSource):
    """JPEGImages as backgrounds; `exclude_persons` leaves out those for which Annotations names a person."""

    def __init__(self, root: Path, names: Path | None = None, exclude_persons: bool = False) -> None:
        """root: the folder that holds JPEGImages. names: a list such as ImageSets/Main/trainval.txt."""
        # An annotation is found by the stem of its image.
        files = (index_images if exclude_persons else name_images)(root / "JPEGImages", LAYOUT)
        ids = select_ids(files, names, root / "JPEGImages")
        if exclude_persons:
            ids = [id for id in ids if not has_person(root, id)]
            if not ids:
                raise UserError(f"{root}: a person on every image; no background is left")
        super().__init__("voc-backgrounds", root, {id: (files[id],) for id in ids})

    def load(self, id: str, reduction: Reduction | None = None) -> np.ndarray:
        return read_rgb(self.paths[id][0], reduction)


class VocPersons(FileSource):
    """Images with persons. mask: from SegmentationClass. valid: False on void pixels (255)."""

    def __init__(self, root: Path, names: Path | None = None) -> None:
        """root: the folder that holds JPEGImages. names: a list such as ImageSets/Segmentation/train.txt."""
        labels = index_images(root / "SegmentationClass", LAYOUT)
        images = index_images(root / "JPEGImages", LAYOUT)
        # Only images with a segmentation mask have a truth, and few of them show a person.
        ids = [id for id in select_ids(labels, names, root / "SegmentationClass") if has_person(root, id)]
        if not ids:
            raise UserError(f"{root}: no segmented image with a person; expected {LAYOUT}")
        for id in ids:
            if id not in images:
                raise UserError(f"{labels[id]}: mask without its image; expected {root / 'JPEGImages' / id}.jpg")
        super().__init__("voc-persons", root, {id: (images[id], labels[id]) for id in ids})

    def load(self, id: str) -> Labelled:
        image_file, label_file = self.paths[id]
        labels = read_labels(label_file)
        image = read_annotated(image_file, (labels.shape[0], labels.shape[1]), label_file)
        if not (labels == PERSON).any():
            what = f"no pixel of class {PERSON}, though its annotation names a person"
            raise DamagedFile(f"{label_file}: {what}; expected class numbers; correct or remove it")
        return Labelled(image, labels == PERSON, labels != VOID)


def has_person(root: Path, id: str) -> bool:
    """Return whether an image's annotation names a person. Raises UserError.

    All images of VOC have an annotation; few have a mask, and masks take longer to read.
    """
    file = root / "Annotations" / f"{id}.xml"
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}); expected {LAYOUT}") from error
    if "<annotation" not in text:
        raise UserError(f"{file}: no <annotation> in it; expected {LAYOUT}")
    return NAMES_PERSON.search(text) is not None
