"""A sweep's job in its own process: what it raises, and when it is killed."""

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
from tests.helpers.swept import FAST
from tests.helpers.tiny import TINY


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


@pytest.mark.slow
def test_what_a_job_raises_comes_out_of_its_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = config_of("trainer.accelerator=gpu")
    with pytest.raises(Exception, match=r"trainer\.accelerator=gpu") as caught:
        job_process.perform([], "train", config)
    assert type(caught.value).__name__ == "UserError"
    assert caught.value.__notes__[0].endswith("train.log")
