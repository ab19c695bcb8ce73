"""Runs that are stopped: what is kept, and that they go on to the same result."""

import json
import os
import re
import shutil
import signal

import pytest
import torch

from matting.utils.files import read_metrics
from tests.helpers.trained_runs import KILLED, only_run, same_weights, start, train_in, wait_for_batch, weights

VALIDATED = ["scale.val_every=2", "checkpoint.keep=all"]


def stopped(*_):
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def stopped_once(tmp_path_factory):
    """The folder of a run that was stopped after its last batch."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("matting.training.trainer.measure", stopped)
        assert train_in(folder) == 130
    return folder


@pytest.fixture
def unmeasured(matting, tmp_path, stopped_once):
    """That run, as the test's own."""
    shutil.copytree(stopped_once / "outputs", tmp_path / "outputs")


@pytest.mark.slow
def test_updates_of_several_batches_go_on_to_the_same_result(tiny, tmp_path, monkeypatch):
    """Epochs, validations, checkpoints and the stop all fall in the middle of one."""
    words = [*KILLED, "stage.accumulate=3", "checkpoint.every_batches=2"]
    assert tiny("train", "paths.output_dir=whole/outputs", *words)[0] == 0

    def stop(self, trainer, stage, *_):
        if stage.batches == 11:
            raise BrokenPipeError

    with monkeypatch.context() as patched:
        patched.setattr("matting.training.callbacks.lifecycle.Limit.on_train_batch_end", stop)
        with pytest.raises(BrokenPipeError):
            tiny("train", "paths.output_dir=stopped/outputs", *words)
    stopped = only_run(tmp_path / "stopped")
    assert torch.load(stopped / "checkpoints/last.ckpt", weights_only=True)["matting"]["batches"] == 9
    assert tiny("train", "paths.output_dir=stopped/outputs", *words)[0] == 0
    whole = only_run(tmp_path / "whole")
    for name in ("last", "best"):
        same_weights(weights(whole, name), weights(stopped, name))
    assert read_metrics(whole / "metrics.csv") == read_metrics(stopped / "metrics.csv")
    assert json.loads((stopped / "result.json").read_text()) == json.loads((whole / "result.json").read_text())


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    """The run of VALIDATED, from its beginning to its end."""
    folder = tmp_path_factory.mktemp("whole")
    assert train_in(folder, *VALIDATED) == 0
    return only_run(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_where_a_validation_falls_waits_for_it(tiny, tmp_path, whole_run, monkeypatch, number):
    """A run that goes on would not validate there again. Afterwards the signals are handled as before."""
    before = signal.getsignal(number)

    def stop(self, trainer, stage, *_):
        if stage.batches == 2:
            os.kill(os.getpid(), number)

    with monkeypatch.context() as patched:
        patched.setattr("matting.training.callbacks.lifecycle.Skipped.on_train_batch_end", stop)
        code, _, err = tiny("train", *VALIDATED)
    assert (code, err.count("\n")) == (130, 1)
    assert signal.getsignal(number) == before
    assert tiny("train", *VALIDATED)[0] == 0
    stopped = only_run(tmp_path)
    assert read_metrics(whole_run / "metrics.csv") == read_metrics(stopped / "metrics.csv")
    assert json.loads((stopped / "result.json").read_text()) == json.loads((whole_run / "result.json").read_text())


def test_checkpoints_go_when_the_result_is_there(tiny, unmeasured, tmp_path, monkeypatch):
    """What a run that is stopped in between has trained is not lost."""
    assert tiny("train", "plan=true")[1].split()[0] == "resume"
    with monkeypatch.context() as patched:
        patched.setattr("matting.training.trainer.apply_keep_policy", stopped)
        assert tiny("train")[0] == 130
    run = only_run(tmp_path)
    assert (run / "checkpoints/last.ckpt").exists()
    assert tiny("train")[0] == 0
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["best.ckpt"]


def test_a_wrong_key_that_is_no_part_of_a_run_leaves_it(tiny, unmeasured, tmp_path):
    (tmp_path / "file").touch()
    assert tiny("train", "paths.cache_dir=file")[0] == 2
    assert tiny("train", "plan=true")[1].split()[0] == "resume"


def test_a_run_that_lost_rows_has_its_validation_from_the_checkpoint(tiny, unmeasured, tmp_path):
    (only_run(tmp_path) / "metrics.csv").unlink()
    for _ in range(2):
        assert tiny("train")[0] == 0
    assert json.loads((only_run(tmp_path) / "result.json").read_text())["val"]["val/whole/mse"] > 0


def test_a_run_that_0_1_0_began_has_its_validation_from_metrics_csv(tiny, unmeasured, tmp_path):
    for name in ("last", "best"):
        file = only_run(tmp_path) / f"checkpoints/{name}.ckpt"
        checkpoint = torch.load(file, weights_only=True)
        expected = checkpoint["matting"].pop("val")  # 0.1.0 wrote none
        torch.save(checkpoint, file)
    assert tiny("train")[0] == 0
    assert json.loads((only_run(tmp_path) / "result.json").read_text())["val"] == expected


def test_a_checkpoint_of_other_ranks_is_refused(tiny, unmeasured, monkeypatch):
    monkeypatch.setattr("matting.training.trainer.rank_count", lambda trainer: 2)
    code, _, err = tiny("train")
    assert code == 2
    assert re.search(r"\b1\b.*\b2\b", err)


@pytest.mark.slow
def test_ctrl_c_reaches_ranks_and_waits_for_them(tmp_path):
    ranks = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "trainer.precision=32-true")
    words = (*ranks, "trainer.channels_last=false", "scale.seg_epochs=200", "scale.val_every=1000")
    process = start(tmp_path, tmp_path.parent / "cache", *words)
    wait_for_batch(tmp_path, 3, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert err.splitlines()[-1].startswith("matting train: ")
    last = torch.load(only_run(tmp_path) / "checkpoints/last.ckpt", weights_only=True)
    assert last["matting"]["ranks"] == 2


def test_the_last_update_is_kept_without_validation(tiny, tmp_path):
    assert tiny("train", "stage.accumulate=4", "scale.val_subjects=0")[0] == 0
    result = json.loads((only_run(tmp_path) / "result.json").read_text())
    assert (result["batch"], result["batches"]) == (6, 6)
