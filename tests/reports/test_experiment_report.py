"""The report of an experiment: what its paragraphs say of runs and rows, and the samples of several rows."""

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest

from matting.experiments.comparison import compare
from matting.experiments.experiment import Row
from matting.reports.experiment_report import experiment_report, index_line, sample_strips
from matting.reports.page import page
from matting.reports.tables import tables_of
from matting.utils.files import write_json
from tests.helpers.made_experiments import made_experiment, made_job, upstream_run


def report_of(made):
    comparisons = compare(made)
    return experiment_report(made, comparisons, tables_of(made, comparisons))


def paragraphs_of(made):
    return report_of(made).sections[0].paragraphs


def test_the_page_is_escaped_and_names_what_failed(tmp_path):
    first = Row("cGAN & <b>|x_1", (made_job(tmp_path / "a", 0, [0.1]),))
    second = Row("second", (made_job(tmp_path / "b", 1, error="a loss is NaN"), made_job(tmp_path / "c", 2)))
    report = report_of(made_experiment(first, second))
    text = page(report.title, report.sections)
    assert "cGAN &amp; &lt;b&gt;|x_1" in text
    assert "<b>" not in text
    assert "3 runs: 1 done, 1 failed, 1 not run" in text
    assert "failed: a loss is NaN" in text
    assert "src=" not in text


def test_a_fact_names_its_rows_unless_it_holds_for_all(tmp_path):
    one, two = made_job(tmp_path / "a", 0, [0.1]), made_job(tmp_path / "b", 1, [0.1])
    two.evaluation.config["method"] = {"inputs": ["image", "trimap"]}
    two.evaluation.config["data"]["subjects"] = {"x": {"_target_": "matting.data.sources.procedural.People"}}
    rows = Row("one", (one,)), Row("two", (two, made_job(tmp_path / "c", 2, error="NaN")))
    facts = paragraphs_of(made_experiment(*rows))[2]
    assert facts.startswith("Scale quick, data drawn, seed 0, 1.")
    assert facts.count("two: The") == 2  # the people are drawn, the trimap is made from the truth
    facts = paragraphs_of(made_experiment(rows[1]))[2]
    assert "drawn, not photographed" in facts
    assert "two: " not in facts


def test_a_row_of_networks_that_were_trained_less_says_so(tmp_path):
    job = made_job(tmp_path / "a", 0, [0.1])
    stages = [upstream_run(tmp_path / kind, "") for kind in ("alphanet_matting", "alphanet")]
    for stage in stages:
        write_json(stage.folder / "result.json", {"batches": 240})
    job = replace(job, stages=[replace(stage, kind=stage.folder.name) for stage in stages])
    facts = paragraphs_of(made_experiment(Row("the two halves", (job,), part="halves"), Row("end to end", (job,))))[2]
    assert re.search(r"the two halves: [^.]* 240 batches", facts)


def test_a_row_of_another_experiment_has_its_command(tmp_path):
    own, other = (made_job(tmp_path / name, 0, [0.1]) for name in "ab")
    other = replace(other, words=("experiments=alphanet/attention", "seed=0"))
    made = made_experiment(Row("own", (own,)), Row("borrowed", (other,)))
    commands = [text for text in paragraphs_of(replace(made, jobs=[own])) if text.startswith("Command")]
    assert len(commands) == 2
    assert commands[0].endswith("matting train experiments=pomagan/made scale=quick")
    assert commands[1].endswith("borrowed: matting train experiments=alphanet/attention seed=0")


def test_a_run_that_two_rows_share_is_counted_once(tmp_path):
    job = made_job(tmp_path / "a", 0, [0.1])
    made = made_experiment(Row("alpha", (job,)), Row("coarse", (job,), "coarse"))
    assert "1 run: 1 done, 0 failed" in paragraphs_of(made)[1]
    assert index_line(made, compare(made))[2:5] == ["1", "1", "0"]


@pytest.fixture
def pictured(tmp_path):
    """Two rows that kept pictures of one common sample."""
    rows = []
    for name, ids in (("one", ["x", "y"]), ("two", ["y"])):
        job = made_job(tmp_path / name, 0, [0.1])
        entries = []
        for id in ids:
            files = {plane: f"{id}-{plane}.png" for plane in ("image", "truth", "alpha", "coarse")}
            for plane, file in files.items():
                shape = (8, 8, 3) if plane == "image" else (8, 8)
                level = {"coarse": 50, "alpha": 100}.get(plane, 200)
                cv2.imwrite(str(job.evaluation.folder / file), np.full(shape, level, np.uint8))
            entries.append({"test": "aim", "kind": "first", "id": id, "mse": 0.1, "files": files})
        write_json(job.evaluation.folder / "pictures.json", [*entries, {**entries[0], "kind": "worst"}])
        rows.append((Row(name, (job,), "coarse" if name == "two" else "alpha"), job))
    return rows


def test_samples_are_those_that_all_rows_kept(pictured):
    (strip,) = sample_strips(pictured)
    assert strip.note == "aim: y"
    assert [picture.caption for picture in strip.pictures] == ["image", "truth", "one", "two"]
    assert len({picture.uri for picture in strip.pictures[1:]}) == 3  # the second row shows its coarse map
