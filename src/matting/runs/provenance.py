"""Where a run comes from: the revision of the code, the versions of its libraries, the time."""

import contextlib
import subprocess
import time
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "torchvision", "lightning", "albumentations", "kornia", "opencv-python-headless", "numpy")


@cache
def git_state() -> dict[str, Any]:
    """Return the revision of the checkout and whether it has changes; for an installed package its version.

    git is started once in a process: that takes longer than everything else that a finished job needs.
    """
    here = Path(__file__).parents[1]
    if not (here.parents[1] / ".git").exists():
        return {"revision": version("matting"), "dirty": False}

    def ask(*words: str) -> str:
        command = ["git", "-C", str(here), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603

    return {"revision": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain", "--untracked-files=no"))}


def versions() -> dict[str, str]:
    """Return the installed versions of PACKAGES."""
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def now() -> str:
    """Return the time in UTC, in ISO format to the second."""
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds")
