"""One verb composed and run: exit codes, full errors, and jobs of a grid that fail."""

import json
import os

import pytest

from matting.errors import Incomplete, Interrupted, JobError, UserError


def test_cfg_job_prints_the_config_and_writes_nothing(matting, tmp_path):
    code, out, _ = matting("train", "seed=7", "--cfg", "job", "--resolve")
    assert code == 0
    assert "seed: 7" in out.splitlines()
    assert "  height: 768" in out.splitlines()
    assert "hydra" not in out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "expected"),
    [(UserError("a"), 2), (Incomplete("a"), 3), (JobError("a"), 4), (ValueError("a"), 4), (Interrupted("a"), 130)],
)
def test_exit_codes(matting, monkeypatch, error, expected):
    monkeypatch.setattr("matting.commands.train.run", fails(error))
    code, _, err = matting("train")
    assert code == expected
    assert err.endswith("a\n")
    assert ("Traceback" in err) == isinstance(error, ValueError)


def fails(error, calls=None):
    def run(config):
        if calls is not None:
            calls.append(config.seed)
        raise error

    return run


def test_full_errors_on_request(matting, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    code, _, err = matting("train", "seed=abc")
    assert code == 2
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("matting train: seed=abc")
    assert os.environ["HYDRA_FULL_ERROR"] == "1"


def test_a_failed_job_of_a_grid_lets_the_rest_run(tiny, tmp_path):
    words = ["loss.perceptual.weight=0", "trainer.max_batches=1", "-m"]
    code, out, err = tiny("train", *words, "data.val_subjects=10,1,2")  # all ten validate: none is left to train on
    assert code == 4
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("matting train: ")
    assert "data.val_subjects=10: " in err.splitlines()[-1]
    assert "failed: " in out
    results = tmp_path.glob("outputs/segmentation_gan/*/result.json")
    assert [json.loads(file.read_text())["batches"] for file in results] == [1, 1]
    assert {path.name for path in tmp_path.iterdir()} == {"outputs"}
    assert {path.name for path in (tmp_path / "outputs").iterdir()} == {".sweeps", "segmentation_gan"}

    code, out, _ = tiny("train", *words, "data.val_subjects=1,2")
    assert code == 0
    assert out.count("segmentation_gan: done") == 2


def test_a_grid_reports_what_was_not_foreseen(matting, monkeypatch):
    monkeypatch.setattr("matting.commands.train.run", fails(ZeroDivisionError("oh"), calls := []))
    code, _, err = matting("train", "-m", "seed=0,1")
    assert (code, calls) == (4, [0, 1])
    assert "Traceback" in err
    assert err.splitlines()[-1].endswith("seed=0: ZeroDivisionError: oh")


def test_ctrl_c_ends_the_whole_grid(matting, monkeypatch):
    monkeypatch.setattr("matting.commands.train.run", fails(Interrupted("the same command goes on"), calls := []))
    code, _, err = matting("train", "-m", "seed=0,1")
    assert (code, calls) == (130, [0])
    assert "the same command goes on" in err


def test_a_grid_that_cannot_write_its_folder(matting, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = matting("train", "-m", "seed=0,1", "paths.output_dir=file/x", "plan=true")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert "paths.output_dir" in err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["loss.border.weight=1,-1"], "loss.border.weight=-1: "),
        (["+net.gen.widht=1,2"], "net.gen.widht: "),
        (["stage=alpha_gan", "stage.coarse=ground_truth,0123456789ab"], "0123456789ab: "),
    ],
)
def test_every_row_is_checked_before_the_first_runs(matting, monkeypatch, tmp_path, words, named):
    monkeypatch.setattr("matting.commands.train.run", lambda config: pytest.fail("a row ran"))
    code, _, err = matting("train", "-m", *words)
    assert code == 2
    assert err.startswith(f"matting train: {named}")
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.glob("outputs/*/*/config.yaml"))
