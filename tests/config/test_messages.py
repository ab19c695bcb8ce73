"""Errors of the command line: one line that says which key, choice or type, and what is possible."""

import pytest

# (verb, words) -> what the line must hold
CASES = [
    ("train", ["sede=1"], ["sede: no such key", "did you mean seed"]),
    ("train", ["scale.heigth=64"], ["scale.heigth: no such key", "scale.height"]),
    ("train", ["trainer.nope=3"], ["trainer.nope: no such key", "trainer."]),
    ("runs", ["seed=1"], ["seed: no such key", "match", "prune", "state"]),
    ("train", ["scale=nope"], ["scale=nope", "paper, quick, small"]),
    ("train", ["loss=nope"], ["loss=nope", "cgan_alpha, cgan_per_alpha, focal_dice, full, segmentation"]),
    ("evaluate", ["method=nope"], ["method=nope", "pomagan"]),
    ("train", ["experiments=nope"], ["experiments=nope: no such experiment", "pomagan/table1"]),
    ("train", ["seed=abc"], ["seed=abc", "Integer"]),
    ("train", ["trainer.devices=x"], ["trainer.devices=x", "Integer"]),
    ("train", ["scale.height=1.5"], ["scale.height=1.5", "Integer"]),
    ("train", ["rerun=maybe"], ["rerun=maybe", "bool"]),
    ("train", ["seed=null"], ["seed=null", "not Optional"]),
    ("train", ["seed"], ["'seed'", "key=value"]),
    ("train", ["=3"], ["=3", "key=value"]),
    ("train", ["--nope"], ["--nope: no such option", "--multirun"]),
    ("train", ["-m", "seed=0,1", "--cfg", "job"], ["--cfg: not of a grid", "plan=true"]),
    ("train", ["scale.aspp_rates=[1,2"], ["[1,2", "key=value"]),
    ("train", ["trainer=cpu,gpu"], ["trainer=cpu,gpu", "-m"]),
    ("train", ["scale.height=${nope}"], ["nope", "scale.height"]),
    ("train", ["~seed"], ["seed: no value", "seed=..."]),
    ("train", ["checkpoint.keep=none"], ["checkpoint.keep=none", "weights, best, all"]),
    ("evaluate", ["metrics.convention=mine"], ["metrics.convention=mine", "dim, mmagic, p3m"]),
    ("reproduce", ["scale.seg_epochs=0"], ["scale.seg_epochs=0", "at least 1"]),
    ("runs", ["prune=no"], ["prune=no", "true, false"]),
    ("predict", [], ["input, output: no value"]),
    ("train", ["stage=null"], ["stage=null: no such choice", "alpha_gan, alphanet"]),
    ("train", ["logger=null"], ["logger=null: no such choice", "csv, tensorboard, wandb"]),
    ("train", ["trainer=3"], ["trainer=3: no such choice", "cpu, ddp"]),
    ("train", ["loss={weight:1}"], ["loss=", "no such choice", "full, segmentation"]),
    ("train", ["scale="], ["scale=: no such choice", "paper, quick, small"]),
    ("train", ["-m", "loss=segmentation,null"], ["loss=null: no such choice", "full, segmentation"]),
    ("evaluate", ["method=null"], ["method=null: no such choice", "pomagan"]),
    ("predict", ["method=null", "input=a", "output=b"], ["method=null: no such choice", "pomagan"]),
    ("reproduce", ["recipe=null"], ["recipe=null: no such choice", "alphanet, pomagan"]),
    ("report", ["recipe=null"], ["recipe=null: no such choice", "alphanet, pomagan"]),
    ("dashboard", ["experiments=pomagan/gan", "logger=null"], ["logger=null: no such choice", "wandb"]),
    ("runs", ["paths=null"], ["paths=null: no such choice", "default"]),
    ("report", ["experiments=pomagan/gan", "loss=null"], ["loss=null: no such choice"]),
    ("report", ["experiments=pomagan/gan", "scale.height=-5"], ["scale.height=-5: expected", "at least 16"]),
    ("report", ["experiments=pomagan/gan", "stage.upstream=null"], ["stage.upstream=null: expected"]),
    ("report", ["experiments=pomagan/table1", "metrics.convention=mine"], ["metrics.convention=mine: expected"]),
    ("dashboard", ["experiments=pomagan/gan", "dry_run=true", "scale.height=-5"], ["scale.height=-5: expected"]),
    ("train", ["--resolve"], ["--resolve", "goes with --cfg job"]),
    ("train", ["--package", "scale"], ["--package", "goes with --cfg job"]),
    ("train", ["-p", "scale", "--info", "defaults"], ["-p", "goes with --cfg job"]),
    ("train", ["--help", "-p", "scale"], ["-p", "goes with --cfg job"]),
    ("train", ["--cfg", "job", "-p", "scales"], ["--package scales: not in the config"]),
    ("train", ["--cfg", "jobs"], ["--cfg", "'jobs'", "'job', 'hydra', 'all'"]),
    ("train", ["--cfg"], ["--cfg", "expected one argument"]),
    ("train", ["--info", "default"], ["--info", "'default'", "'defaults'"]),
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
