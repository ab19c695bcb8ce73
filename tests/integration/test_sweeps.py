"""Sweeps: killed and given again, jobs that fail, what is refused."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
import yaml
from hydra.core.plugins import Plugins

from matting.cli import sweeps
from matting.config import schema
from matting.config.compose import compose_job, options
from matting.utils.files import read_metrics
from tests.helpers.swept import FAST, results, start, starts

GRID = ["experiments=pomagan/table3_terms", "loss=cgan_alpha,cgan_per_alpha", "vgg.weights=none", "vgg.width=0.125"]
GRID += ["scale.test_subjects=1", "checkpoint.every_batches=1", "scale.alpha_epochs=2"]


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
    """An error of input, a loss that is no number, and one that trains."""
    weights = "loss.segmentation.weight=-1,1e39,10"
    code, _, err = tiny("train", *FAST, "-m", weights)
    assert code == 4
    assert len(results(tmp_path)) == 1
    *failed, last = [line for line in err.splitlines() if line.startswith(("failed: ", "matting train: "))]
    assert [line.split(": ")[1] for line in failed] == [
        f"loss.segmentation.weight={weight}" for weight in ("-1", "1e+39")
    ]
    assert last.startswith("matting train: 2 jobs failed")
    log = Path(failed[1].rpartition("; log: ")[2])
    assert "Traceback" in log.read_text()
    assert json.loads((log.parent / "manifest.json").read_text())["error"] in failed[1]
    assert not list(tmp_path.glob("outputs/.sweeps/failures*"))


def test_a_grid_with_an_unknown_choice_runs_no_job_and_leaves_no_file(tiny, tmp_path):
    code, _, err = tiny("train", *FAST, "-m", "trainer=debug,debugged")
    assert code == 2
    assert err.splitlines()[-1].startswith("matting train: trainer=debugged")
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


@pytest.mark.parametrize(
    ("choice", "package"), [("launcher=ray", "hydra-ray-launcher"), ("sweeper=optuna", "hydra-optuna-sweeper")]
)
def test_what_is_not_installed_says_what_to_install(matting, monkeypatch, choice, package):
    known = Plugins.instance().class_name_to_class
    monkeypatch.setattr(
        Plugins.instance(), "class_name_to_class", {name: known[name] for name in known if "hydra_plugins." not in name}
    )
    code, _, err = matting("train", "-m", "seed=0,1", f"hydra/{choice}")
    assert code == 2
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith(f"matting train: {package} ")
    assert "matting[sweeps]" in err


OPTUNA = "hydra/sweeper=optuna"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["hydra/sweeper=foo"], ["hydra/sweeper=foo", "basic, optuna"]),
        (["hydra/launcher=foo"], ["hydra/launcher=foo", "basic, joblib"]),
        (["hydra/launcher=null"], ["hydra/launcher=null", "basic, joblib"]),
        (["hydra/sweeper/sampler=foo", OPTUNA], ["hydra/sweeper/sampler=foo", "random", "tpe"]),
        (["hydra.launcher=null"], ["hydra.launcher=null: "]),
        (["hydra.sweeper.foo=1"], ["hydra.sweeper.foo: ", "max_batch_size"]),
        (["hydra.sweeper.foo=1", OPTUNA], ["hydra.sweeper.foo: ", "n_trials"]),
        (["hydra.sweeper.max_batch_size=0"], ["hydra.sweeper.max_batch_size=0: ", "1"]),
        (["hydra.sweeper.n_trials=abc", OPTUNA], ["hydra.sweeper.n_trials=abc: ", "1"]),
        (["hydra.sweeper.n_trials=0", OPTUNA], ["hydra.sweeper.n_trials=0: ", "1"]),
        (["hydra.sweeper.direction=up", OPTUNA], ["hydra.sweeper.direction=up: ", "minimize, maximize"]),
        (["hydra.sweeper.sampler.seed=abc", OPTUNA], ["hydra.sweeper.sampler.seed=abc: "]),
        (["hydra.launcher.n_jobs=abc", "hydra/launcher=joblib"], ["hydra.launcher.n_jobs=abc: ", "-1"]),
        (["hydra.launcher.n_jobs=0", "hydra/launcher=joblib"], ["hydra.launcher.n_jobs=0: "]),
        (["hydra.launcher.backend=foo", "hydra/launcher=joblib"], ["hydra.launcher.backend=foo: ", "loky"]),
        (["hydra.launcher.timeout_min=soon", "hydra/launcher=submitit_local"], ["timeout_min=soon: "]),
        (["hydra.launcher.ray.remote.num_gpus=all", "hydra/launcher=ray"], ["num_gpus=all: "]),
    ],
    ids=str,
)
def test_a_launcher_or_sweeper_that_cannot_be(matting, tmp_path, words, expected):
    code, out, err = matting("train", "-m", "seed=0,1", *words)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1, err
    for text in expected:
        assert text in err
    assert not list(tmp_path.iterdir())


def test_the_sweep_file_of_the_documentation_makes_a_command_that_runs(matting):
    from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

    text = (Path(__file__).parents[2] / "docs/sweeps.md").read_text()
    file = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    chosen = {
        key: {"value": node.get("value", node.get("values", [node.get("min")])[0])}
        for key, node in file["parameters"].items()
    }
    macros = {"${env}": ["env"], "${args_no_hyphens}": create_sweep_command_args({"args": chosen})["args_no_hyphens"]}
    command = [word for chunk in create_sweep_command(file["command"]) for word in macros.get(chunk, [chunk])]
    assert command[:3] == ["env", "matting", "train"]
    code, out, err = matting(*command[2:], "plan=true")
    assert code == 0, err
    assert "alpha_gan/" in out


@pytest.mark.parametrize("part", ["launcher", "sweeper", "sweeper/sampler"])
def test_every_launcher_and_sweeper_passes(part):
    schema.register()
    sweeps.prefer_own_files()
    for choice in options(f"hydra/{part}"):
        if "/" not in choice:
            group = [OPTUNA] if "sampler" in part else []
            sweeps.check_plugins(compose_job("train", [*group, f"hydra/{part}={choice}", "plan=false"]))
