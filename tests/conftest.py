"""Shared by all tests: one thread (the machine may have two cores and pytest workers), and the command in process."""

import logging
import os
import threading

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

torch.set_num_threads(1)

# The whole methods in seconds: 32x32 px, few channels, 10 people.
TINY = [
    "scale=quick",
    "scale.height=32",
    "scale.width=32",
    "scale.eval_size=native",
    "scale.subjects=10",
    "scale.backgrounds=8",
    "scale.backgrounds_per_subject=4",
    "scale.val_subjects=2",
    "scale.val_samples=2",
    "scale.val_every=3",
    "scale.test_subjects=2",
    "scale.test_backgrounds=4",
    "scale.seg_epochs=1",
    "scale.alpha_epochs=1",
    "scale.epoch_samples=12",
    "scale.seg_batch=2",
    "scale.alpha_batch=2",
    "scale.net_width=4",
    "scale.disc_width=4",
    "scale.depth=2",
    "scale.blocks=1",
    "scale.aspp_rates=[1,2]",
    "scale.warmup=2",
    "scale.alphanet.encoder=tu-mobilenetv3_small_050",
    "scale.alphanet.width=0.25",
    "scale.alphanet.seg_size=32",
    "scale.alphanet.mat_size=32",
    "scale.alphanet.max_side=48",
    "scale.alphanet.seg_batch=2",
    "scale.alphanet.mat_batch=2",
    "scale.alphanet.batch=2",
    "scale.alphanet.seg_epochs=1",
    "scale.alphanet.mat_epochs=1",
    "scale.alphanet.epochs=1",
    "runtime.workers=0",
    "runtime.threads=1",
    "runtime.log_every=1",
]


@pytest.fixture(autouse=True)
def no_handlers_of_other_tests():
    """A grid sets up logging to a stream that pytest closes after the test."""
    yield
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if type(handler) is logging.StreamHandler]:
        root.removeHandler(handler)


@pytest.fixture
def pool_threads():
    """Names of the threads in pools that were begun since and still work or wait; others' may live on."""
    before = {*threading.enumerate()}
    return lambda: [
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith("ThreadPoolExecutor") and thread not in before
    ]


@pytest.fixture
def matting(tmp_path, monkeypatch, capfd):
    """Run a command line in an empty folder: matting("train", "seed=1") -> (exit code, stdout, stderr)."""
    from matting.cli.main import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MATTING_CACHE_DIR", str(tmp_path.parent / "cache"))

    def run(*arguments):
        code = main(list(arguments))
        out, err = capfd.readouterr()
        return code, out, err

    return run


@pytest.fixture
def tiny(matting):
    """The same, at a size of seconds."""

    def run(verb, *arguments):
        return matting(verb, *TINY, *arguments)

    return run
