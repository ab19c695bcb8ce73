"""Errors of the command line: one line that says which key, choice or type, and what is possible."""

import pytest

# (verb, words) -> what the line must hold
CASES = [
    ("train", ["sede=1"], ["sede: ", "seed"]),
    ("train", ["scale.heigth=64"], ["scale.heigth: ", "scale.height"]),
    ("train", ["trainer.nope=3"], ["trainer.nope: ", "trainer."]),
    ("runs", ["seed=1"], ["seed: ", "match", "prune", "state"]),
    ("train", ["scale=nope"], ["scale=nope", "paper, quick, small"]),
    (
        "train",
        ["loss=nope"],
        ["loss=nope", "cgan_alpha, cgan_per_alpha, focal_dice, full, full_gradient, segmentation"],
    ),
    ("evaluate", ["method=nope"], ["method=nope", "pomagan"]),
    ("train", ["experiments=nope"], ["experiments=nope: ", "pomagan/table1"]),
    ("train", ["seed=abc"], ["seed=abc", "Integer"]),
    ("train", ["trainer.devices=x"], ["trainer.devices=x", "Integer"]),
    ("train", ["scale.height=1.5"], ["scale.height=1.5", "whole number"]),
    ("train", ["rerun=maybe"], ["rerun=maybe", "bool"]),
    ("train", ["seed=null"], ["seed=null"]),
    ("train", ["seed"], ["seed", "key=value"]),
    ("train", ["=3"], ["=3", "key=value"]),
    ("train", ["--nope"], ["--nope: ", "--multirun"]),
    ("train", ["--", "plan=true"], ["--: ", "--multirun"]),
    ("train", ["-m", "seed=0,1", "--cfg", "job"], ["--cfg: ", "plan=true"]),
    ("train", ["scale.aspp_rates=[1,2"], ["[1,2", "key=value"]),
    ("train", ["trainer=cpu,gpu"], ["trainer=cpu,gpu", "-m"]),
    ("train", ["scale.height=${nope}"], ["nope", "scale.height"]),
    ("train", ["~seed"], ["seed: ", "seed=..."]),
    ("predict", [], ["input, output: "]),
    ("train", ["stage=null"], ["stage=null", "alpha_gan, alphanet"]),
    ("train", ["logger=null"], ["logger=null", "csv, tensorboard, wandb"]),
    ("train", ["loss={weight:1}"], ["loss=", "full_gradient, segmentation"]),
    ("train", ["-m", "loss=segmentation,null"], ["loss=null", "full_gradient, segmentation"]),
    ("evaluate", ["method=null"], ["method=null", "pomagan"]),
    ("reproduce", ["recipe=null"], ["recipe=null", "alphanet, pomagan"]),
    ("dashboard", ["experiments=pomagan/gan", "logger=null"], ["logger=null", "wandb"]),
    ("report", ["experiments=pomagan/gan", "loss=null"], ["loss=null"]),
    ("report", ["experiments=pomagan/gan", "scale.height=-5"], ["scale.height=-5", "16"]),
    ("dashboard", ["experiments=pomagan/gan", "dry_run=true", "scale.height=-5"], ["scale.height=-5"]),
    ("train", ["--resolve"], ["--resolve", "--cfg job"]),
    ("train", ["--help", "-p", "scale"], ["-p", "--cfg job"]),
    ("train", ["--cfg", "job", "-p", "scales"], ["--package scales"]),
    ("train", ["--cfg", "jobs"], ["--cfg", "jobs", "hydra"]),
    ("train", ["--cfg"], ["--cfg"]),
    ("train", ["--info", "default"], ["--info", "default", "defaults"]),
]


@pytest.mark.parametrize(
    ("verb", "words", "expected"), CASES, ids=[" ".join([verb, *words]) for verb, words, _ in CASES]
)
def test_one_line_and_nothing_written(matting, tmp_path, verb, words, expected):
    code, out, err = matting(verb, *words)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1, err
    assert err.startswith(f"matting {verb}: ")
    for text in expected:
        assert text in err
    assert not list(tmp_path.iterdir())


def test_a_wrong_type_in_a_grid_stops_it_before_the_first_job(matting, monkeypatch):
    monkeypatch.setattr("matting.commands.train.run", lambda config: pytest.fail("a job ran"))
    code, _, err = matting("train", "-m", "seed=x,1")
    assert code == 2
    assert "seed=x" in err


@pytest.mark.parametrize("word", ["experiments=null", "experiments="])
def test_no_experiment_is_none(matting, word):
    assert matting("train", "plan=true", word) == matting("train", "plan=true")


def test_a_part_of_the_config_is_printed(matting):
    code, out, _ = matting("train", "--cfg", "job", "-p", "trainer", "trainer=debug")
    assert (code, out.splitlines()[:2]) == (0, ["# @package trainer", "name: debug"])
    code, out, _ = matting("train", "--cfg", "hydra", "-p", "hydra.sweeper", "hydra/sweeper=optuna")
    assert code == 0
    assert "direction: minimize" in out
