"""Tests of image files: every kind is read correctly or refused by name."""

import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from matting.data.decoding import DamagedFile
from matting.data.images import (
    read_alpha,
    read_labels,
    read_pair,
    read_rgb,
    read_rgba,
    stored_size,
    write_image,
)
from matting.errors import UserError

HEIGHT, WIDTH = 40, 56
STORE_TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(params=[True, False], ids=["main", "pool"])
def decoder(request, monkeypatch):
    """Let the test decode as on the main thread, and as on a thread of a pool, which has another decoder of PNGs."""
    monkeypatch.setattr("matting.data.decoding.on_main_thread", lambda: request.param)


@pytest.fixture(scope="module")
def rgb() -> np.ndarray:
    coarse = np.random.default_rng(5).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)


@pytest.fixture(scope="module")
def alpha() -> np.ndarray:
    return np.tile(np.linspace(0, 255, WIDTH).round().astype(np.uint8), (HEIGHT, 1))


def save16(path: Path, array: np.ndarray) -> None:
    """Write a 16-bit PNG of 8-bit values."""
    wide = array.astype(np.uint16) * 257
    if array.ndim == 3:
        wide = wide[..., [2, 1, 0, 3][: array.shape[2]]]
    cv2.imwrite(str(path), wide)


def save_interlaced(path: Path, array: np.ndarray) -> None:
    """Write an Adam7 PNG, which neither Pillow nor OpenCV writes."""
    rows = b""
    for top, left, down, right in [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]:
        rows += b"".join(b"\0" + row.tobytes() for row in array[top::down, left::right])
    rows += b"".join(b"\0" + row.tobytes() for row in array[1::2])
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 1)), (b"IDAT", zlib.compress(rows))]
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in [*chunks, (b"IEND", b"")]:
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    path.write_bytes(data)


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


COLOUR_FILES: dict[str, tuple[Callable[[Path, np.ndarray], object], float]] = {
    "rgb.png": (lambda path, rgb: Image.fromarray(rgb).save(path), 0),
    "sixteen.png": (save16, 0),
    "interlaced.png": (save_interlaced, 0),
    "rgba.png": (lambda path, rgb: Image.fromarray(np.dstack([rgb, rgb[..., :1]])).save(path), 0),
    "palette.png": (lambda path, rgb: Image.fromarray(rgb).quantize(256).save(path), 8),
    "palette-see-through.png": (lambda path, rgb: Image.fromarray(rgb).quantize(256).save(path, transparency=0), 8),
    "rgb.jpg": (lambda path, rgb: Image.fromarray(rgb).save(path, quality=97), 3),
    "progressive.jpg": (lambda path, rgb: Image.fromarray(rgb).save(path, quality=97, progressive=True), 3),
    "cmyk.jpg": (lambda path, rgb: Image.fromarray(rgb).convert("CMYK").save(path, quality=97), 3),
    "rgb.webp": (lambda path, rgb: Image.fromarray(rgb).save(path, lossless=True), 0),
    "rgb.bmp": (lambda path, rgb: Image.fromarray(rgb).save(path), 0),
    "rgb.tif": (lambda path, rgb: Image.fromarray(rgb).save(path), 0),
    "CAPITALS.PNG": (lambda path, rgb: Image.fromarray(rgb).save(path), 0),
}


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize("name", COLOUR_FILES)
def test_read_rgb_of_every_kind(tmp_path, rgb, name):
    save, tolerance = COLOUR_FILES[name]
    save(tmp_path / name, rgb)
    read = read_rgb(tmp_path / name)
    assert read.dtype == np.uint8
    assert read.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(read.astype(int) - rgb).mean() <= tolerance
    assert read.flags.c_contiguous


def test_the_main_thread_and_a_pool_have_decoders_of_their_own(tmp_path, rgb, monkeypatch):
    write_image(tmp_path / "rgb.png", rgb)
    used = []
    monkeypatch.setattr("matting.data.decoding.decode_image_png_u8", lambda *_: used.append("main") or rgb)
    monkeypatch.setattr("matting.data.decoding.imdecode", lambda *_: used.append("pool") or rgb[..., ::-1])
    with ThreadPoolExecutor(1) as pool:
        np.testing.assert_array_equal(pool.submit(read_rgb, tmp_path / "rgb.png").result(), rgb)
    np.testing.assert_array_equal(read_rgb(tmp_path / "rgb.png"), rgb)
    assert used == ["pool", "main"]


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize(("mode", "suffix"), [("L", "png"), ("1", "png"), ("LA", "png"), ("1", "tif"), ("L", "jpg")])
def test_read_rgb_of_gray(tmp_path, alpha, mode, suffix):
    picture = Image.fromarray(alpha).convert(mode)
    picture.save(tmp_path / f"gray.{suffix}")
    expected = np.array(picture.convert("L"))
    read = read_rgb(tmp_path / f"gray.{suffix}")
    assert read.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(read.astype(int) - expected[..., None]).max() <= (2 if suffix == "jpg" else 0)


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize("orientation", STORE_TURNED)
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_exif_rotation_is_undone(tmp_path, rgb, orientation, suffix):
    path = tmp_path / f"turned.{suffix}"
    options = {"quality": 97} if suffix == "jpg" else {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(rgb).transpose(STORE_TURNED[orientation]).save(path, exif=exif(orientation), **options)
    assert np.abs(read_rgb(path).astype(int) - rgb).mean() < 3


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_exif_rotation_of_a_gray_alpha(tmp_path, alpha, suffix):
    path = tmp_path / f"turned.{suffix}"
    Image.fromarray(alpha).transpose(STORE_TURNED[6]).save(path, exif=exif(6))
    assert np.abs(read_alpha(path).astype(int) - alpha).mean() < 2


@pytest.mark.parametrize("times", [1, 2, 4, 8])
@pytest.mark.parametrize("gray", [False, True], ids=["rgb", "gray"])
def test_a_jpeg_is_decoded_smaller(tmp_path, rgb, times, gray):
    picture = cv2.resize(rgb[..., 0] if gray else rgb, (301, 203))
    path = tmp_path / "large.jpg"
    write_image(path, picture)
    whole = read_rgb(path)
    small = read_rgb(path, lambda height, width: times)
    assert small.shape == (-(-203 // times), -(-301 // times), 3)
    padded = cv2.copyMakeBorder(whole, 0, -203 % times, 0, -301 % times, cv2.BORDER_REPLICATE)
    averaged = cv2.resize(padded, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - averaged).mean() < 1


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_reduction_is_asked_with_the_size_as_it_is_shown(tmp_path, rgb, orientation):
    path, asked = tmp_path / "turned.jpg", []
    stored = Image.fromarray(rgb)
    if orientation != 1:
        stored = stored.transpose(STORE_TURNED[orientation])
    stored.save(path, exif=exif(orientation))
    small = read_rgb(path, lambda *size: asked.append(size) or 4)
    assert asked == [(HEIGHT, WIDTH)]
    assert small.shape == (HEIGHT // 4, WIDTH // 4, 3)


def test_other_kinds_of_file_come_whole(tmp_path, rgb):
    write_image(tmp_path / "rgb.png", rgb)
    assert np.array_equal(read_rgb(tmp_path / "rgb.png", lambda height, width: 8), rgb)


ALPHA_FILES: dict[str, Callable[[Path, np.ndarray], object]] = {
    "gray.png": lambda path, alpha: Image.fromarray(alpha).save(path),
    "gray16.png": save16,
    "gray16.tif": lambda path, alpha: Image.fromarray(alpha.astype(np.uint16) * 257).save(path),
    "rgb.png": lambda path, alpha: Image.fromarray(np.dstack([alpha] * 3)).save(path),
    "rgba.png": lambda path, alpha: Image.fromarray(np.dstack([alpha // 2] * 3 + [alpha])).save(path),
    "rgba16.png": lambda path, alpha: save16(path, np.dstack([alpha // 2] * 3 + [alpha])),
    "la.png": lambda path, alpha: Image.fromarray(np.dstack([alpha // 2, alpha])).save(path),
    "opaque-rgba.png": lambda path, alpha: Image.fromarray(np.dstack([alpha] * 3 + [np.full_like(alpha, 255)])).save(
        path
    ),
    "palette.png": lambda path, alpha: Image.fromarray(alpha).convert("P").save(path),
    "palette-see-through.png": lambda path, alpha: (
        Image.fromarray(alpha).convert("P").save(path, transparency=bytes(range(256)))
    ),
    "rgba.webp": lambda path, alpha: Image.fromarray(np.dstack([alpha] * 4)).save(path, lossless=True, exact=True),
}


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize("name", ALPHA_FILES)
def test_read_alpha_of_every_kind(tmp_path, alpha, name):
    ALPHA_FILES[name](tmp_path / name, alpha)
    read = read_alpha(tmp_path / name)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, alpha)


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_rounded(tmp_path, suffix):
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(values).save(tmp_path / f"ramp.{suffix}")
    np.testing.assert_array_equal(read_alpha(tmp_path / f"ramp.{suffix}"), np.rint(values / 257))


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize("bits", [8, 16])
def test_read_rgba_keeps_colours_where_alpha_is_zero(tmp_path, rgb, alpha, bits):
    path, rgba = tmp_path / "cut.png", np.dstack([rgb, alpha])
    Image.fromarray(rgba).save(path) if bits == 8 else save16(path, rgba)
    fgr, read = read_rgba(path)
    np.testing.assert_array_equal(fgr, rgb)
    np.testing.assert_array_equal(read, alpha)


@pytest.mark.usefixtures("decoder")
def test_read_rgba_of_a_transparent_gray_value(tmp_path):
    gray = np.repeat(np.array([[10, 20]], np.uint8), 8, 0)
    Image.fromarray(gray).save(tmp_path / "key.png", transparency=20)
    fgr, alpha = read_rgba(tmp_path / "key.png")
    np.testing.assert_array_equal(fgr[0], [[10] * 3, [20] * 3])
    np.testing.assert_array_equal(alpha[0], [255, 0])


def test_read_rgba_needs_an_alpha_channel(tmp_path, rgb):
    write_image(tmp_path / "flat.png", rgb)
    with pytest.raises(UserError, match=r"flat\.png: .*alpha"):
        read_rgba(tmp_path / "flat.png")


def test_read_pair_names_both_files_of_different_size(tmp_path, rgb, alpha):
    write_image(tmp_path / "colours.png", rgb)
    write_image(tmp_path / "matte.png", alpha[:-1])
    with pytest.raises(UserError, match=r"colours\.png.*matte\.png.*56x40.*56x39"):
        read_pair(tmp_path / "colours.png", tmp_path / "matte.png")


def test_read_labels_gives_indices(tmp_path):
    labels = np.array([[0, 15, 255]], np.uint8)
    picture = Image.fromarray(labels).convert("P")
    picture.putpalette([7] * 768)
    picture.save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_labels(tmp_path / "mask.png"), labels)
    write_image(tmp_path / "colours.png", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(UserError, match=r"colours\.png"):
        read_labels(tmp_path / "colours.png")


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.99])
@pytest.mark.parametrize(
    "name", ["rgb.jpg", "progressive.jpg", "cmyk.jpg", "rgb.png", "rgb.webp", "rgb.tif", "rgb.bmp"]
)
def test_truncated_file_is_named(tmp_path, rgb, capfd, name, kept):
    path = tmp_path / name
    COLOUR_FILES[name][0](path, rgb)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(DamagedFile, match=name) as caught:
        read_rgb(path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_jpeg_with_a_tail_of_zeros_is_damaged(tmp_path, rgb):
    path = tmp_path / "preallocated.jpg"
    Image.fromarray(rgb).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3] + bytes(len(data) // 3))
    with pytest.raises(DamagedFile, match=r"preallocated\.jpg"):
        read_rgb(path)


@pytest.mark.usefixtures("decoder")
def test_flipped_byte_of_a_png_is_damaged(tmp_path, rgb):
    path = tmp_path / "flipped.png"
    Image.fromarray(rgb).save(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(DamagedFile, match=r"flipped\.png"):
        read_rgb(path)


def test_bytes_after_the_end_are_no_damage(tmp_path, rgb):
    path = tmp_path / "tail.jpg"
    Image.fromarray(rgb).save(path, quality=97)
    path.write_bytes(path.read_bytes() + b"appended by a camera")
    assert np.abs(read_rgb(path).astype(int) - rgb).mean() < 3


@pytest.mark.usefixtures("decoder")
def test_huge_image_is_one_line(tmp_path, rgb, monkeypatch):
    write_image(tmp_path / "huge.png", rgb)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", HEIGHT * WIDTH // 2 - 1)
    with pytest.raises(UserError, match=r"huge\.png: ") as caught:
        read_rgb(tmp_path / "huge.png")
    assert not isinstance(caught.value, DamagedFile)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_pillow_only_warns_about_is_read(tmp_path, rgb, monkeypatch):
    write_image(tmp_path / "large.png", rgb)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", HEIGHT * WIDTH - 1)
    assert read_rgb(tmp_path / "large.png").shape == rgb.shape


def test_missing_file_is_no_damage(tmp_path):
    with pytest.raises(UserError, match=r"gone\.png: ") as caught:
        read_rgb(tmp_path / "gone.png")
    assert not isinstance(caught.value, DamagedFile)


def test_stored_size_reads_the_header_only(tmp_path, rgb):
    write_image(tmp_path / "head.png", rgb)
    (tmp_path / "head.png").write_bytes((tmp_path / "head.png").read_bytes()[:64])
    assert stored_size(tmp_path / "head.png") == (HEIGHT, WIDTH)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_write_image_round_trip(tmp_path, rgb, alpha, channels):
    array = {1: alpha, 3: rgb, 4: np.dstack([rgb, alpha])}[channels]
    path = tmp_path / "new" / "written.png"
    write_image(path, array)
    np.testing.assert_array_equal(np.array(Image.open(path)), array)


def test_write_image_refuses(tmp_path, rgb):
    with pytest.raises(UserError, match=r"odd\.xyz: "):
        write_image(tmp_path / "odd.xyz", rgb)
    with pytest.raises(ValueError, match="uint8"):
        write_image(tmp_path / "float.png", rgb / 255)
