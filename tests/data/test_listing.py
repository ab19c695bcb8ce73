"""Tests of the pictures below a folder: which they are, what is left out, and their ids."""

from pathlib import Path

import pytest

from matting.data.listing import distinct_names, index_images, list_images, name_images
from matting.errors import UserError


def touch(folder: Path, *names: str) -> Path:
    """Make empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def found(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in list_images(folder, "x")]


def test_list_images_sorts_and_skips(tmp_path):
    for name in ["e.png", "b.png", "d.png", "c/x.webp", "a/z.JPG", ".hidden.png", "._b.png", "notes.txt"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in list_images(tmp_path, "x")]
    assert found == ["a/z.JPG", "b.png", "c/x.webp", "d.png", "e.png"]


@pytest.mark.parametrize(
    ("link", "target", "more"),
    [
        ("own/again", ".", []),
        ("own/deep/up", "..", []),
        ("other/back", "../own", []),
        ("own/deep/out", "../..", ["deep/out/other/c.png"]),
    ],
)
def test_links_are_followed_and_do_not_go_round(tmp_path, link, target, more):
    for name in ["own/a.png", "own/deep/b.png", "other/c.png"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "own/away").symlink_to("../other")
    (tmp_path / link).symlink_to(target)
    found = [path.relative_to(tmp_path / "own").as_posix() for path in list_images(tmp_path / "own", "x")]
    assert found == sorted(["a.png", "away/c.png", "deep/b.png", *more])


@pytest.mark.parametrize(("name", "says"), [("absent", "no such folder"), ("empty", "no images")])
def test_list_images_says_what_is_expected(tmp_path, name, says):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=f"{name}: {says}.*the holiday pictures"):
        list_images(tmp_path / name, "the holiday pictures")


@pytest.mark.parametrize("name", ["absent", "absent/deeper"])
def test_a_missing_folder_is_told_from_those_that_are_there(tmp_path, name):
    touch(tmp_path, "Train/a.png", "mask/a.png", ".hidden/a.png", "a.txt")
    with pytest.raises(UserError, match=rf"{name}: .*Train, mask;") as error:
        list_images(tmp_path / name, "x")
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize(
    "hidden",
    [
        ".ipynb_checkpoints/b-checkpoint.png",
        ".thumbnails/deep/b.png",
        "__MACOSX/._b.png",
        "__MACOSX/b.png",
        "@eaDir/b.png/SYNOPHOTO_THUMB.jpg",
        "$RECYCLE.BIN/b.png",
        "deep/.b.png",
        "deep/._b.png",
        "Thumbs.db",
    ],
)
def test_what_systems_leave_in_folders_is_no_data(tmp_path, hidden, capsys):
    assert found(touch(tmp_path, "a.png", "deep/c.png", hidden)) == ["a.png", "deep/c.png"]
    assert capsys.readouterr().out == ""


def test_a_hidden_folder_that_is_named_is_read(tmp_path):
    assert found(touch(tmp_path / ".data", "a.png")) == ["a.png"]


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    def walk(folder, followlinks, onerror):
        onerror(PermissionError(13, "Permission denied", str(folder / "private")))
        return iter([])

    monkeypatch.setattr("matting.data.listing.os.walk", walk)
    with pytest.raises(UserError, match=r"private: .*Permission denied"):
        list_images(tmp_path, "x")


def test_kinds_that_are_left_out_are_named_once(tmp_path, capsys):
    touch(tmp_path, "a.jpg", "b.avif", "c.gif", "d.jfif", "e.heic", "deep/f.CR2", "notes.txt", ".g.heic")
    assert found(tmp_path) == ["a.jpg", "b.avif", "c.gif", "d.jfif"]
    (line,) = capsys.readouterr().out.splitlines()
    assert all(word in line for word in (str(tmp_path), "2 files", ".cr2, .heic", "e.heic, f.CR2"))
    list_images(tmp_path, "x")
    assert capsys.readouterr().out == ""


def test_a_folder_of_other_kinds_alone_is_named(tmp_path, capsys):
    with pytest.raises(UserError, match=f"{tmp_path.name}: no images"):
        list_images(touch(tmp_path, "e.heic"), "x")
    assert "e.heic" in capsys.readouterr().out


def test_files_with_partners_have_one_stem_each(tmp_path):
    touch(tmp_path, "a.png", "sub/a.png", "v1.2.jpg", "cafe\u0301.png")
    assert index_images(tmp_path, "x").keys() == {"a", "sub/a", "v1.2", "caf\u00e9"}
    with pytest.raises(UserError, match=r"a\.jpg and .*a\.png"):
        index_images(touch(tmp_path, "a.jpg"), "x")


def test_composed_and_decomposed_names_are_one_name(tmp_path):
    with pytest.raises(UserError, match="two images of one name"):
        index_images(touch(tmp_path, "caf\u00e9.png", "cafe\u0301.png"), "x")


def test_files_without_partners_may_share_a_stem(tmp_path):
    assert list(name_images(touch(tmp_path, "a.jpg", "a.png", "b.png"), "x")) == ["a.jpg", "a.png", "b"]


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a.jpg", "b/a.jpg"], ["a", "b/a"]),
        (["a.jpg", "a.png", "b.jpg"], ["a.jpg", "a.png", "b"]),
        (["a.jpg", "a.png", "a.jpg.png"], ["a.jpg", "a.png", "a.jpg.png"]),
        (["caf\u00e9.png", "cafe\u0301.png"], ["caf\u00e9.png", "cafe\u0301.png"]),
        (["cafe\u0301.png", "v1.2"], ["caf\u00e9", "v1.2"]),
    ],
)
def test_results_never_share_a_name(paths, names):
    assert distinct_names([Path(path) for path in paths]) == names
