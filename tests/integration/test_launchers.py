"""Every launcher: the results of the basic one, jobs that fail or are killed, upstream runs."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from matting.cli import job_process
from matting.config import schema
from matting.config.compose import compose_config
from matting.errors import JobError
from tests.helpers.swept import FAST, results, start, starts
from tests.helpers.tiny import TINY

LAUNCHERS = {
    "joblib": [],
    "submitit_local": [],
    "ray": ["hydra.launcher.ray.init.num_cpus=1", "hydra.launcher.ray.remote.num_cpus=0.5"],
}


@pytest.fixture(scope="module")
def basic(tmp_path_factory):
    """Results of what can be run of the grid that every launcher gets."""
    from matting.cli.main import main

    folder = tmp_path_factory.mktemp("basic")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MATTING_CACHE_DIR", str(folder.parent / "cache"))
        assert main(["train", *TINY, *FAST, "seed=1"]) == 0
    return results(folder)


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_launchers_give_the_same_results_and_run_what_can_be_run(tmp_path, basic, launcher):
    words = [*FAST, "-m", "seed=-1,1", f"hydra/launcher={launcher}", *LAUNCHERS[launcher]]
    _, err = (process := start(tmp_path, *words)).communicate(timeout=200)
    assert process.returncode == 4, err
    assert results(tmp_path) == basic
    last = err.splitlines()[-1]
    assert last.startswith("matting train: ")
    assert "seed=-1: " in last
    for file in tmp_path.glob("outputs/segmentation_gan/*/manifest.json"):
        assert json.loads(file.read_text())["command"].startswith("matting train -m ")
        assert "batch 2" in (file.parent / "train.log").read_text()


def test_jobs_side_by_side_share_their_upstream_run(tmp_path):
    """One of two trains it, the other waits for it."""
    words = ["stage=alpha_gan", *FAST, "-m", "loss=cgan_alpha,cgan_per_alpha", "hydra/launcher=joblib"]
    out, err = (process := start(tmp_path, *words, "loss.alpha.weight=100")).communicate(timeout=200)
    assert process.returncode == 0, err
    assert list(starts(tmp_path, "segmentation_gan").values()) == [1]
    assert list(starts(tmp_path, "alpha_gan").values()) == [1, 1]
    assert "another process" in out


def config_of(*words):
    schema.register()
    return compose_config("train", [*TINY, *FAST, *words])


def test_a_job_that_is_killed_is_a_failed_job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raised = []

    def perform():
        try:
            job_process.perform([], "train", config_of())
        except JobError as error:
            raised.append(str(error))

    thread = threading.Thread(target=perform)
    thread.start()
    while not (found := Path(f"/proc/self/task/{thread.native_id}/children").read_text().split()):
        time.sleep(0.01)
    os.kill(int(found[0]), signal.SIGKILL)
    thread.join()
    assert ["SIGKILL" in error for error in raised] == [True]


def test_what_a_job_raises_comes_out_of_its_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = config_of("trainer.accelerator=gpu")
    with pytest.raises(Exception, match=r"trainer\.accelerator=gpu") as caught:
        job_process.perform([], "train", config)
    assert type(caught.value).__name__ == "UserError"
    assert caught.value.__notes__[0].endswith("train.log")
