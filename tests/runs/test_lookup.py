"""Runs found by what a person types."""

import pytest

from matting.errors import UserError
from matting.runs.lookup import find_folder
from tests.helpers.run_folders import ALPHA, OLD, SEGMENTATION, make, make_five


@pytest.fixture
def root(tmp_path):
    make_five(tmp_path)
    return tmp_path


def test_a_run_is_found_by_digest_prefix_name_and_path(root):
    folder = root / "alpha_gan" / f"drawn-{ALPHA}"
    for text in (ALPHA, ALPHA[:3], folder.name, str(folder), f"{folder}/"):
        assert find_folder(text, root) == folder
    assert find_folder(OLD, root).name == f"ancient-{OLD}"


def test_a_path_is_found_from_where_one_stands(root, monkeypatch):
    monkeypatch.chdir(root / "alpha_gan")
    assert find_folder(f"drawn-{ALPHA}", root).name == f"drawn-{ALPHA}"


def test_a_prefix_of_two_runs_names_both(root):
    make(root / "alpha_gan" / "other-aaaabbbbcccc", {"stage": {"name": "alpha_gan"}})
    with pytest.raises(UserError, match="2 runs") as error:
        find_folder("aaaa", root)
    assert SEGMENTATION in str(error.value)
    assert "aaaabbbbcccc" in str(error.value)
    assert find_folder(SEGMENTATION, root).name == f"drawn-{SEGMENTATION}"


@pytest.mark.parametrize("text", ["bbbbcbbbbbbb", f"drawn-{ALPHA}x", f"outputs/alpha_gan/drawm-{ALPHA}", "bB", ""])
def test_an_unknown_run_names_the_nearest(root, text):
    with pytest.raises(UserError, match="no such run") as error:
        find_folder(text, root)
    if text:
        assert ALPHA in str(error.value)


def test_without_runs_the_folder_is_named(tmp_path):
    with pytest.raises(UserError, match="no runs in") as error:
        find_folder("a", tmp_path / "nowhere")
    assert "nowhere" in str(error.value)
