"""The page that shows a run, and the browser that opens it."""

import os
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from matting.errors import UserError
from matting.runs.lookup import digest_of
from matting.runs.run import Run
from matting.runs.uses import uses_of


def page_of(folder: Path, runs: Sequence[Run], output_dir: Path) -> Path:
    """Return the newest page of a report that shows a run, or else the newest pictures of its validation.

    runs: all runs of the output folder. Raises UserError where there is neither.
    """
    uses = uses_of([digest_of(folder)], runs, output_dir)
    pages = [use.user for use in uses if use.is_report and use.user.is_file()]
    pages = pages or sorted(folder.glob("images/val-*.png"))
    if not pages:
        raise UserError(f"{folder}: no page shows this run; `matting report` and `matting reproduce` write pages")
    return max(pages, key=lambda page: page.stat().st_mtime)


def opens() -> bool:
    """Return whether a person sits at a screen on which a browser can open."""
    screen = sys.platform in ("darwin", "win32") or any(os.environ.get(key) for key in ("DISPLAY", "WAYLAND_DISPLAY"))
    return screen and sys.stdout.isatty()


def open_page(page: Path) -> bool:
    """Open a page in the system's browser where there is a screen; return whether it was opened."""
    try:
        return opens() and webbrowser.open(page.absolute().as_uri())
    except webbrowser.Error:
        return False
