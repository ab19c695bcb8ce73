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
    limits = "trainer.max_batches=0,1,2"
    code, out, err = tiny("train", "loss.perceptual.weight=0", "-m", limits)
    assert code == 4
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("matting train: ")
    assert "trainer.max_batches=0: " in err.splitlines()[-1]
    assert "failed: " in out
    results = tmp_path.glob("outputs/segmentation_gan/*/result.json")
    assert {json.loads(file.read_text())["batches"] for file in results} == {1, 2}
    assert {path.name for path in tmp_path.iterdir()} == {"outputs"}
    assert {path.name for path in (tmp_path / "outputs").iterdir()} == {".sweeps", "segmentation_gan"}

    code, out, _ = tiny("train", "loss.perceptual.weight=0", "-m", "trainer.max_batches=1,2")
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
