"""The pictures that `predict` finds, the names of their results, and backgrounds."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from matting.errors import UserError
from matting.prediction.inputs import find_pictures, read_background
from tests.helpers.pictures import GOOD, GREEN, save_pictures, scene


def test_input_is_found_as_file_folder_and_glob(tmp_path):
    save_pictures(tmp_path / "in")
    (tmp_path / "in/notes.txt").write_text("no picture")
    (tmp_path / "in/.hidden.png").write_text("")
    output = tmp_path / "out"

    def names(pattern: str, output: Path = output) -> set[str]:
        return {name for _, name in find_pictures(f"{tmp_path}/{pattern}", output)}

    everything = {name for name, *_ in GOOD.values()} | {"cut", "text"}
    assert names("in") == names("in/**/*") == everything
    assert names("in/odd.jpg") == {"odd"}
    assert names("in/twin.*") == {"twin.jpg", "twin.png"}
    assert names("*/o[dn]*") == {"in/odd", "in/one"}
    assert names("in", tmp_path / "in/sub") == everything - {"sub/folder/twin"}
    assert names("in/odd.jpg", tmp_path) == {"odd"}
    with pytest.raises(UserError, match=r"nothing\*.*\.jpg"):
        names("nothing*")
    with pytest.raises(UserError, match=r"output="):
        names("in/sub/**/*", tmp_path / "in/sub/folder")


def test_a_background_is_a_colour_or_a_picture(tmp_path):
    Image.fromarray(scene(6, 7)).save(tmp_path / "behind.png")
    for word in ("#00b140", "rgb(0,177,64)"):
        np.testing.assert_array_equal(read_background(word), np.array([[GREEN]]))
    np.testing.assert_array_equal(read_background(f"{tmp_path}/behind.png"), scene(6, 7))
    for word in ("grene", "rgb(300,0,0)", f"{tmp_path}/missing.png"):
        with pytest.raises(UserError, match=re.escape(word)):
            read_background(word)
