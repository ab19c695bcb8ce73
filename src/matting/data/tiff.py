"""Decode the TIFFs that Pillow and OpenCV read wrongly, or not at all, with tifffile.

Pillow 13 cuts 16 bits to 8, reads uncompressed planar files as noise without a word, leaves 16-bit MinIsWhite inverted,
and does not know 16-bit gray with alpha.
"""

import logging
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from tifffile import TiffPage

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # TIFF and BigTIFF, little and big endian
MINISWHITE, MINISBLACK, RGB = 0, 1, 2
PLANES_APART = 2
PREMULTIPLIED, STRAIGHT = 1, 2  # kinds of extra sample that are alpha
UINT = 1

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what it logs about a damaged file is raised here


def decode_tiff(data: bytes) -> tuple[np.ndarray, int] | None:
    """Return the pixels of a TIFF and its orientation, 1 to 8, or None where Pillow reads it right: 8 bits or fewer.

    Pixels: uint8 or uint16, (H, W), (H, W, 3) or (H, W, 4), straight alpha. Raises ValueError for a damaged file, for
    several pictures in one file, and for pixels of another kind.
    """
    from tifffile import TiffFile

    with TiffFile(BytesIO(data)) as file:
        pages = [page.aspage() for page in file.pages]
        page = pages[0]
        if sum(other.shape == page.shape for other in pages) > 1:
            raise ValueError(f"{len(pages)} pictures in one file; expected one")
        planar = page.samplesperpixel > 1 and page.planarconfig == PLANES_APART
        if page.bitspersample <= 8 and page.sampleformat == UINT and not planar:
            return None
        if page.imagewidth * page.imagelength > 2 * (Image.MAX_IMAGE_PIXELS or np.inf):
            raise Image.DecompressionBombError
        check(page, len(data))
        turned = page.tags.get(274)
        return decoded(page, planar, data), turned.value if turned is not None else 1


def size_of_tiff(path: Path) -> tuple[int, int]:
    """Return the (height, width) of the first picture of a TIFF, from its header."""
    from tifffile import TiffFile

    with TiffFile(path) as file:
        page = file.pages[0].aspage()
        return page.imagelength, page.imagewidth


def check(page: "TiffPage", size: int) -> None:
    """Raise ValueError for pixels that are neither gray nor RGB of 8 or 16 bits, and for a file that is cut off."""
    kind = getattr(page.photometric, "name", page.photometric)
    if page.bitspersample not in (8, 16) or page.sampleformat != UINT:
        sort = {1: "whole", 2: "signed", 3: "floating-point"}.get(page.sampleformat, "other")
        raise ValueError(f"{page.bitspersample}-bit {sort} pixels; expected whole numbers of 8 or 16 bits")
    colours = {MINISWHITE: 1, MINISBLACK: 1, RGB: 3}.get(page.photometric)
    if colours is None:
        raise ValueError(f"16-bit or planar pixels of kind {kind}; expected gray or RGB")
    extra = tuple(page.extrasamples)
    if page.samplesperpixel - colours > 1 or (extra and extra[0] not in (PREMULTIPLIED, STRAIGHT)):
        raise ValueError(f"{page.samplesperpixel} samples of kind {kind} in a pixel; expected gray or RGB, and alpha")
    if any(start + count > size for start, count in zip(page.dataoffsets, page.databytecounts, strict=True)):
        raise ValueError("truncated")


def decoded(page: "TiffPage", planar: bool, data: bytes) -> np.ndarray:
    """Return the pixels of a page that was checked, gray as black to white."""
    try:
        array: np.ndarray = page.asarray()
    except ValueError as error:  # a compression that needs a further package
        array = by_libtiff(page, planar, data, error)
    if planar:
        array = np.moveaxis(array, 0, -1)
    full = np.iinfo(array.dtype).max
    if page.photometric == MINISWHITE:
        array = np.concatenate([full - array[..., :1], array[..., 1:]], -1) if array.ndim == 3 else full - array
    if array.ndim == 3 and array.shape[2] == 2:
        array = array[..., [0, 0, 0, 1]]
    if page.extrasamples and page.extrasamples[0] == PREMULTIPLIED:
        alpha = array[..., 3:].astype(np.float64)
        straight = array[..., :3] * (full / np.maximum(alpha, 1))
        array = np.concatenate([np.rint(straight.clip(0, full)), alpha], -1).astype(array.dtype)
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))


def by_libtiff(page: "TiffPage", planar: bool, data: bytes, error: ValueError) -> np.ndarray:
    """Return the samples (H, W) or (H, W, C) of a page by OpenCV. Raises ValueError for a layout that it misreads."""
    array = None
    if not planar and page.photometric != MINISWHITE and page.samplesperpixel != 2:
        array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None or array.itemsize * 8 != page.bitspersample or array[0, 0].size != page.samplesperpixel:
        name = getattr(page.compression, "name", page.compression)
        raise ValueError(f"{name} compression of this layout; expected none or ZIP") from error
    if array.ndim == 3:
        array = cv2.cvtColor(array, cv2.COLOR_BGRA2RGBA if array.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    return array
