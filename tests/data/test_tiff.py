"""TIFFs as tifffile writes them, and gray PNGs with a transparent value: pixels compared, or refused in one line."""

import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from matting.data.decoding import decode
from matting.data.images import read_alpha, read_rgb, read_rgba, stored_size
from matting.errors import UserError

SIZE = (13, 22)
STRAIGHT: dict[str, Any] = {"extrasamples": ["unassalpha"]}


def values(dtype: type, *channels: int) -> np.ndarray:
    full = np.iinfo(dtype).max
    return np.random.default_rng(0).integers(0, full, (*SIZE, *channels), dtype, endpoint=True)


def rounded(array: np.ndarray) -> np.ndarray:
    """Return bytes: 16 bits divided by 257 and rounded, which is what the low byte decides."""
    return array if array.dtype == np.uint8 else np.rint(array / 257).astype(np.uint8)


LAYOUTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "big endian": {"byteorder": ">"},
    "BigTIFF": {"bigtiff": True},
    "tiles": {"tile": (16, 16)},
    "strips": {"rowsperstrip": 3},
    "zlib": {"compression": "zlib"},
    "predictor": {"compression": "zlib", "predictor": True},
}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("planar", [False, True])
def test_colours(tmp_path, dtype, layout, channels, planar):
    array, file = values(dtype, channels), tmp_path / "a.tif"
    keys = {"photometric": "rgb", **LAYOUTS[layout], **(STRAIGHT if channels == 4 else {})}
    if planar:
        tifffile.imwrite(file, np.moveaxis(array, 2, 0), planarconfig="separate", **keys)
    else:
        tifffile.imwrite(file, array, **keys)
    np.testing.assert_array_equal(decode(file), rounded(array))
    assert stored_size(file) == SIZE


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["minisblack", "miniswhite"])
def test_gray(tmp_path, dtype, layout, kind):
    array, file = values(dtype), tmp_path / "a.tif"
    tifffile.imwrite(file, array, photometric=kind, **LAYOUTS[layout])
    expected = array if kind == "minisblack" else np.iinfo(dtype).max - array
    np.testing.assert_array_equal(read_alpha(file), rounded(expected))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planar", [False, True])
def test_gray_and_alpha(tmp_path, dtype, planar):
    array, file = values(dtype, 2), tmp_path / "a.tif"
    stored, config = (np.moveaxis(array, 2, 0), "separate") if planar else (array, "contig")
    tifffile.imwrite(file, stored, photometric="minisblack", planarconfig=config, **STRAIGHT)
    colours, alpha = read_rgba(file)
    np.testing.assert_array_equal(alpha, rounded(array[..., 1]))
    np.testing.assert_array_equal(colours, rounded(array[..., [0, 0, 0]]))
    assert stored_size(file) == SIZE


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_premultiplied_colours_are_divided(tmp_path, dtype):
    full = np.iinfo(dtype).max
    alpha = values(dtype)
    colours = (values(dtype, 3) * (alpha[..., None] / full)).astype(dtype)
    array = np.dstack([colours, alpha])
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", extrasamples=["assocalpha"])
    found, share = read_rgba(tmp_path / "a.tif")
    np.testing.assert_array_equal(share, rounded(alpha))
    there = alpha > full // 8
    expected = colours[there] / alpha[there][:, None] * 255
    assert np.abs(found[there] - expected).max() <= 1


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_sixteen_bits_of_every_compression(tmp_path, compression, channels):
    array, file = values(np.uint16, *channels), tmp_path / "a.tif"
    stored = array[..., [2, 1, 0, 3][: channels[0]]] if channels else array
    cv2.imwrite(str(file), stored, [cv2.IMWRITE_TIFF_COMPRESSION, compression])
    np.testing.assert_array_equal(decode(file), rounded(array))


def test_the_orientation_is_undone(tmp_path):
    array = values(np.uint16, 3)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.tif"), rounded(np.rot90(array, -1)))


REFUSED: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    "float32": (np.zeros(SIZE, np.float32), {}),
    "float16 RGB": (np.zeros((*SIZE, 3), np.float16), {"photometric": "rgb"}),
    "32 bits": (np.zeros(SIZE, np.uint32), {}),
    "signed": (np.zeros(SIZE, np.int16), {}),
    "signed bytes": (np.zeros(SIZE, np.int8), {}),
    "a stack": (np.zeros((4, *SIZE), np.uint16), {"photometric": "minisblack"}),
    "a stack of bytes": (np.zeros((3, *SIZE), np.uint8), {"photometric": "minisblack"}),
    "five channels": (np.zeros((*SIZE, 5), np.uint16), {"photometric": "rgb"}),
    "a second channel of no kind": (
        np.zeros((*SIZE, 2), np.uint16),
        {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": ["unspecified"]},
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_named(tmp_path, name):
    array, keys = REFUSED[name]
    tifffile.imwrite(tmp_path / "a.tif", array, **keys)
    with pytest.raises(UserError, match=r"a\.tif.*expected") as error:
        decode(tmp_path / "a.tif")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_named(tmp_path, share, capfd):
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, values(np.uint16, 3), photometric="rgb")
    data = file.read_bytes()
    file.write_bytes(data[: int(share * len(data))])
    with pytest.raises(UserError, match=r"a\.tif"):
        decode(file)
    assert capfd.readouterr().err == ""


def save_gray_png(file: Path, stored: np.ndarray, bits: int, transparent: int) -> None:
    """Write a gray PNG of 1 to 16 bits a pixel with a tRNS chunk. stored: (H, W), values below 2**bits."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = stored.shape
    digits = (stored[..., None].astype(np.int64) >> np.arange(bits)[::-1]) & 1
    rows = np.packbits(digits.reshape(height, -1).astype(np.uint8), axis=1)
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))]
    parts += [(b"tRNS", struct.pack(">H", transparent)), (b"IDAT", pixels), (b"IEND", b"")]
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_gray_png_keeps_its_transparent_value(tmp_path, bits):
    most = 2**bits - 1
    stored = np.random.default_rng(0).integers(0, most, SIZE, endpoint=True)
    transparent = int(stored[3, 4])
    stored[0, 0] = transparent + (1 if transparent < most else -1)  # rounds to the same byte at 16 bits
    save_gray_png(tmp_path / "a.png", stored, bits, transparent)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == SIZE[::-1]
    gray, alpha = read_rgba(tmp_path / "a.png")
    np.testing.assert_array_equal(alpha, np.where(stored == transparent, 0, 255))
    np.testing.assert_array_equal(gray[..., 0], np.rint(stored * (255 / most)))
