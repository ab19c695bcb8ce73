"""Runs of the command `train`: start one in a process of its own, wait for a batch, read its weights."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from matting.cli.main import main
from matting.utils.files import read_metrics
from tests.helpers.tiny import TINY


def train_in(folder, *words):
    """Train at the tiny size in a folder, in this process; return the exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MATTING_CACHE_DIR", str(folder.parent / "cache"))
        return main(["train", *TINY, *words])


LONGER = ["scale.epoch_samples=16", "scale.seg_epochs=3", "scale.val_every=5"]
KILLED = [*LONGER, "checkpoint.keep=all", "stage.clip_norm=5"]


def only_run(folder, kind="segmentation_gan"):
    runs = [path.parent for path in Path(folder, "outputs", kind).glob("*/config.yaml")]
    assert len(runs) == 1
    return runs[0]


def weights(run, name="best"):
    return torch.load(run / f"checkpoints/{name}.ckpt", weights_only=True)["state_dict"]


def same_weights(one, other):
    assert one.keys() == other.keys()
    for key in one:
        assert torch.equal(one[key], other[key]), key


def start(folder, cache, *more):
    environment = {**os.environ, "MATTING_CACHE_DIR": str(cache), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "matting", "train", *TINY, "checkpoint.every_batches=2", *more]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def wait_for_batch(folder, batch, process, seconds=120):
    """Until the log of the run under `folder` has reached a batch."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, process.stderr.read()
        for file in Path(folder).glob("outputs/segmentation_gan/*/metrics.csv"):
            if any(row["batch"] >= batch for row in read_metrics(file)):
                return
        time.sleep(0.01)
    raise AssertionError("the run did not get there in time")
