"""Sweeps as a shell starts them, and what they leave."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.helpers.tiny import fitting

FAST = ["loss.perceptual.weight=0", "scale.test_subjects=1", "trainer.max_batches=2"]


def start(folder, *words):
    """The command in a process group of its own, as a shell starts it; its launchers' processes see this folder."""
    environment = {**os.environ, "MATTING_CACHE_DIR": str(folder.parent / "cache"), "RAY_AUTH_MODE": "disabled"}
    command = [sys.executable, "-m", "matting", "train", *fitting(words), *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **pipes)


def results(folder):
    """What each run came to, by its folder's name."""
    files = Path(folder).glob("outputs/*/**/result.json")
    return {str(file.parent.relative_to(folder)): json.loads(file.read_text()) for file in files}


def starts(folder, kind):
    files = Path(folder).glob(f"outputs/{kind}/*/manifest.json")
    return {file.parent.name: len(json.loads(file.read_text())["starts"]) for file in files}
