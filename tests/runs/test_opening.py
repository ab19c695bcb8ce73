"""The page of a run, and whether a browser opens."""

import os
import sys
import webbrowser

import pytest

from matting.errors import UserError
from matting.runs.listing import entry_of
from matting.runs.opening import open_page, page_of
from matting.runs.run import run_folders
from tests.helpers.run_folders import ALPHA, FAILED, SEGMENTATION, make_five, make_reports


@pytest.fixture
def find(tmp_path):
    """The page of a digest's run."""
    make_five(tmp_path)

    def found(digest):
        runs = [run for folder in run_folders(tmp_path) if (run := entry_of(folder, tmp_path).run)]
        (folder,) = tmp_path.glob(f"*/*-{digest}")
        return page_of(folder, runs, tmp_path)

    return found


def test_the_newest_report_that_shows_a_run(find, tmp_path):
    recipe, experiment = make_reports(tmp_path)
    assert find(ALPHA) == recipe
    for newest in (experiment, recipe):
        os.utime(newest, (4e9, 4e9 + len(newest.parts)))
        assert find(SEGMENTATION) == newest
        os.utime(newest, (1, 1))


def test_without_a_report_the_newest_pictures(find, tmp_path):
    (images,) = [folder / "images" for folder in tmp_path.glob(f"alpha_gan/*-{ALPHA}")]
    images.mkdir()
    for number in (160, 320):
        (images / f"val-{number:07d}.png").touch()
        os.utime(images / f"val-{number:07d}.png", (number, number))
    assert find(ALPHA).name == "val-0000320.png"
    with pytest.raises(UserError, match=FAILED):
        find(FAILED)


@pytest.mark.parametrize(
    ("display", "terminal", "opened"), [(":0", True, True), (None, True, False), (":0", False, False)]
)
def test_a_browser_opens_where_a_person_sits_at_a_screen(monkeypatch, tmp_path, display, terminal, opened):
    calls = []
    monkeypatch.setattr(webbrowser, "open", lambda url: calls.append(url) or True)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display) if display else monkeypatch.delenv("DISPLAY", raising=False)
    assert open_page(tmp_path / "a b.html") is opened
    assert calls == ([(tmp_path / "a b.html").as_uri()] if opened else [])
