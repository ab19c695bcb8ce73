"""The command: verbs, help, what it imports, exit codes, grids, tab completion."""

import json
import os
import subprocess
import sys
from types import ModuleType

import pytest

from matting.__main__ import entry
from matting.cli.main import VERBS
from matting.errors import Incomplete, Interrupted, JobError, UserError


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_the_verbs_one_line_each(matting, arguments):
    code, out, err = matting(*arguments)
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ")] == list(VERBS)


def test_a_wrong_verb_names_those_there_are(matting):
    code, out, err = matting("trian", "seed=1")
    assert (code, out) == (2, "")
    assert "trian" in err
    assert all(verb in err for verb in VERBS)


@pytest.mark.slow
def test_python_m_matting(tmp_path):
    done = subprocess.run([sys.executable, "-m", "matting"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0
    assert "usage: matting VERB" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["train", "--cfg", "job"], ["train", "--help", "no_key=1"]])
def test_a_process_that_only_prints_says_as_much_as_one_that_goes_on(matting, arguments, tmp_path):
    buffered = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "matting", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=buffered, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == matting(*arguments)
    assert done.stdout or done.stderr


@pytest.mark.slow
def test_who_reads_no_further_is_no_error(tmp_path):
    command = [sys.executable, "-m", "matting", "train", "--cfg", "job"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)


@pytest.mark.slow
def test_who_reads_no_further_ends_a_grid(tmp_path):
    command = [sys.executable, "-m", "matting", "train", "experiments=pomagan/gan", "scale=quick", "plan=true"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"Launching 4 jobs locally\n"
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)


def test_help_of_a_verb_shows_groups_choices_and_keys(matting, tmp_path):
    code, out, _ = matting("train", "--help")
    assert code == 0
    lines = out.splitlines()
    assert "scale: paper, quick, small" in lines
    assert "stage: alpha_gan, alphanet, alphanet_matting, alphanet_segmentation, segmentation_gan" in lines
    assert "  every_batches: ${scale.val_every}" in lines
    assert "plan=true" in out
    assert "hydra:" not in out
    assert not list(tmp_path.iterdir())

    code, out, _ = matting("train", "scale=quick", "-h")
    assert code == 0
    assert "  height: 64" in out.splitlines()
    code, out, err = matting("train", "nope=1", "--help")
    assert (code, out, len(err.splitlines())) == (2, "", 1)


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


def test_ctrl_c_while_modules_are_imported(monkeypatch, capsys):
    class Importing(ModuleType):
        def __getattr__(self, name):
            raise KeyboardInterrupt if name == "answer" else AttributeError(name)

    monkeypatch.setitem(sys.modules, "matting.cli.app", Importing("matting.cli.app"))
    monkeypatch.setattr(sys, "argv", ["matting", "runs"])
    with pytest.raises((SystemExit, KeyboardInterrupt)) as stop:  # which would end the tests
        entry()
    assert getattr(stop.value, "code", None) == 130
    assert capsys.readouterr().err == "matting: interrupted\n"


def test_a_grid_that_cannot_write_its_folder(matting, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = matting("train", "-m", "seed=0,1", "paths.output_dir=file/x", "plan=true")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert "paths.output_dir" in err


@pytest.mark.parametrize(
    ("line", "words", "others"),
    [
        ("matting tr", {"train"}, {"runs"}),
        ("matting ", set(VERBS), set()),
        ("matting train sca", {"scale="}, {"stage="}),
        ("matting train scale=", {"scale=paper", "scale=quick", "scale=small"}, set()),
        ("matting train seed=1 data=f", {"data=folder", "data=fashion"}, {"data=procedural"}),
        ("matting evaluate method=", {"method=pomagan"}, set()),
        ("/home/train/bin/matting train sca", {"scale="}, {"stage="}),
        ("matting  train  seed=1 data=train_and data=f", {"data=folder", "data=fashion"}, {"data=procedural"}),
    ],
)
def test_tab_completion(matting, monkeypatch, line, words, others):
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    code, out, _ = matting("-sc", "query=bash")
    assert code == 0
    assert words <= set(out.split())
    assert not others & set(out.split())


def test_the_completion_script_is_for_matting(matting):
    code, out, _ = matting("-sc", "install=bash")
    assert code == 0
    assert "complete -p matting" in out
