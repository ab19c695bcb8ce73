"""Decode image files to uint8 pixels, each kind of file by the fastest decoder that reads it correctly."""

import threading
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from kornia_rs.io import decode_image_png_u8
from PIL import Image, ImageOps, UnidentifiedImageError

from matting.data.kinds import not_a_picture
from matting.data.tiff import STARTS, decode_tiff
from matting.errors import UserError

ORIENTATION = 0x0112
TURNED = (5, 6, 7, 8)  # orientations that swap height and width

# (height, width) of a picture -> 1, 2, 4 or 8, the factor by which it may be smaller. A JPEG then decodes faster.
Reduction = Callable[[int, int], int]
REDUCED = {  # OpenCV's flags of reduced size; the flag of the colour is or-ed with them
    1: 0,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
SIMPLE_PNG = {"L": "mono", "RGB": "rgb", "RGBA": "rgba"}  # kornia_rs's names of Pillow's modes

# Pillow warns of images above 89 million pixels, and reads them. It refuses twice as many: that is an error here.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class DamagedFile(UserError):
    """Error: an image file that cannot be decoded completely. The message names the file."""


def decode(path: Path, reduction: Reduction | None = None) -> np.ndarray:
    """Return the pixels of an image file: uint8 (H, W) gray, (H, W, 3) RGB or (H, W, 4) RGBA.

    The EXIF rotation is applied, and 16 bits are rounded to 8. reduction: how much smaller a JPEG may be decoded.
    Raises UserError for a file that cannot be read, DamagedFile for one that cannot be decoded completely.
    """
    try:
        data = path.read_bytes()
        if data.startswith(STARTS) and (found := decode_tiff(data)):
            return rotate(to_8_bit(found[0]), found[1])
        with Image.open(BytesIO(data)) as picture:
            # OpenCV fills the missing part of a truncated file with gray; Pillow raises.
            if not ends_complete(picture.format, data):
                picture.load()
            if picture.format == "JPEG" and picture.mode in ("L", "RGB"):
                colour = cv2.IMREAD_GRAYSCALE if picture.mode == "L" else cv2.IMREAD_COLOR_RGB
                return imdecode(data, colour if reduction is None else colour | reduction_flag(picture, reduction))
            if picture.format == "PNG":
                return decode_png(data, picture)
            return decode_other(picture)
    except Exception as error:
        raise unreadable(path, error) from error


def reduction_flag(picture: Image.Image, reduction: Reduction) -> int:
    """Return OpenCV's flag for the reduction of a picture, by its size after the EXIF rotation."""
    width, height = picture.size
    if picture.getexif().get(ORIENTATION) in TURNED:
        height, width = width, height
    return REDUCED[reduction(height, width)]


def ends_complete(kind: str | None, data: bytes) -> bool:
    """Return whether a JPEG or PNG ends with its end marker."""
    if kind == "JPEG":
        return data.endswith(b"\xff\xd9")
    return kind == "PNG" and data.endswith(b"IEND\xaeB`\x82")


def imdecode(data: bytes, flag: int) -> np.ndarray:
    """Decode with OpenCV. Raises ValueError where it returns nothing."""
    array = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    if array is None:
        raise ValueError("broken image data")
    return array


def decode_png(data: bytes, picture: Image.Image) -> np.ndarray:
    """Decode a PNG to uint8 gray, RGB or RGBA."""
    # kornia_rs takes half of OpenCV's time (a sixth for gray) but holds Python's lock: only the main thread uses it.
    if on_main_thread() and is_simple(data, picture):
        array = decode_image_png_u8(data, (picture.height, picture.width), SIMPLE_PNG[picture.mode])
        array = array[..., 0] if picture.mode == "L" else array
    else:
        array = imdecode(data, cv2.IMREAD_UNCHANGED)
        if array.ndim == 3:
            array = cv2.cvtColor(array, cv2.COLOR_BGRA2RGBA if array.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    if b"eXIf" in data:
        array = rotate(array, picture.getexif().get(ORIENTATION, 1))
    if array.ndim == 2 and isinstance(picture.info.get("transparency"), int):
        return transparent_gray(array, picture.info["transparency"], data[24])
    return to_8_bit(array)


def transparent_gray(gray: np.ndarray, transparent: int, bits: int) -> np.ndarray:
    """Return uint8 (H, W, 4) of a gray PNG that declares one value of `bits` transparent; decoders ignore it.

    gray: (H, W), uint8 with 1 to 8 bits stretched to 255, or uint16.
    """
    most = 2**bits - 1
    value = (transparent & most) * (np.iinfo(gray.dtype).max // most)
    return cv2.merge([*[to_8_bit(gray)] * 3, (gray != value).astype(np.uint8) * np.uint8(255)])


def on_main_thread() -> bool:
    """Return whether this is the main thread of its process."""
    return threading.current_thread() is threading.main_thread()


def is_simple(data: bytes, picture: Image.Image) -> bool:
    """Return whether a PNG has 8 bits per channel and neither a palette nor a transparent colour."""
    bits = data[24]  # of the header: signature 8 bytes, length and name of the chunk 8, width and height 8
    return picture.mode in SIMPLE_PNG and bits == 8 and "transparency" not in picture.info


def decode_other(picture: Image.Image) -> np.ndarray:
    """Decode with Pillow, which is slower and knows all kinds of file, also CMYK JPEGs (Adobe's are inverted)."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        return to_8_bit(np.asarray(picture).astype(np.uint16))
    if picture.mode in ("I", "F"):
        raise ValueError("32-bit pixels; expected 8 or 16 bits")
    if picture.has_transparency_data:
        return np.array(picture.convert("RGBA"))
    return np.array(picture.convert("L" if picture.mode in ("1", "L") else "RGB"))


def to_8_bit(array: np.ndarray) -> np.ndarray:
    """Return uint8 or uint16 values as uint8. Raises ValueError for 8-bit values that were stored as 16-bit."""
    if array.dtype == np.uint16 and 0 < array.max() <= 255:
        raise ValueError("16-bit pixels, and none above 255 of 65535; save 8-bit values as 8 bits")
    # 65535 = 255 * 257. OpenCV and Pillow would drop the low byte instead of rounding.
    return array if array.dtype == np.uint8 else cv2.convertScaleAbs(array, alpha=1 / 257)


def rotate(array: np.ndarray, orientation: int) -> np.ndarray:
    """Return an array (H, W) or (H, W, C) with its EXIF orientation, 1 to 8, undone."""
    if orientation in TURNED:
        array = np.swapaxes(array, 0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def unreadable(path: Path, error: Exception) -> UserError:
    """Return an error of one line for any exception of a decoder: damage can raise SyntaxError, struct.error, ...

    Raises the exception again if it is a MemoryError.
    """
    if isinstance(error, MemoryError):
        raise error
    if isinstance(error, OSError) and error.errno:
        return UserError(f"{path}: cannot be read ({error.strerror}); check the file and its permissions")
    if isinstance(error, Image.DecompressionBombError):
        return UserError(f"{path}: larger than 178 million pixels; scale it down first")
    if what := not_a_picture(beginning(path)):
        return DamagedFile(f"{path}: {what}")
    if isinstance(error, UnidentifiedImageError):
        return DamagedFile(f"{path}: not an image, or damaged from its start; replace or remove it")
    return DamagedFile(f"{path}: damaged image ({' '.join(str(error).split())}); replace or remove it")


def beginning(path: Path) -> bytes:
    """Return the first bytes of a file, none where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError:
        return b""
