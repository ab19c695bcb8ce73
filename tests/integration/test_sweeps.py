"""Sweeps: killed and given again, jobs that fail, what is refused."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from matting.utils.files import read_metrics
from tests.helpers.swept import FAST, results, start, starts

GRID = ["experiments=pomagan/table3_terms", "loss=cgan_alpha,cgan_per_alpha", "vgg.weights=none", "vgg.width=0.125"]


GRID += ["scale.test_subjects=1", "checkpoint.every_batches=1", "scale.row_epochs=2"]


def wait_for(condition, process):
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def batches(folder, kind, number):
    """The training batches so far of the run of a kind that began as that one of several."""
    files = sorted(folder.glob(f"outputs/{kind}/*/metrics.csv"), key=lambda file: file.parent.stat().st_ctime_ns)
    return max((row["batch"] for row in read_metrics(files[number])), default=0) if len(files) > number else 0


@pytest.mark.slow
def test_a_killed_sweep_given_again_comes_to_the_same_table(tmp_path, tiny, monkeypatch):
    assert tiny("train", *GRID)[0] == 0
    whole, report = results(tmp_path), tiny("report", *GRID)
    assert report[0] == 0, report

    killed = tmp_path / "killed"
    killed.mkdir()
    process = start(killed, *GRID)
    wait_for(lambda: batches(killed, "alpha_gan", 1) >= 2, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(results(killed)) == 3  # the shared first stage, the first row and its evaluation
    monkeypatch.chdir(killed)
    assert tiny("train", *GRID)[0] == 0
    assert results(killed) == whole
    again = tiny("report", *GRID)
    assert again[1] == report[1]
    assert sorted(starts(killed, "segmentation_gan").values()) == [1]
    assert sorted(starts(killed, "alpha_gan").values()) == [1, 2]

    wider = [word.replace("cgan_per_alpha", "cgan_per_alpha,full") for word in GRID]
    before = {file: file.stat().st_mtime_ns for file in killed.glob("outputs/*/**/result.json")}
    assert tiny("train", *wider)[0] == 0
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert len(results(killed)) == len(whole) + 2  # a stage and its evaluation
    assert sorted(starts(killed, "alpha_gan").values()) == [1, 1, 2]


def test_a_job_that_fails_does_not_end_the_sweep_and_its_log_is_named(tiny, tmp_path):
    """Two losses that are no number, and one that trains."""
    weights = "loss.segmentation.weight=1e39,2e39,10"
    code, _, err = tiny("train", *FAST, "-m", weights)
    assert code == 4
    assert len(results(tmp_path)) == 1
    *failed, last = [line for line in err.splitlines() if line.startswith(("failed: ", "matting train: "))]
    assert [line.split(": ")[1] for line in failed] == [
        f"loss.segmentation.weight={weight}" for weight in ("1e+39", "2e+39")
    ]
    assert last.startswith("matting train: 2 jobs failed")
    log = Path(failed[1].rpartition("; log: ")[2])
    assert "Traceback" in log.read_text()
    assert json.loads((log.parent / "manifest.json").read_text())["error"] in failed[1]
    assert not list(tmp_path.glob("outputs/.sweeps/jobs*"))


def test_a_grid_with_an_unknown_choice_runs_no_job_and_leaves_no_file(tiny, tmp_path):
    code, _, err = tiny("train", *FAST, "-m", "trainer=debug,debugged")
    assert code == 2
    assert err.splitlines()[-1].startswith("matting train: trainer=debugged")
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
