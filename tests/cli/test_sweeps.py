"""Launchers and sweepers: those that cannot be, those that are not installed, the file of W&B's agent."""

from pathlib import Path

import pytest
import yaml
from hydra.core.plugins import Plugins

from matting.cli import sweeps
from matting.config import schema
from matting.config.compose import compose_job, options


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


@pytest.mark.slow
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
