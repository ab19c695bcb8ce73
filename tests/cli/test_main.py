"""The command before a verb runs: its help, wrong verbs, output that nobody reads, Ctrl-C."""

import os
import subprocess
import sys
from importlib.metadata import version
from types import ModuleType

import pytest

from matting import __version__
from matting.__main__ import entry
from matting.cli.main import VERBS


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_the_verbs_one_line_each(matting, arguments):
    code, out, err = matting(*arguments)
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ")] == list(VERBS)


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version(matting, option):
    assert matting(option) == (0, f"matting {__version__}\n", "")
    assert __version__ == version("matting")


@pytest.mark.parametrize("verb", ["train", "runs"])
def test_help_of_a_verb_is_its_option(matting, verb):
    assert matting("help", verb) == matting(verb, "--help")
    assert matting("help", verb, "scale=quick") == matting(verb, "scale=quick", "--help")


def test_help_of_a_wrong_verb_names_those_there_are(matting):
    code, out, err = matting("help", "trian")
    assert (code, out) == (2, "")
    assert "trian" in err


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
def test_a_process_prints_what_the_function_prints(matting, arguments, tmp_path):
    buffered = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "matting", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=buffered, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == matting(*arguments)
    assert done.stdout or done.stderr


@pytest.mark.slow
def test_a_closed_pipe_is_no_error(tmp_path):
    command = [sys.executable, "-m", "matting", "train", "--cfg", "job"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)


@pytest.mark.slow
def test_a_closed_pipe_ends_a_grid(tmp_path):
    command = [sys.executable, "-m", "matting", "train", "experiments=pomagan/gan", "scale=quick", "plan=true"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"Launching 4 jobs locally\n"
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)


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
