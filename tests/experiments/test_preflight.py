"""What is looked at before a run begins: time, downloads, data, space."""

import shutil
from collections import namedtuple

import pytest

from matting.experiments.estimate import time_text
from matting.runs.figures import VAL
from matting.runs.speeds import A_CORE

LOCAL = ("vgg.weights=none",)
ONE = "runtime.threads=1"


@pytest.fixture
def never(monkeypatch):
    """A training that begins is a failure of the test."""
    begun = []
    monkeypatch.setattr(
        "matting.experiments.execution.fit", lambda run, upstream: begun.append(run) or {"val": {VAL: 1.0}}
    )
    return begun


@pytest.mark.parametrize(
    "words", [("train",), ("evaluate",), ("reproduce",), ("reproduce", "experiments=pomagan/gan")], ids=str
)
def test_a_command_of_years_stops_with_hours_and_memory(matting, tmp_path, never, words):
    code, _, err = matting(*words, *LOCAL)
    assert (code, never, err.count("\n")) == (2, [], 1)
    for text in ("hours", "years", "GB of memory", "GFLOP/s", "yes=true"):
        assert text in err
    assert not list(tmp_path.iterdir())


def test_yes_begins_and_is_no_part_of_the_run(matting, never):
    plans = [matting("train", *LOCAL, *more, "plan=true")[1].splitlines()[0] for more in ((), ("yes=true",))]
    assert plans[0] == plans[1]
    assert matting("train", *LOCAL, "yes=true", "plan=false")[0] == 0
    assert len(never) == 1


def test_a_gpu_and_a_small_run_begin_unasked(tiny, matting, never):
    assert tiny("train")[0] == 0
    assert matting("train", *LOCAL, "trainer=gpu")[0] == 0
    assert [run.config["scale"]["name"] for run in never] == ["quick", "paper"]


def test_a_plan_has_the_estimate_and_the_space(matting):
    code, out, _ = matting("train", "scale=quick", ONE, "plan=true")
    assert code == 0
    state, guess, cache = out.splitlines()
    assert state.startswith("new ")
    assert "minute" in guess
    assert f"{A_CORE / 1e9:.0f} GFLOP/s of 1 core" in guess
    assert " MB more in " in cache


@pytest.mark.parametrize("there", [False, True])
def test_weights_that_are_not_there_are_named_and_not_fetched(matting, tmp_path, monkeypatch, never, there):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = tmp_path / "torch/hub/checkpoints"
    words = ("train", "scale=quick", "vgg.weights=imagenet", "vgg.width=1")
    if there:
        folder.mkdir(parents=True)
        (folder / "vgg19-dcbb9e9d.pth").touch()
    code, _, err = matting(*words)
    assert (code, len(never)) == ((0, 1) if there else (2, 0))
    assert ("vgg19-dcbb9e9d.pth (548 MB)" in err) != there
    assert ("download: " in matting(*words, "plan=true")[1]) != there
    if not there:
        assert matting(*words, "yes=true")[0] == 0
        assert len(never) == 1


@pytest.mark.parametrize("plan", [(), ("plan=true",)])
def test_data_that_are_not_there_are_an_error_of_the_plan_too(matting, tmp_path, never, plan):
    code, out, err = matting("train", "data=folder", "scale=quick", *plan)
    assert (code, never, err.count("\n")) == (2, [], 1)
    assert "people/train" in err
    assert bool(out) == bool(plan)  # the list of the runs


def test_the_space_of_all_caches_is_asked_for_before_the_first_is_built(tiny, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, 30_000))
    monkeypatch.setenv("MATTING_CACHE_DIR", str(tmp_path / "empty"))
    code, out, err = tiny("train")
    assert (code, out) == (2, "")
    assert str(tmp_path / "empty") in err
    assert not (tmp_path / "empty").exists()
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "a minute"),
        (1800, "30 minutes"),
        (5400, "1.5 hours"),
        (40 * 3600, "40 hours"),
        (72 * 3600, "72 hours (3.0 days)"),
        (3.5 * 365 * 86400, "30,660 hours (3.5 years)"),
    ],
)
def test_times_are_in_hours(seconds, text):
    assert time_text(seconds) == text
