"""Where a run comes from: the revision of the code, the versions of what it stands on, the time."""

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
    """Revision of the checkout that this code runs from, and whether it has changes; when installed the version.

    Asked once in a process: git takes longer than all else that a finished job needs.
    """
    here = Path(__file__).parents[1]
    if not (here.parents[1] / ".git").exists():
        return {"revision": version("matting"), "dirty": False}

    def ask(*words: str) -> str:
        command = ["git", "-C", str(here), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603

    return {"revision": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain", "--untracked-files=no"))}


def versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds")
