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
    ("runs", ["prune=no"], ["prune=no", "True, False"]),
    ("predict", [], ["input, output: no value"]),
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
    monkeypatch.setattr("matting.train.run", lambda config: pytest.fail("a job ran"))
    code, _, err = matting("train", "-m", "seed=x,1")
    assert code == 2
    assert "seed=x" in err
