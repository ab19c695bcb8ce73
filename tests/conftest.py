"""Shared by all tests: one thread (the machine may have two cores and pytest workers), and the command in process."""

import logging
import os
import shutil
import threading

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

from tests.helpers.tiny import fitting
from tests.helpers.trained_runs import train_in

torch.set_num_threads(1)

# The files that take longest, longest first: begun last, one of them would keep a worker busy while the other waits.
FIRST = (
    "test_launchers",
    "test_compiled",
    "test_spawned",
    "test_train",
    "test_stopped",
    "test_sweeps",
    "test_ranks",
    "test_alphanet_recipe",
    "test_app",
    "test_step",
    "test_install",
    "test_job_process",
    "test_imports",
    "test_alphanet_end_to_end",
    "test_home_paths",
    "test_search",
)


def pytest_collection_modifyitems(items):
    """Begin with the files of FIRST; the others follow in the order of their names."""
    order = {name: at for at, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


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
        return matting(verb, *fitting(arguments), *arguments)

    return run


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory):
    """A folder whose `outputs` hold both trained stages of POMAGAN at the tiny size; tests take copies of it."""
    folder = tmp_path_factory.mktemp("trained")
    assert train_in(folder, "stage=alpha_gan") == 0
    return folder


@pytest.fixture
def trained(matting, tmp_path, trained_once):
    """Those runs as the test's own: the command finds them done."""
    shutil.copytree(trained_once / "outputs", tmp_path / "outputs")
