"""Say which files are pictures, and what a picture is called: one rule for folders, single files, lists and results."""

import unicodedata
from pathlib import Path

from matting.errors import UserError

EXTENSIONS = (
    *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".mpo"),
    *(".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"),
)
# Pictures that are not read. A folder that has some says so.
UNREAD = (
    *(".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".raw", ".rw2"),
    *(".ai", ".eps", ".exr", ".hdr", ".heic", ".heif", ".ico", ".j2k", ".jxl", ".jxr", ".psd", ".svg", ".tga", ".xcf"),
)
# Folders that systems fill with copies, thumbnails and deleted files. Names that begin with a dot are hidden, too.
OF_SYSTEMS = ("__macosx", "@eadir", "#recycle", "$recycle.bin", "lost+found", "system volume information")

# What a file is by its first bytes, for files that are no pictures whatever their suffix says -> what to do with it.
CONVERT = "convert it to PNG or JPEG"
MARKS = {
    b"version https://git-lfs": ("a pointer of Git LFS", "fetch the file, for instance by `git lfs pull`"),
    b"%PDF": ("a PDF", CONVERT),
    b"\xff\x0a": ("a JPEG XL, a kind that is not read here", CONVERT),
    b"\0\0\0\x0cJXL ": ("a JPEG XL, a kind that is not read here", CONVERT),
    b"<!doctype html": ("a web page", "download the picture itself"),
    b"<html": ("a web page", "download the picture itself"),
}
HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def is_picture(name: str) -> bool:
    """Return whether a file of this name is read as a picture."""
    return name.lower().endswith(EXTENSIONS)


def is_hidden(name: str) -> bool:
    """Return whether a file or folder of this name is never data: `.x`, `._x`, `.ipynb_checkpoints`, `__MACOSX`."""
    return name.startswith(".") or name.lower() in OF_SYSTEMS


def composed(name: str) -> str:
    """Return a name with each accented letter as one character (NFC). macOS takes them apart in archives."""
    return unicodedata.normalize("NFC", name)


def stem_of(name: str) -> str:
    """Return the name by which files are paired: composed, without a picture's suffix, `sub/a` for sub/a.jpg."""
    name = composed(name)
    return name[: name.rindex(".")] if is_picture(name) else name


def check_kind(file: Path, key: str) -> None:
    """Raise UserError for a single file that a folder would leave out because of its suffix; key: the word before."""
    if not is_picture(file.name):
        raise UserError(f"{key}: a kind of file that is not read here; expected one of {', '.join(EXTENSIONS)}")


def not_a_picture(data: bytes) -> str | None:
    """Return what a file is that begins with `data` and no decoder reads, and what to do; None where that is open."""
    if data[4:8] == b"ftyp" and data[8:12] in HEIC:
        return f"a HEIC, a kind that is not read here; {CONVERT}"
    start = data[:64].lstrip().lower()
    found = next((what for mark, what in MARKS.items() if data.startswith(mark) or start.startswith(mark)), None)
    return found and "; ".join(found)
