"""Weights & Biases, offline: what an experiment's row leaves in its files."""

import json
from pathlib import Path

import cv2
import pytest
import wandb

from matting.cli.main import main
from matting.config import schema
from matting.experiments.comparison import compare
from matting.experiments.experiment import experiment
from matting.reports.wandb_dashboard import Dashboard, sections_of
from matting.utils.files import read_metrics
from tests.helpers.tiny import TINY
from tests.helpers.wandb_log import OfflineRun, alone_in, offline_runs

KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def alone(tmp_path_factory, monkeypatch):
    alone_in(tmp_path_factory.mktemp("home"), monkeypatch)
    yield
    wandb.teardown()


@pytest.fixture(scope="module")
def row(tmp_path_factory):
    """A row of an experiment, its two stages and its evaluation, with a key in the environment: the folder."""
    folder = tmp_path_factory.mktemp("row")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        alone_in(folder.parent / "its-home", patch)
        patch.setenv("MATTING_CACHE_DIR", str(folder / "cache"))
        patch.setenv("WANDB_API_KEY", KEY)
        words = ["experiments=pomagan/table3_terms", "loss=cgan_alpha", "seed=3", "trainer.max_batches=4"]
        logger = ["logger=wandb", "logger.wandb.mode=offline", "logger.wandb.log_model=true"]
        assert main(["train", *TINY, *words, *logger]) == 0
        wandb.teardown()
    return folder


def of_kind(folder: Path, kind: str) -> tuple[OfflineRun, Path]:
    (found,) = offline_runs(folder / "outputs" / kind)
    return found, found.folder.parents[1]


def test_a_run_a_job_named_grouped_and_closed(row):
    runs = [of_kind(row, kind) for kind in ("segmentation_gan", "alpha_gan", "evaluate/pomagan")]
    assert [found.run.job_type for found, _ in runs] == ["segmentation_gan", "alpha_gan", "evaluate/pomagan"]
    for found, folder in runs:
        assert found.run.run_id == folder.name.rsplit("-", 1)[-1]
        assert found.run.run_group == "pomagan/table3_terms"
        assert found.run.project == "matting"
        assert found.run.display_name.startswith("procedural quick")
        assert not found.run.resume
        assert found.exit == 0


def test_the_config_is_resolved_and_says_where_it_comes_from(row):
    found, folder = of_kind(row, "alpha_gan")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert found.config["loss"]["name"] == "cgan_alpha"
    assert found.config["stage"]["batch_size"] == 2
    assert found.config["seed"] == 3
    assert found.config["git"]["revision"] == manifest["git"]["revision"]
    assert found.config["data_fingerprint"] == manifest["data_fingerprint"]
    assert "paths" not in found.config


def test_figures_are_by_batch_and_the_summary_has_the_best_and_the_last(row):
    found, folder = of_kind(row, "alpha_gan")
    expected: dict[str, dict[int, float]] = {}
    for line in read_metrics(folder / "metrics.csv"):
        expected.setdefault(line["name"], {})[line["batch"]] = line["value"]
    assert {"train/loss/adversarial", "train/weighted/alpha", "train/adv/d_real", "val/whole/mse"} <= expected.keys()
    for name, values in expected.items():
        assert found.rows(name) == pytest.approx(values), name
    for pattern in ("train/*", "val/*", "pictures/*", "speed/*"):
        assert found.metrics[pattern].step_metric == "batch"
    assert list(found.rows("speed/images_per_s")) == [2, 3, 4]
    errors = expected["val/whole/mse"]
    assert list(errors) == [3, 4]
    assert found.summary["val/whole/mse"] == pytest.approx({"min": min(errors.values()), "last": errors[4]})
    result = json.loads((folder / "result.json").read_text())
    assert found.summary["test/procedural/whole/mse"] == pytest.approx(result["procedural"]["whole/mse"])


def test_the_fixed_samples_at_every_validation_as_pictures(row):
    for kind, columns in (("segmentation_gan", 5), ("alpha_gan", 6)):  # the coarse map is given to the second
        found, folder = of_kind(row, kind)
        panels = found.rows("pictures/validation")
        assert list(panels) == [3, 4]
        assert {tuple(panel["captions"]) for panel in panels.values()} == {tuple(panels[3]["captions"])}
        assert len(panels[3]["captions"]) == 2
        for name in panels[3]["filenames"]:
            assert cv2.imread(str(found.folder / "files" / name)).shape[1] == columns * (32 + 4) - 4
        assert len(list((folder / "images").iterdir())) == 2


def test_the_best_weights_as_an_artifact_on_request(row):
    found, folder = of_kind(row, "alpha_gan")
    (artifact,) = found.artifacts
    assert (artifact.type, artifact.name) == ("model", f"alpha_gan-{found.run.run_id}")
    (content,) = artifact.manifest.contents
    assert Path(content.local_path) == (folder / "checkpoints/best.ckpt").absolute()


def test_an_evaluation_as_a_table_with_pictures(row):
    found, folder = of_kind(row, "evaluate/pomagan")
    result = json.loads((folder / "result.json").read_text())
    node = found.summary["images/procedural"]
    table = json.loads((found.folder / "files" / node["path"]).read_text())
    lines = [dict(zip(table["columns"], line, strict=True)) for line in table["data"]]
    means = result["tests"]["procedural"]["rows"]
    assert len({line["id"] for line in lines}) == len(lines) == 2
    for part in ("alpha", "coarse", "perfect_mask"):
        mean = sum(line[f"{part}/whole/mse"] for line in lines) / 2
        assert mean == pytest.approx(means[part]["whole"]["mse"])
    assert found.summary["test/procedural/unknown/sad"] == pytest.approx(means["alpha"]["unknown"]["sad"])
    assert found.summary["constant/procedural/whole/mse"] == pytest.approx(means["constant"]["whole"]["mse"])
    captions = found.summary["pictures/procedural"]["captions"]
    assert [caption.split()[0] for caption in captions] == [*["first"] * 2, *["best"] * 2, *["worst"] * 2]


def test_no_key_and_no_home_in_any_file(row):
    files = [path for path in (row / "outputs").rglob("*") if path.is_file()]
    assert any(path.suffix == ".wandb" for path in files)
    for path in files:
        text = path.read_bytes()
        assert KEY.encode() not in text, path
        assert b"its-home" not in text, path
    assert not list((row.parent / "its-home").rglob("staging/*"))


def test_wandb_notes_nothing_of_the_machine_by_itself(row):
    for found in offline_runs(row):
        assert "run" in found.kinds
        assert not {"environment", "output", "output_raw"} & found.kinds
        assert {path.name for path in (found.folder / "files").iterdir()} <= {"media"}


def test_a_dashboards_panels_are_of_keys_that_the_runs_have(row, monkeypatch):
    """Of what the row logged: the histories, pictures and Tables, the config's keys, the summary, the runs' ids."""
    monkeypatch.chdir(row)
    schema.register()
    found = experiment("pomagan/table3_terms", [*TINY, "loss=cgan_alpha", "seed=3,4", "trainer.max_batches=4"])
    made = Dashboard(found, compare(found), "matting", "")
    logged = {logged.run.run_id: logged for logged in offline_runs(row)}
    assert {"segmentation_gan", "alpha_gan", "evaluate/pomagan"} == {logged.run.job_type for logged in logged.values()}
    checked = set()
    for section in sections_of(made):
        runs = [logged[id] for id in section.runs if id in logged]
        assert runs or section.title == "Measured and published"
        for panel in section.panels:
            kind = type(panel).__name__
            if kind == "LinePlot":
                assert panel.x == "batch"
                assert any(run.rows(key) for run in runs for key in panel.y), panel.y
            elif kind == "MediaBrowser":
                assert any(panel.media_keys[0] in run.summary for run in runs), panel.media_keys
            elif kind == "WeavePanelSummaryTable":
                assert all(panel.table_name in run.summary for run in runs)
            elif kind == "ParallelCoordinatesPlot":
                *keys, error = [column.metric.name for column in panel.columns]
                assert keys == ["seed"]
                assert {run.config["seed"] for run in runs} == {3}
                assert error == "val/whole/mse.min"
                assert all("min" in run.summary["val/whole/mse"] for run in runs)
            checked.add(kind)
    assert checked == {"LinePlot", "MediaBrowser", "WeavePanelSummaryTable", "ParallelCoordinatesPlot", "CustomChart"}
