"""Image files in, uint8 RGB or alpha out, whatever kind of file it is; and back."""

import os
import threading
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from kornia_rs.io import decode_image_png_u8
from PIL import Image, ImageOps, UnidentifiedImageError

from matting.errors import UserError

EXTENSIONS = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
ORIENTATION = 0x0112
TURNED = (5, 6, 7, 8)  # orientations that swap height and width

# (height, width) -> 1, 2, 4 or 8: by how much smaller a picture will do. JPEG then decodes low frequencies alone.
Reduction = Callable[[int, int], int]
REDUCED = {  # OpenCV's names say gray; its colour flags are added to them
    1: 0,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
SIMPLE_PNG = {"L": "mono", "RGB": "rgb", "RGBA": "rgba"}  # kornia_rs's names of Pillow's modes

# Pillow warns from 89 million pixels on, where it would still read; what it refuses (twice as much) is an error here.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class DamagedFile(UserError):
    """An image file that cannot be decoded completely; the message names it."""


def list_images(folder: Path, expected: str) -> list[Path]:
    """The image files below `folder`, sorted; hidden ones (`.x`, `._x`) are left out.

    expected: what should lie there, for the error. Raise UserError if the folder is missing or has no images.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; expected {expected}")
    found = [
        Path(parent, name)
        for parent, _, names in os.walk(folder, followlinks=True)
        for name in names
        if name.lower().endswith(EXTENSIONS) and not name.startswith(".")
    ]
    if not found:
        raise UserError(f"{folder}: no images in it ({', '.join(EXTENSIONS)}); expected {expected}")
    return sorted(found)


def read_rgb(path: Path, reduction: Reduction | None = None) -> np.ndarray:
    """uint8 (H, W, 3) RGB; an alpha channel is dropped, not applied. Raise DamagedFile.

    reduction: asked for JPEGs only; sizes are rounded up. Other kinds come whole.
    """
    array = decode(path, reduction)
    if array.ndim == 2:
        return cv2.cvtColor(array, cv2.COLOR_GRAY2RGB)
    return np.ascontiguousarray(array[..., :3])


def read_alpha(path: Path) -> np.ndarray:
    """uint8 (H, W): the alpha channel of a file that has one, if not opaque, else gray. Raise DamagedFile.

    Editors save a gray matte as opaque RGBA: then the matte is in the colours.
    """
    array = decode(path)
    if array.ndim == 2:
        return array
    if array.shape[2] == 4 and array[..., 3].min() < 255:
        return np.ascontiguousarray(array[..., 3])
    return cv2.cvtColor(array, cv2.COLOR_RGBA2GRAY if array.shape[2] == 4 else cv2.COLOR_RGB2GRAY)


def read_rgba(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """fgr uint8 (H, W, 3), colours not multiplied by alpha, and alpha uint8 (H, W), of one file.

    Raise DamagedFile, and UserError for a file without transparency.
    """
    array = decode(path)
    if array.ndim == 2 or array.shape[2] == 3:
        raise UserError(f"{path}: no alpha channel; expected an RGBA image of a cut-out person")
    return np.ascontiguousarray(array[..., :3]), np.ascontiguousarray(array[..., 3])


def read_pair(fgr_path: Path, alpha_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """fgr uint8 (H, W, 3) and alpha uint8 (H, W) from two files. Raise DamagedFile, and UserError if sizes differ."""
    fgr, alpha = read_rgb(fgr_path), read_alpha(alpha_path)
    if fgr.shape[:2] != alpha.shape:
        sizes = f"{fgr.shape[1]}x{fgr.shape[0]} and {alpha.shape[1]}x{alpha.shape[0]} pixels"
        raise UserError(f"{fgr_path} and {alpha_path}: {sizes}; expected one size, make or list them anew")
    return fgr, alpha


def read_labels(path: Path) -> np.ndarray:
    """uint8 (H, W) class numbers: the indices of a palette image, not its colours. Raise DamagedFile."""
    try:
        with Image.open(BytesIO(path.read_bytes())) as picture:
            mode, labels = picture.mode, np.array(picture)
    except Exception as error:
        raise unreadable(path, error) from error
    if mode not in ("P", "L"):
        raise UserError(f"{path}: pixels of kind {mode}; expected class numbers, a palette or gray image")
    return labels


def stored_size(path: Path) -> tuple[int, int]:
    """(height, width) from the header alone, before any EXIF rotation. Raise DamagedFile."""
    try:
        with Image.open(path) as picture:
            return picture.height, picture.width
    except Exception as error:
        raise unreadable(path, error) from error


def write_image(path: Path, array: np.ndarray) -> None:
    """Write uint8 (H, W), (H, W, 3) RGB or (H, W, 4) RGBA; the suffix of `path` chooses the kind of file."""
    if path.suffix.lower() not in EXTENSIONS:
        raise UserError(f"{path}: cannot write this kind of image; choose one of {', '.join(EXTENSIONS)}")
    if array.dtype != np.uint8:
        raise ValueError(f"expected uint8, got {array.dtype}")
    if array.ndim == 3:
        array = cv2.cvtColor(array, cv2.COLOR_RGBA2BGRA if array.shape[2] == 4 else cv2.COLOR_RGB2BGR)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix.lower(), array)[1].tobytes())


def decode(path: Path, reduction: Reduction | None = None) -> np.ndarray:
    """uint8 (H, W) gray, (H, W, 3) RGB or (H, W, 4) RGBA, EXIF rotation applied, 16 bits rounded to 8."""
    try:
        data = path.read_bytes()
        with Image.open(BytesIO(data)) as picture:
            if not ends_complete(picture.format, data):
                picture.load()
            if picture.format == "JPEG" and picture.mode in ("L", "RGB"):
                colour = cv2.IMREAD_GRAYSCALE if picture.mode == "L" else cv2.IMREAD_COLOR_RGB
                return imdecode(data, colour if reduction is None else colour | reduction_flag(picture, reduction))
            # OpenCV loses the transparent gray value that a gray PNG may name.
            if picture.format == "PNG" and not (picture.mode in ("1", "L") and "transparency" in picture.info):
                return decode_png(data, picture)
            return decode_other(picture)
    except Exception as error:
        raise unreadable(path, error) from error


def reduction_flag(picture: Image.Image, reduction: Reduction) -> int:
    width, height = picture.size
    if picture.getexif().get(ORIENTATION) in TURNED:
        height, width = width, height
    return REDUCED[reduction(height, width)]


def ends_complete(kind: str | None, data: bytes) -> bool:
    """Whether the end marker is where it should be: cheap, where OpenCV may fill what is missing with gray."""
    if kind == "JPEG":
        return data.endswith(b"\xff\xd9")
    return kind == "PNG" and data.endswith(b"IEND\xaeB`\x82")


def imdecode(data: bytes, flag: int) -> np.ndarray:
    array = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    if array is None:
        raise ValueError("broken image data")
    return array


def decode_png(data: bytes, picture: Image.Image) -> np.ndarray:
    # kornia_rs takes half of OpenCV's time (gray: a sixth), yet no other thread runs meanwhile: pools have OpenCV's
    if on_main_thread() and is_simple(data, picture):
        array = decode_image_png_u8(data, (picture.height, picture.width), SIMPLE_PNG[picture.mode])
        array = array[..., 0] if picture.mode == "L" else array
    else:
        array = imdecode(data, cv2.IMREAD_UNCHANGED)
        if array.ndim == 3:
            array = cv2.cvtColor(array, cv2.COLOR_BGRA2RGBA if array.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    if b"eXIf" in data:
        array = rotate(array, picture.getexif().get(ORIENTATION, 1))
    return to_8_bit(array)


def on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def is_simple(data: bytes, picture: Image.Image) -> bool:
    """Whether a PNG has 8 bits a channel, the 25th byte of its header, and neither palette nor transparent colour."""
    return picture.mode in SIMPLE_PNG and data[24] == 8 and "transparency" not in picture.info


def decode_other(picture: Image.Image) -> np.ndarray:
    """CMYK JPEGs (Adobe stores them inverted) and the rarer kinds of file: Pillow is slower and knows them all."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        return to_8_bit(np.asarray(picture).astype(np.uint16))
    if picture.mode in ("I", "F"):
        raise ValueError("32-bit pixels; expected 8 or 16 bits")
    if picture.has_transparency_data:
        return np.array(picture.convert("RGBA"))
    return np.array(picture.convert("L" if picture.mode in ("1", "L") else "RGB"))


def to_8_bit(array: np.ndarray) -> np.ndarray:
    # 65535 = 255 * 257; OpenCV and Pillow would cut off the low byte instead of rounding.
    return array if array.dtype == np.uint8 else cv2.convertScaleAbs(array, alpha=1 / 257)


def rotate(array: np.ndarray, orientation: int) -> np.ndarray:
    """Undo the EXIF orientation 1..8 of (H, W) or (H, W, C)."""
    if orientation in TURNED:
        array = np.swapaxes(array, 0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def unreadable(path: Path, error: Exception) -> UserError:
    """One line for all that decoders raise, which is whatever the damage ran into (SyntaxError, struct.error, ...)."""
    if isinstance(error, MemoryError):
        raise error
    if isinstance(error, OSError) and error.errno:
        return UserError(f"{path}: cannot be read ({error.strerror}); check the file and its permissions")
    if isinstance(error, Image.DecompressionBombError):
        return UserError(f"{path}: larger than 178 million pixels; scale it down first")
    if isinstance(error, UnidentifiedImageError):
        return DamagedFile(f"{path}: not an image, or damaged from its start; replace or remove it")
    return DamagedFile(f"{path}: damaged image ({' '.join(str(error).split())}); replace or remove it")
