"""The table that a sweep ends in."""

import json

import pytest

from matting.cli import sweep_table
from matting.cli.sweep_table import read_records, table
from matting.runs.figures import TEST, VAL


def record(job, *overrides, error=None, **more):
    return {"job": job, "overrides": ["scale=quick", *overrides], "error": error, **more}


RECORDS = [
    record(0, "seed=0", "loss=full", folder="outputs/alpha_gan/a-1", **{VAL: 0.0461, TEST: None}),
    record(1, "seed=0", "loss=cgan_alpha", error="NaN"),
]


def test_rows_have_the_overrides_that_differ():
    lines = [line.split() for line in table(RECORDS).splitlines()]
    assert lines == [
        ["job", "overrides", "state", VAL, "folder"],
        ["0", "loss=full", "done", "0.0461", "outputs/alpha_gan/a-1"],
        ["1", "loss=cgan_alpha", "failed", "-", "-"],
    ]
    assert table(RECORDS[:1]).splitlines()[1].split()[1:4] == ["scale=quick", "seed=0", "loss=full"]


@pytest.mark.parametrize("width", [60, 80])
def test_a_table_fits_the_terminal(monkeypatch, width):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    long = "outputs/alpha_gan/procedural-quick-cgan_per_alpha-weight_10.5-epochs_3-0123456789ab"
    records = [{**one, "folder": long, TEST: 0.0471, VAL: 0.1} for one in RECORDS]
    text = table(records)
    assert max(map(len, text.splitlines())) <= width
    assert text.count("0.0471") == 2


def test_a_job_that_was_queued_again_has_its_last_record(tmp_path):
    file = tmp_path / "jobs.jsonl"
    again = record(1, "seed=1")
    file.write_text("".join(json.dumps(one) + "\n" for one in (*reversed(RECORDS), again)))
    assert read_records(file) == [RECORDS[0], again]
    assert read_records(tmp_path / "none") == read_records(None) == []


def test_a_sweep_ends_in_its_table(tiny, tmp_path):
    words = ["loss.perceptual.weight=0", "trainer.max_batches=1", "evaluate_as=null"]
    code, out, _ = tiny("train", *words, "-m", "data.val_subjects=10,1")  # all ten validate: none is left to train on
    assert code == 4
    head, *rows = [line.split() for line in out.splitlines()[-3:]]
    assert head == ["job", "overrides", "state", VAL, TEST, "folder"]
    assert [row[:3] for row in rows] == [
        ["0", "data.val_subjects=10", "failed"],
        ["1", "data.val_subjects=1", "done"],
    ]
    (file,) = tmp_path.glob("outputs/segmentation_gan/*/result.json")
    assert tmp_path / rows[1][-1] == file.parent
    assert float(rows[1][3]) == pytest.approx(json.loads(file.read_text())["val"][VAL], rel=1e-3)
    assert not list(tmp_path.glob("outputs/.sweeps/jobs*"))
    assert "folder" not in tiny("train", "-m", "seed=0,1", "plan=true")[1]


def test_one_job_alone_has_no_table_and_no_warning(tiny, recwarn):
    assert "overrides" not in tiny("train", "trainer.max_batches=1", "loss.perceptual.weight=0")[1]
    assert not [warning for warning in recwarn if "Sweep" in str(warning.message)]


def test_a_job_of_another_verb_has_no_run():
    assert sweep_table.measured("predict", None) == {}
