"""Tests of trimap files: each picture finds its own, and other images are refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from matting.data.images import write_image
from matting.data.trimaps import find_trimaps, read_trimap
from matting.errors import UserError

SIZE = (40, 60)


def drawn() -> np.ndarray:
    trimap = np.zeros(SIZE, np.uint8)
    cv2.circle(trimap, (30, 20), 16, 128, -1)
    cv2.circle(trimap, (30, 20), 10, 255, -1)
    return trimap


def saved(path: Path, array: np.ndarray, **options) -> Path:
    Image.fromarray(array).save(path, **options)
    return path


@pytest.mark.parametrize("kind", ["gray", "rgb", "127"])
def test_a_trimap_is_read_as_it_is(tmp_path, capsys, kind):
    trimap = drawn()
    array = {"gray": trimap, "rgb": np.dstack([trimap] * 3), "127": trimap - (trimap == 128)}[kind]
    found = read_trimap(saved(tmp_path / "a.png", array), SIZE)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, trimap)
    assert capsys.readouterr().out == ""


def test_what_jpeg_leaves_is_snapped_with_a_line(tmp_path, capsys):
    file = saved(tmp_path / "a.jpg", drawn(), quality=75)
    assert len(np.unique(np.asarray(Image.open(file)))) > 10
    found = read_trimap(file, SIZE)
    assert set(np.unique(found)) == {0, 128, 255}
    assert (found != drawn()).mean() < 0.005
    out = capsys.readouterr().out
    assert out.startswith(f"warning: {file}: ")
    assert out.count("\n") == 1


@pytest.mark.parametrize(("value", "taken"), [(30, 0), (97, 128), (160, 128), (224, 255)])
def test_any_number_of_pixels_near_a_value_is_taken_for_it(tmp_path, value, taken):
    trimap = drawn()
    trimap[:8] = value
    assert (read_trimap(saved(tmp_path / "a.png", trimap), SIZE)[:8] == taken).all()


def test_a_few_pixels_may_lie_anywhere(tmp_path, capsys):
    trimap = drawn()
    trimap[0, :23] = 70  # 58 away from the next value
    found = read_trimap(saved(tmp_path / "a.png", trimap), SIZE)
    assert {*found[0, :23]} == {128}
    assert "0.96% of the pixels are not 0, 128 or 255" in capsys.readouterr().out
    trimap[0, 23] = 40
    with pytest.raises(UserError, match=r"a\.png: .*0, 40, 70, 128, 255"):
        read_trimap(saved(tmp_path / "a.png", trimap), SIZE)


def test_neither_an_alpha_nor_class_numbers_are_a_trimap(tmp_path):
    alpha = cv2.GaussianBlur(drawn(), (15, 15), 5)
    with pytest.raises(UserError, match=r"alpha\.png: .*0, 1, 2, .*\d+ values"):
        read_trimap(saved(tmp_path / "alpha.png", alpha), SIZE)
    numbers = drawn() // 127
    with pytest.raises(UserError, match=r"numbers\.png: .*0, 1, 2"):
        read_trimap(saved(tmp_path / "numbers.png", numbers), SIZE)
    assert not read_trimap(saved(tmp_path / "nobody.png", 0 * numbers), SIZE).any()


def test_another_size_is_refused(tmp_path):
    file = saved(tmp_path / "a.png", drawn())
    with pytest.raises(UserError, match=r"a\.png: .*60x40.*30x20"):
        read_trimap(file, (20, 30))


def test_trimaps_are_found_by_the_names_of_the_pictures(tmp_path):
    for name in ("a.png", "sub/b.tif", "v1.2.jpg", "twin.jpg.png", "twin.png.png", "more.png"):
        write_image(tmp_path / name, drawn())
    names = ["a", "sub/b", "v1.2", "twin.jpg", "twin.png"]
    pictures = [(Path(f"in/{name}.webp"), name) for name in names]
    found = find_trimaps(str(tmp_path), pictures)
    assert [found[name].relative_to(tmp_path).as_posix() for name in names] == [
        *("a.png", "sub/b.tif", "v1.2.jpg", "twin.jpg.png", "twin.png.png")
    ]
    with pytest.raises(UserError, match=r"in/sub/a\.jpg: .*sub/a\.png"):
        find_trimaps(str(tmp_path), [*pictures, (Path("in/sub/a.jpg"), "sub/a")])


def test_one_file_is_for_one_picture(tmp_path):
    file = saved(tmp_path / "any.png", drawn())
    assert find_trimaps(str(file), [(Path("me.jpg"), "me")]) == {"me": file}
    with pytest.raises(UserError, match=r"any\.png: .*2"):
        find_trimaps(str(file), [(Path("me.jpg"), "me"), (Path("you.jpg"), "you")])
    with pytest.raises(UserError, match="trimap=nowhere: "):
        find_trimaps("nowhere", [(Path("me.jpg"), "me")])
