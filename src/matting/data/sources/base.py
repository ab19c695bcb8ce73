"""The interface of all sources, items by id, decoded, without randomness; and the parts that file sources share."""

import hashlib
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from matting.data.decoding import DamagedFile, Reduction
from matting.data.images import as_stored, may_be_transparent, read_rgb
from matting.data.kinds import composed, stem_of
from matting.data.listing import subfolders
from matting.errors import UserError


@dataclass(frozen=True)
class Subject:
    """A cut-out person.

    fgr: uint8 (H, W, 3) RGB foreground colours, meaningful where alpha > 0.
    alpha: uint8 (H, W), 0 to 255.
    image: uint8 (H, W, 3) RGB, the photograph, if the source has one.
    joined: uint8 (H, W, 4), fgr and alpha in one array, if the source stores them so.
    """

    fgr: np.ndarray
    alpha: np.ndarray
    image: np.ndarray | None = None
    joined: np.ndarray | None = None

    def rgba(self) -> np.ndarray:
        """Return fgr and alpha as one array, uint8 (H, W, 4), which one warp can move together."""
        return cv2.merge([self.fgr, self.alpha]) if self.joined is None else self.joined


@dataclass(frozen=True)
class Labelled:
    """A photograph with a person mask.

    image: uint8 (H, W, 3) RGB. mask: bool (H, W), True on a person. valid: bool (H, W), False where it is unknown.
    """

    image: np.ndarray
    mask: np.ndarray
    valid: np.ndarray


class Source(Protocol):
    """The interface of all sources. ids: sorted."""

    name: str
    ids: tuple[str, ...]

    def files(self, id: str) -> tuple[Path, ...]:
        """Return the files that an item is decoded from, none if it is drawn."""
        ...

    def fingerprint(self) -> str:
        """Return a digest of the relative names and sizes of all files, or of the parameters of drawn items."""
        ...


class SubjectSource(Source, Protocol):
    """A source of cut-out people."""

    def load(self, id: str) -> Subject:
        """Load a subject. Raises DamagedFile for a file that cannot be decoded."""
        ...


class BackgroundSource(Source, Protocol):
    """A source of pictures to put behind a subject."""

    def load(self, id: str, reduction: Reduction | None = None) -> np.ndarray:
        """Load a picture, uint8 (H, W, 3) RGB, smaller by `reduction` where that saves time.

        Raises DamagedFile for a file that cannot be decoded.
        """
        ...


class MaskSource(Source, Protocol):
    """A source of photographs with binary person masks: a truth for segmentation, never for alpha."""

    def load(self, id: str) -> Labelled:
        """Load a photograph. Raises DamagedFile for a file that cannot be decoded."""
        ...


def fingerprint_files(root: Path, files: Iterable[Path]) -> str:
    """Return a digest (16 hex) of the relative names and sizes of files, in any order. Raises UserError."""
    lines = sorted(f"{file.relative_to(root).as_posix()} {status(file).st_size}" for file in files)
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def status(file: Path) -> os.stat_result:
    """Return the status of a file. Raises UserError for a dangling link, such as git-annex makes before a fetch."""
    try:
        return file.stat()
    except OSError as error:
        expected = "expected a file or a link to one; fetch what it links to, or remove it"
        raise UserError(f"{file}: cannot be read ({error.strerror}); {expected}") from error


def check_name(file: Path) -> None:
    """Raise UserError for a name that is not UTF-8: the file opens, but its name can neither be hashed nor logged."""
    try:
        str(file).encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{str(file)!r}: not UTF-8; expected a name that is text, rename it") from error


def check_transparent(root: Path, files: Iterable[Path], layout: str) -> None:
    """Raise UserError where the first file of a folder has no alpha channel: the folder has another layout.

    root: what the files lie below. layout: what was expected, for the error.
    """
    for file in {file.parent: file for file in sorted(files, reverse=True)}.values():
        if not may_be_transparent(file):
            raise UserError(f"{file}: no alpha channel; {root} has {subfolders(root)}; expected {layout}")


def read_annotated(file: Path, size: tuple[int, int], annotation: Path) -> np.ndarray:
    """Read an image, uint8 (H, W, 3), whose annotation has a (height, width).

    A photograph that EXIF turns is taken as it is stored where that has the annotation's size: many tools annotate
    the stored pixels. Raises DamagedFile for another size.
    """
    image = read_rgb(file)
    if image.shape[:2] != size:
        stored = as_stored(image, file)
        if stored.shape[:2] == size:
            return stored
        expected = f"{size[1]}x{size[0]} pixels as in {annotation}"
        raise DamagedFile(f"{file}: {image.shape[1]}x{image.shape[0]} pixels; expected {expected}")
    return image


class FileSource:
    """A source of files; subclasses know the layout on disk and load the items.

    name: of the data set. root: the folder to which fingerprinted names are relative. paths: id -> files of the item.
    Raises UserError for a file name that is not UTF-8.
    """

    def __init__(self, name: str, root: Path, paths: dict[str, tuple[Path, ...]]) -> None:
        for files in paths.values():
            for file in files:
                check_name(file)
        self.name = name
        self.root = root
        self.paths = paths
        self.ids = tuple(sorted(paths))

    def files(self, id: str) -> tuple[Path, ...]:
        return self.paths[id]

    def fingerprint(self) -> str:
        return fingerprint_files(self.root, {file for files in self.paths.values() for file in files})


def read_names(list_file: Path) -> list[str]:
    """Return the names of a list file: one per line, `#` starts a comment. Raises UserError if there are none."""
    try:
        # utf-8-sig: editors on Windows begin a text file with a byte order mark.
        lines = list_file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{list_file}: cannot be read; expected a text file with one name per line") from error
    names = [name for line in lines if (name := line.partition("#")[0].strip())]
    if not names:
        raise UserError(f"{list_file}: no names in it; expected one per line")
    return names


def select_ids(ids: Collection[str], list_file: Path | None, folder: Path) -> list[str]:
    """Return the ids that a list file names, with or without an image suffix, sorted; all of them without a list file.

    folder: the images' folder, for the error. Raises UserError for a listed name that is not among the ids.
    """
    if list_file is None:
        return sorted(ids)
    selected = set()
    for line in read_names(list_file):
        name = relative_name(line, folder)
        stem = stem_of(name)
        # A name may be given with its suffix, and an id may contain dots or, of two files of one stem, a suffix.
        if name not in ids and stem not in ids:
            also = sorted(id for id in ids if stem_of(id) == stem)
            wrong = f"stands for {' and '.join(also)}" if also else f"is listed but not in {folder}"
            raise UserError(f"{list_file}: {line} {wrong}; correct the list or add the file")
        selected.add(name if name in ids else stem)
    return sorted(selected)


def relative_name(line: str, folder: Path) -> str:
    """Return a listed name as ids are written: composed, and relative where it is the path of a file in the folder."""
    path = Path(line).expanduser()
    if path.is_absolute() and path.is_relative_to(folder.absolute()):
        path = path.relative_to(folder.absolute())
    return composed(path.as_posix())


def pair_files(
    fgrs: dict[str, Path], alphas: dict[str, Path], ids: Iterable[str], folder: Path
) -> dict[str, tuple[Path, ...]]:
    """Return id -> (colour file, alpha file). Raises UserError that names a file without its partner."""
    for id in ids:
        if id not in fgrs:
            raise UserError(
                f"{alphas[id]}: alpha without its foreground; expected an image {id} of colours in {folder}"
            )
        if id not in alphas:
            raise UserError(f"{fgrs[id]}: foreground without its alpha; expected an image {id} of alpha in {folder}")
    return {id: (fgrs[id], alphas[id]) for id in ids}
