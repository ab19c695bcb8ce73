"""Tests of what counts as a picture, by its name and by its first bytes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from matting.data.decoding import DamagedFile
from matting.data.images import read_rgb
from matting.data.kinds import EXTENSIONS, check_kind, is_hidden, stem_of
from matting.errors import UserError

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)


@pytest.mark.parametrize(
    ("name", "stem"),
    [("sub/a.JPG", "sub/a"), ("a.b.png", "a.b"), ("v1.2", "v1.2"), ("a.heic", "a.heic"), ("e\u0301.jfif", "\u00e9")],
)
def test_a_stem_is_composed_and_without_the_suffix_of_a_picture(name, stem):
    assert stem_of(name) == stem


@pytest.mark.parametrize("name", [".a", "._a.png", "__MACOSX", "@eaDir"])
def test_names_of_systems_are_hidden(name):
    assert is_hidden(name)
    assert not is_hidden("a" + name)


@pytest.mark.parametrize("name", ["e.heic", "notes.txt", "photo"])
def test_a_single_file_has_the_kinds_of_a_folder(name):
    with pytest.raises(UserError, match=rf"input={name}: .*\.avif"):
        check_kind(Path(name), f"input={name}")
    for suffix in EXTENSIONS:
        check_kind(Path(f"photo{suffix.upper()}"), "input=...")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (HEIC, "HEIC"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
        (b"\n<!DOCTYPE html><html></html>", "web page"),
        (b"%PDF-1.7", "PDF"),
        (b"\xff\x0a" + bytes(20), "JPEG XL"),
        (b"nonsense", "not an image"),
        (b"", "not an image"),
    ],
)
def test_a_file_that_is_no_picture_is_called_what_it_is(tmp_path, data, says):
    (tmp_path / "photo.jpg").write_bytes(data)
    with pytest.raises(DamagedFile, match=rf"photo\.jpg: .*{says}"):
        read_rgb(tmp_path / "photo.jpg")


@pytest.mark.parametrize("suffix", EXTENSIONS)
def test_every_kind_is_read(tmp_path, suffix):
    Image.fromarray(np.tile(np.uint8([40, 200, 90]), (16, 24, 1))).save(
        tmp_path / f"green{suffix}", **({"format": "PPM"} if suffix == ".pgm" else {})
    )
    read = read_rgb(tmp_path / f"green{suffix}")
    assert read.shape == (16, 24, 3)
    assert np.abs(read.reshape(-1, 3).mean(0) - [40, 200, 90]).max() < 6
