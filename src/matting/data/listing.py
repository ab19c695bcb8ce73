"""Find the picture files below a folder, and give each an id."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from matting.data.kinds import EXTENSIONS, UNREAD, is_hidden, is_picture, stem_of
from matting.errors import UserError
from matting.utils.console import say_once

NAMED = 8  # the most folders or files that a message names


def list_images(folder: Path, expected: str) -> list[Path]:
    """Return the image files below `folder`, sorted, without hidden files and those in hidden folders.

    A line names pictures of kinds that are not read. expected: what the folder should hold, for the error. Raise
    UserError if it is missing or has no images.
    """
    if not folder.is_dir():
        raise absent(folder, expected)
    files = [Path(parent, name) for parent, names in walk(folder) for name in names if not is_hidden(name)]
    found = pictures_of(files, folder)
    if not found:
        raise UserError(f"{folder}: no images in it ({', '.join(EXTENSIONS)}); expected {expected}")
    return found


def pictures_of(files: Sequence[Path], folder: Path) -> list[Path]:
    """Return the files that are read as pictures, sorted; a line names pictures of other kinds."""
    if left_out := kinds_left_out(files):
        say_once(f"warning: {folder}: left out {left_out}; convert them to PNG or JPEG")
    return sorted(file for file in files if is_picture(file.name))


def kinds_left_out(files: Sequence[Path]) -> str:
    """Return the number, kinds and first names of pictures that are not read; an empty text if there are none."""
    names = sorted(file.name for file in files if file.suffix.lower() in UNREAD)
    if not names:
        return ""
    kinds = sorted({PurePath(name).suffix.lower() for name in names})
    count = "1 file" if len(names) == 1 else f"{len(names)} files"
    return f"{count} of kinds that are not read ({', '.join(kinds)}): {first(names)}"


def absent(folder: Path, expected: str) -> UserError:
    """Return the error for a folder that is missing. It names the folders that are there instead."""
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    return UserError(f"{folder}: no such folder; {there} has {subfolders(there)}; expected {expected}")


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder that are not hidden, sorted."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not is_hidden(path.name))


def subfolders(folder: Path) -> str:
    """Return the names of the folders in a folder, for a message."""
    names = [path.name for path in folders_in(folder)]
    return f"the folders {first(names)}" if names else "no folders"


def first(names: Sequence[str]) -> str:
    """Return the first few names, for a message; what is not UTF-8 in them is escaped."""
    shown = [name.encode(errors="backslashreplace").decode() for name in names[:NAMED]]
    return ", ".join(shown) + (", ..." if len(names) > NAMED else "")


def walk(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield `folder` and each folder below it that is not hidden, with the names of its files.

    Links are followed, except to a folder that contains them: its files would come again until the path is too long.
    Raises UserError for a folder that cannot be read.
    """
    ways = {folder: frozenset([identity(folder)])}
    for parent, folders, names in os.walk(folder, followlinks=True, onerror=refuse):
        way = ways.pop(Path(parent))
        inner = {name: identity(Path(parent, name)) for name in folders if not is_hidden(name)}
        folders[:] = [name for name in inner if inner[name] not in way]
        ways |= {Path(parent, name): way | {inner[name]} for name in folders}
        yield Path(parent), names


def refuse(error: OSError) -> None:
    raise UserError(f"{error.filename}: cannot be read ({error.strerror}); change its permissions, or move it away")


def identity(folder: Path) -> tuple[int, int]:
    """Return what a folder and all links to it have in common: device and inode."""
    status = folder.stat()
    return status.st_dev, status.st_ino


def index_images(folder: Path, expected: str) -> dict[str, Path]:
    """Return id -> file of all images below a folder whose files have partners elsewhere; the id is `stem_of`.

    expected: the layout, for the error. Raises UserError for a folder without images, and for two images of one id:
    either could be the partner.
    """
    found: dict[str, Path] = {}
    for file in list_images(folder, expected):
        add_image(found, stem_of(file.relative_to(folder).as_posix()), file)
    return found


def add_image(found: dict[str, Path], id: str, file: Path) -> None:
    """Add a file to `found`. Raises UserError where another one has its id."""
    if id in found:
        raise UserError(f"{found[id]} and {file}: two images of one name; remove one of them")
    found[id] = file


def name_images(folder: Path, expected: str) -> dict[str, Path]:
    """Return id -> file of all images below a folder that have no partners: two of one stem are two images."""
    files = list_images(folder, expected)
    return dict(zip(distinct_names([file.relative_to(folder) for file in files]), files, strict=True))


def distinct_names(paths: Sequence[PurePath]) -> list[str]:
    """Return a distinct name for each relative path: `sub/a` for sub/a.jpg; doubles keep their suffixes."""
    names = [stem_of(path.as_posix()) for path in paths]
    while clashes := {name for name, count in Counter(names).items() if count > 1}:
        names = [path.as_posix() if name in clashes else name for path, name in zip(paths, names, strict=True)]
    return names
