"""A run is begun, locked, noted down, finished, and found with other data."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from matting.data.build import fingerprint
from matting.errors import UserError
from matting.runs import lifecycle
from matting.runs import run as runs


def test_the_manifest_says_how_it_was_made(run):
    manifest = run.manifest
    assert manifest["command"] == "matting train seed=3"
    assert manifest["seed"] == 3
    assert manifest["data_fingerprint"] == fingerprint(run.config)
    assert set(manifest["git"]) == {"revision", "dirty"}
    assert {"matting", "python", "torch", "lightning"} <= manifest["versions"].keys()
    lifecycle.begin(run, "other", fresh=False)
    assert len(run.manifest["starts"]) == 2
    assert run.manifest["data_fingerprint"] == "other"  # with other test sets, which a training does not read


def test_starting_over_clears_the_folder(run):
    run.last.write_bytes(b"")
    lifecycle.note(run, error="loss term")
    lifecycle.finish(run, {})
    lifecycle.begin(run, "data", fresh=True)
    assert {path.name for path in run.folder.iterdir()} == {"config.yaml", "manifest.json", "checkpoints"}
    assert not run.last.exists()
    assert "error" not in run.manifest


def test_an_interrupted_restart_leaves_a_new_run(run, monkeypatch):
    run.last.write_bytes(b"")
    lifecycle.finish(run, {"val": {}})
    listed = type(run.folder).iterdir
    monkeypatch.setattr(type(run.folder), "iterdir", lambda self: iter(sorted(listed(self))))  # checkpoints first

    def stopped(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", stopped)
    with pytest.raises(KeyboardInterrupt):
        lifecycle.begin(run, "data", fresh=True)
    assert run.state() == "new"
    assert runs.run_folders(run.folder.parents[1]) == [run.folder]


def test_what_a_killed_process_had_half_written_goes_when_its_run_goes_on(run):
    run.last.write_bytes(b"whole")
    (run.checkpoints / ".last.ckpt.123").write_bytes(b"ha")
    lifecycle.begin(run, "data", fresh=False)
    assert [path.name for path in run.checkpoints.iterdir()] == ["last.ckpt"]


def test_a_write_that_fails_leaves_the_old_file(run, monkeypatch):
    before = run.manifest
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="full"):
        lifecycle.note(run, more=1)
    assert run.manifest == before


def full_disk(*_):
    raise OSError(28, "full")


HOLD = """
import sys, time
from pathlib import Path
from matting.runs import lifecycle
folder = Path(sys.argv[1])
with lifecycle.lock(folder, "holder"):
    print("held", flush=True)
    sys.stdin.readline()
    (folder / "manifest.json").write_text(sys.argv[2])
    (folder / "result.json").write_text('{"val": {"val/whole/mse": 0.125}}')
"""


def holder(run):
    """A process that holds the run's folder and, told to, finishes it."""
    manifest = json.dumps({"data_fingerprint": fingerprint(run.config)})
    command = [sys.executable, "-c", HOLD, str(run.folder), manifest]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_waits_and_finds_the_result(run, matting, monkeypatch):
    process = holder(run)
    words = ["seed=3", "scale=quick", f"paths.output_dir={run.folder.parents[1]}"]
    assert matting("train", "plan=true", *words)[1].split()[0] == "running"

    def finish_holder(text):
        if "waiting" in text:
            process.stdin.write("\n")
            process.stdin.flush()
        print(text)

    monkeypatch.setattr("matting.utils.locks.say", finish_holder)
    code, out, err = matting("train", *words)
    assert process.wait() == 0
    assert code == 0, err
    assert f"another process that works in {run.folder}" in out
    assert "0.125" in out


def test_the_lock_of_a_killed_process_is_free(run):
    process = holder(run)
    assert runs.locked(run.folder)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not runs.locked(run.folder)
    start = time.monotonic()
    with lifecycle.lock(run.folder, "here"):
        assert time.monotonic() - start < 1
    assert run.state() == "new"


def test_a_place_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    words = r"file/run: .*Not a directory.*paths\.output_dir"
    with pytest.raises(UserError, match=words), lifecycle.lock(tmp_path / "file/run", "here"):
        pass

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", denied)
    with pytest.raises(UserError, match=r"Permission denied"), lifecycle.lock(tmp_path / "run", "here"):
        pass


def test_other_data_under_a_run_that_is_found(run, capsys):
    lifecycle.check_same_data(run, fingerprint(run.config))
    assert capsys.readouterr().out == ""
    with pytest.raises(UserError, match=r"0123.*rerun=true"):
        lifecycle.check_same_data(run, "0123")
    lifecycle.note(run, git={"revision": "f" * 40, "dirty": False})
    lifecycle.check_same_data(run, fingerprint(run.config))
    assert "made by revision ffffffffff" in capsys.readouterr().out
