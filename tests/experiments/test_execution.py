"""One experiment of each verb, run at a tiny size; a run that was stopped."""

import json

import pytest

from matting.errors import Interrupted, JobError
from matting.experiments import execution
from matting.experiments.recipe import recipe_runs
from tests.helpers.made_runs import compose, start


def test_a_grid_trains_evaluates_and_reports_with_a_row_that_failed(tiny, tmp_path, monkeypatch):
    """The segmentation run is made once, a failed row is named and left, the same command makes the rest."""
    words = ("experiments=pomagan/encoder", "loss.perceptual.weight=0", "trainer.max_batches=1")
    fit, made = execution.fit, []

    def failing(run, upstream):
        made.append(run.kind)
        if run.kind == "alpha_gan" and run.config["net"]["gen"]["encoder"] == "concat" and len(made) < 4:
            from matting.runs import lifecycle

            lifecycle.note(run, error="a loss is NaN")
            raise JobError("a loss is NaN")
        return fit(run, upstream)

    monkeypatch.setattr(execution, "fit", failing)
    code, out, err = tiny("train", *words)
    assert code == 4
    assert made == ["segmentation_gan", "alpha_gan", "alpha_gan"]
    assert "net.gen.encoder=concat" in err
    assert "a loss is NaN" in err

    code, out, _ = tiny("report", *words)
    assert code == 0
    assert "failed: alpha_gan: a loss is NaN" in out
    folder = tmp_path / "outputs/experiments/pomagan/encoder"
    assert {file.name for file in folder.iterdir()} == {
        "report.html",
        "rows.jsonl",
        "table.csv",
        "table.md",
        "table.tex",
    }
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    assert [row["state"] for row in rows] == ["failed: alpha_gan: a loss is NaN", "done"]
    assert [run["kind"] for run in rows[1]["runs"]] == ["segmentation_gan", "alpha_gan", "evaluate/pomagan"]
    assert (tmp_path / rows[1]["runs"][2]["folder"] / "result.json").is_file()

    code, out, _ = tiny("reproduce", *words)
    assert code == 0
    assert made[3:] == ["alpha_gan"]
    page = (folder / "report.html").read_text()
    assert "2 runs: 2 done, 0 failed" in page
    assert page.count("<img") == 2 * (2 + 2)  # two samples: image, truth, and each row's alpha
    assert (tmp_path / "outputs/experiments/index.html").is_file()
    assert out.splitlines()[-1] == "outputs/experiments/index.html"


def test_an_experiment_of_evaluations(tiny, tmp_path):
    words = ("experiments=alphanet/table2", "method=closed_form,knn")
    code, out, _ = tiny("evaluate", *words)
    assert code == 0
    assert {path.name for path in tmp_path.glob("outputs/evaluate/*")} == {"closed_form", "knn"}
    code, out, _ = tiny("report", *words)
    assert code == 0
    line = next(line for line in out.splitlines() if line.lstrip().startswith("Closed-form (true trimap)"))
    assert "4.942" in line
    assert "DIM (true trimap)" in out
    assert "scale not comparable" in out


@pytest.mark.parametrize("there", [True, False])
def test_a_checkpoint_is_named_where_there_is_one(monkeypatch, tmp_path, there):
    monkeypatch.chdir(tmp_path)
    run = recipe_runs(compose()).steps[0]
    start(run)
    if there:
        run.checkpoints.mkdir()
        run.last.touch()
    for stop in (Interrupted("stopped at batch 7"), KeyboardInterrupt()):
        text = execution.stopped_text(run, stop)
        assert ("keeps the last checkpoint" in text) == there
        assert str(run.folder) in text
        assert ("batch 7" in text) == isinstance(stop, Interrupted)
