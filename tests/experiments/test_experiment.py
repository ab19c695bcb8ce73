"""Rows of an experiment: their titles, their jobs, and the published rows that they match."""

from dataclasses import replace

import pytest

from matting.experiments.experiment import borrowed, differing, experiment, fits, rows_of
from matting.experiments.grid import grid, read_file
from matting.experiments.jobs import Job
from matting.runs.run import Run

QUICK = ("scale=quick",)


def test_seeds_are_one_row_and_other_choices_are_named(hydra):
    published = read_file("pomagan/table3_terms")["published"]["rows"]
    words = ("loss=full,cgan_alpha", "seed=1,2", "loss.alpha.weight=10,100")
    rows = list(rows_of(published, made("pomagan/table3_terms", words), words))
    assert [(row.title, sorted(job.seed for job in row.jobs)) for row in rows] == [
        ("cGAN + alpha, alpha.weight=10", [1, 2]),
        ("cGAN + alpha, alpha.weight=100", [1, 2]),
        ("cGAN + perceptual + alpha", []),
        ("cGAN + perceptual + alpha + border, alpha.weight=10", [1, 2]),
        ("cGAN + perceptual + alpha + border, alpha.weight=100", [1, 2]),
    ]
    words = ("loss=segmentation,full",)
    others = [row.title for row in rows_of(published, made("pomagan/table3_terms", words), words)]
    assert others[-1] == "loss=segmentation"


def made(name, overrides):
    """Jobs of a grid without their runs."""
    lines = grid(name, "train", overrides)
    seeds = [int(dict(word.split("=", 1) for word in line).get("seed", 0)) for line in lines]
    runs = [Run("evaluate/pomagan", {}, " ".join(line), None) for line in lines]
    return [Job("train", line, seed, [], run) for line, seed, run in zip(lines, seeds, runs, strict=True)]


@pytest.mark.parametrize(
    ("at", "word"),
    [
        *((100, f"loss.border.weight={value}") for value in ("100", "100.0", "1e2")),
        *(("[alpha,fgr]", f"loss.targets={value}") for value in ("[alpha, fgr]", "['alpha',fgr]", '["alpha", "fgr"]')),
        *(("{kind:bce}", f"loss.adversarial={value}") for value in ("{kind: bce}", "{ kind:'bce' }")),
        *((True, f"net.norm={value}") for value in ("true", "True")),
        *(("none", f"net.mat.attention={value}") for value in ("none", "'none'")),
        (None, "data.subjects.aim=null"),
    ],
)
def test_a_choice_is_the_published_one_however_it_is_written(at, word):
    key = word.partition("=")[0]
    assert fits({key: at}, ["seed=1", word])
    assert not fits({key: "other"}, [word])
    assert not fits({key: at}, ["seed=1", f"other.{word}"])
    assert fits({key: at}, [f"{key}=other", f"++{word}"])


def test_two_ways_to_write_a_published_choice_are_one_row(hydra):
    words = ("loss.border.weight=100,1e2", "loss.perceptual.weight=10.0", "loss.alpha.weight=100", "seed=1,1")
    same = [replace(job, evaluation=replace(job.evaluation, digest="one")) for job in made("pomagan/loss_grid", words)]
    rows = list(rows_of(read_file("pomagan/loss_grid")["published"]["rows"], same, words))
    assert len(same) == 4
    assert [(row.title, len(row.jobs), row.left_out) for row in rows] == [
        ("cGAN + alpha", 0, True),
        ("cGAN + perceptual + alpha", 0, True),
        ("cGAN + perceptual + alpha + border", 1, False),
    ]


def test_a_system_that_the_suite_has_not_is_not_left_out(hydra):
    words = ("method=closed_form",)
    jobs = [Job("evaluate", line, 0, [], Run("", {}, "", None)) for line in grid("alphanet/table2", "evaluate", words)]
    rows = rows_of(read_file("alphanet/table2")["published"]["rows"], jobs, words)
    left_out = {row.title: row.left_out for row in rows if not row.jobs}
    assert [title for title, left in left_out.items() if not left] == ["DIM (true trimap)"]
    assert "KNN (true trimap)" in left_out


def test_a_seed_given_twice_is_one_run_of_the_grid(hydra):
    found = experiment("pomagan/table1", [*QUICK, "seed=0,0"])
    assert [job.seed for job in found.jobs] == [0]
    assert [len(row.jobs) for row in found.rows if row.jobs] == [1, 1, 1]


def test_a_row_of_another_experiment_is_its_run(hydra):
    node = read_file("alphanet/table1")["published"]["rows"]["AlphaNet without attention"]
    (job,) = borrowed(node, [*QUICK, "method.max_side=99"])
    assert job.stages[-1].config["net"]["mat"]["attention"] == "none"
    assert job.evaluation.kind == "evaluate/alphanet"
    assert job.words[0] == "experiments=alphanet/attention"


def test_words_that_differ():
    assert differing([("a", "b"), ("a", "c")]) == {"b", "c"}
    assert differing([("a", "b")]) == set()
