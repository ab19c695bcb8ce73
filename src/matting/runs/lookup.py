"""Find a run folder by what a person types: a digest or its first characters, a folder's name or its path."""

import difflib
from pathlib import Path

from matting.errors import UserError
from matting.runs.run import run_folders

SHOWN = 3


def find_folder(text: str, output_dir: Path) -> Path:
    """Return the run folder that a text names; raises UserError with the nearest ones, or with all that it may mean."""
    folders = run_folders(output_dir)
    if not folders:
        raise UserError(f"{text}: no such run; there are no runs in {output_dir}")
    path = Path(text).expanduser()
    if found := [folder for folder in folders if path.is_dir() and path.resolve() == folder.resolve()]:
        return found[0]
    exact = [folder for folder in folders if text in (digest_of(folder), folder.name)]
    found = exact or [folder for folder in folders if text and digest_of(folder).startswith(text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"{text}: {len(found)} runs begin so: {named(found)}; give more characters")
    raise UserError(f"{text}: no such run in {output_dir}; the nearest are {named(nearest(text, folders))}")


def nearest(text: str, folders: list[Path]) -> list[Path]:
    """Return the folders whose digest or name is most like a text."""
    name = Path(text).name.lower()

    def likeness(folder: Path) -> float:
        known = (digest_of(folder), folder.name.lower())
        return max(difflib.SequenceMatcher(None, name, one).ratio() for one in known)

    return sorted(folders, key=likeness, reverse=True)[:SHOWN]


def named(folders: list[Path]) -> str:
    """Return the digests and names of some folders in words."""
    words = [f"{digest_of(folder)} ({folder.parent.name}/{folder.name})" for folder in folders[:SHOWN]]
    return ", ".join(words) + (f" and {len(folders) - SHOWN} more" if len(folders) > SHOWN else "")


def digest_of(folder: Path) -> str:
    """Return the digest at the end of a run folder's name."""
    return folder.name.rsplit("-", 1)[-1]
