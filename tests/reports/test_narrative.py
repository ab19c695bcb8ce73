"""The sentences of a report hold the facts of its runs."""

import re
from dataclasses import replace

from matting.reports.narrative import caveats, conclusion, longer_trained, opening_paragraphs, training, verdict
from tests.helpers.made_runs import a_result, finish_stage


def test_paragraphs_hold_the_facts_of_the_runs(done):
    finish_stage(done.steps[1], starts=["1", "2"], skipped=["a damaged.png"])
    assert "2 starts" not in " ".join(training(done.steps[0]))
    outcome, trained, trimaps = opening_paragraphs(done.evaluation, done.steps[:-1])
    assert all(fact in outcome for fact in ("quick", "procedural", "seed 0", "perfect binary mask", "unknown region"))
    for fact in ("90 batches of 8", "720 samples", "64x112", "184 subjects", "12 s on cpu", "32-true", "batch 80"):
        assert fact in trained
    assert all(fact in trained for fact in ("2 starts", "1 damaged file", "90 batches more"))
    assert "(lowest val/whole/mse)" in trained
    assert "20 px" in trimaps


def test_samples_without_a_person_are_said(done):
    stage = done.steps[0]
    data = {**stage.config["data"], "empty_share": 0.25}
    assert "25%" in " ".join(training(replace(stage, config={**stage.config, "data": data})))
    assert "no person" not in " ".join(training(stage))


def test_random_vgg_and_missing_lists_are_said_only_if_they_are_so(done):
    config, stages = done.evaluation.config, done.steps[:-1]
    (sentence,) = caveats(config, stages)
    assert all(word in sentence for word in ("random VGG", "segmentation_gan", "alpha_gan"))
    trained = {"perceptual": {"weight": 10, "weights": "imagenet"}}
    off = {"perceptual": {"weight": 0, "weights": "none"}}
    others = [
        replace(stage, config={"stage": {"upstream": {}}, "net": {}, "loss": loss})
        for stage, loss in zip(stages, (trained, off), strict=True)
    ]
    assert list(caveats(config, others)) == []
    files = {"subjects": {"mine": {"_target_": "x", "list_file": None}}, "test": {"aim": None}}
    assert ["list_file" in sentence for sentence in caveats({"data": files}, [])] == [True]
    files["subjects"]["mine"]["list_file"] = "people.txt"
    assert list(caveats({"data": files}, [])) == []


def test_longer_training_is_said_of_the_row_that_was_trained_less(done):
    finish_stage(done.steps[1])
    alphanet = [replace(done.steps[0], kind="alphanet_matting"), replace(done.steps[1], kind="alphanet")]
    (sentence,) = longer_trained(alphanet, ["halves", "alpha"])
    assert all(fact in sentence for fact in ("90 batches", "experiments=alphanet/equal_training"))
    assert list(longer_trained(alphanet, ["alpha", "coarse"])) == []
    (sentence,) = longer_trained(done.steps[:-1], ["coarse", "halves"])
    assert "90 batches more" in sentence


def test_the_verdict_counts_metrics_against_each_other_row():
    wins = r"best constant on 5 .*coarse map as alpha on {} .*perfect binary mask on 0 of 5"
    assert re.search(wins.format(5), verdict("aim", "whole", a_result()))
    assert re.search(wins.format(0), verdict("aim", "whole", a_result(alpha=0.05)))


def test_the_conclusion_follows_the_perfect_mask():
    empty = {"rows": {row: {"unknown": {"mse": None}} for row in ("alpha", "perfect_mask")}}
    tests = {"aim": a_result()["tests"]["aim"], "pm85": a_result(alpha=0.003)["tests"]["aim"], "d646": empty}
    ahead, behind = conclusion({**a_result(), "tests": tests})
    assert ("pm85" in ahead, "aim" in ahead, "d646" in ahead) == (True, False, False)
    assert ("pm85" in behind, "aim" in behind, "d646" in behind) == (False, True, False)
    assert "beats the perfect binary mask" in ahead
    assert "does not beat" in behind
