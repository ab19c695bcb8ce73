"""Read and write image files; arrays are uint8, colours are RGB, for every kind of file."""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from matting.data.decoding import ORIENTATION, DamagedFile, Reduction, decode, rotate, unreadable
from matting.data.tiff import STARTS, size_of_tiff
from matting.errors import UserError

WRITTEN = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def read_rgb(path: Path, reduction: Reduction | None = None) -> np.ndarray:
    """Read a file as uint8 (H, W, 3) RGB; an alpha channel is dropped, not applied. Raise DamagedFile.

    reduction: called for JPEGs, which may be decoded at 1/2, 1/4 or 1/8; sizes are rounded up. Other kinds are not
    reduced.
    """
    array = decode(path, reduction)
    if array.ndim == 2:
        return cv2.cvtColor(array, cv2.COLOR_GRAY2RGB)
    return np.ascontiguousarray(array[..., :3])


def read_alpha(path: Path) -> np.ndarray:
    """Read a file as uint8 (H, W): its alpha channel, or its gray values where that is missing or opaque.

    Some editors save a gray matte as opaque RGBA. Raise DamagedFile.
    """
    array = decode(path)
    if array.ndim == 2:
        return array
    if array.shape[2] == 4 and array[..., 3].min() < 255:
        return np.ascontiguousarray(array[..., 3])
    return cv2.cvtColor(array, cv2.COLOR_RGBA2GRAY if array.shape[2] == 4 else cv2.COLOR_RGB2GRAY)


def read_rgba(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read fgr uint8 (H, W, 3), not multiplied by alpha, and alpha uint8 (H, W) from one file.

    Raise DamagedFile, and UserError for a file without transparency.
    """
    array = decode(path)
    if array.ndim == 2 or array.shape[2] == 3:
        raise UserError(f"{path}: no alpha channel; expected an RGBA image of a cut-out person")
    return np.ascontiguousarray(array[..., :3]), checked_alpha(np.ascontiguousarray(array[..., 3]), path)


def may_be_transparent(path: Path) -> bool:
    """Return whether a file has an alpha channel or a transparent colour, by its header; True where that is open."""
    try:
        with Image.open(path) as picture:
            return picture.format == "TIFF" or picture.has_transparency_data
    except Exception:  # the reader of the file says what is wrong with it
        return True


def read_pair(fgr_path: Path, alpha_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read fgr uint8 (H, W, 3) and alpha uint8 (H, W). Raise DamagedFile, and UserError if their sizes differ.

    An alpha of the stored size of a photograph that EXIF turns is turned with it.
    """
    fgr, alpha = read_rgb(fgr_path), checked_alpha(read_alpha(alpha_path), alpha_path)
    if fgr.shape[:2] != alpha.shape:
        turned = as_shown(alpha, fgr_path)
        if fgr.shape[:2] == turned.shape:
            return fgr, turned
        sizes = f"{fgr.shape[1]}x{fgr.shape[0]} and {alpha.shape[1]}x{alpha.shape[0]} pixels"
        raise UserError(f"{fgr_path} and {alpha_path}: {sizes}; expected one size, make or list them anew")
    return fgr, alpha


def checked_alpha(alpha: np.ndarray, path: Path) -> np.ndarray:
    """Return a subject's alpha. Raises DamagedFile for one of 0 and 1, a mask that was not scaled to 255."""
    if alpha.max() == 1:
        raise DamagedFile(f"{path}: no alpha above 1 of 255; expected 0 to 255, multiply its values by 255")
    return alpha


def orientation(path: Path) -> int:
    """Return the EXIF orientation of a picture, 1 to 8. Raise DamagedFile."""
    try:
        with Image.open(path) as picture:
            found = picture.getexif().get(ORIENTATION, 1)
    except Exception as error:
        raise unreadable(path, error) from error
    return found if found in range(1, 9) else 1


def as_shown(plane: np.ndarray, photograph: Path) -> np.ndarray:
    """Return a plane (H, W) that was drawn on the stored pixels of a photograph, turned as EXIF turns that."""
    return rotate(plane, orientation(photograph))


def as_stored(image: np.ndarray, photograph: Path) -> np.ndarray:
    """Return a photograph that `read_rgb` has turned as its pixels are stored."""
    turned = orientation(photograph)
    return rotate(image, {6: 8, 8: 6}.get(turned, turned))  # each other orientation undoes itself


def read_labels(path: Path) -> np.ndarray:
    """Read class numbers, uint8 (H, W): the indices of a palette image, not its colours. Raise DamagedFile."""
    try:
        with Image.open(BytesIO(path.read_bytes())) as picture:
            mode, labels = picture.mode, np.array(picture)
    except Exception as error:
        raise unreadable(path, error) from error
    if mode not in ("P", "L"):
        raise UserError(f"{path}: pixels of kind {mode}; expected class numbers, a palette or gray image")
    return labels


def stored_size(path: Path) -> tuple[int, int]:
    """Return (height, width) from the header, before any EXIF rotation. Raise DamagedFile."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start in STARTS:  # Pillow does not open all of them
            return size_of_tiff(path)
        with Image.open(path) as picture:
            return picture.height, picture.width
    except Exception as error:
        raise unreadable(path, error) from error


def write_image(path: Path, array: np.ndarray) -> None:
    """Write uint8 (H, W), (H, W, 3) RGB or (H, W, 4) RGBA; the suffix of `path` chooses the kind of file."""
    if path.suffix.lower() not in WRITTEN:
        raise UserError(f"{path}: cannot write this kind of image; choose one of {', '.join(WRITTEN)}")
    if array.dtype != np.uint8:
        raise ValueError(f"expected uint8, got {array.dtype}")
    if array.ndim == 3:
        array = cv2.cvtColor(array, cv2.COLOR_RGBA2BGRA if array.shape[2] == 4 else cv2.COLOR_RGB2BGR)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix.lower(), array)[1].tobytes())
