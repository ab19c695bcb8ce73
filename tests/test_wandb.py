"""Weights & Biases, offline: what a training, an experiment's row, a resumed and a failed run leave in its files."""

import json
import os
import pickle
from pathlib import Path

import cv2
import pytest
import wandb

from matting import schema
from matting.__main__ import main
from matting.comparison import compare
from matting.config import config_dir
from matting.dashboards import Dashboard, sections_of
from matting.errors import Interrupted, JobError, UserError
from matting.experiment_rows import experiment
from matting.files import read_metrics, write_json
from matting.loggers import loggers_of
from matting.runs import Run, make_run
from matting.stages.segmentation_gan import SegmentationGAN
from matting.wandb_facts import changed_keys, config_of, per_image
from matting.wandb_session import staged_in, usable
from tests.conftest import TINY
from tests.made_runs import compose
from tests.wandb_log import OfflineRun, alone_in, offline_runs

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


def test_figures_are_on_the_batch_axis_and_the_summary_has_the_best_and_the_last(row):
    found, folder = of_kind(row, "alpha_gan")
    expected: dict[str, dict[int, float]] = {}
    for line in read_metrics(folder / "metrics.csv"):
        expected.setdefault(line["name"], {})[line["batch"]] = line["value"]
    assert {"train/loss/adversarial", "train/weighted/alpha", "train/adv/d_real", "val/whole/mse"} <= expected.keys()
    for name, values in expected.items():
        assert found.rows(name) == pytest.approx(values), name
    for pattern in ("train/*", "val/*", "pictures/*"):
        assert found.metrics[pattern].step_metric == "batch"
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


def test_what_is_staged_in_a_folder_leaves_the_environment_as_it_was(tmp_path, monkeypatch):
    for before in (None, "theirs"):
        if before is not None:
            monkeypatch.setenv("WANDB_DATA_DIR", before)
        with staged_in(tmp_path):
            assert os.environ["WANDB_DATA_DIR"] == str(tmp_path / "wandb")
        assert os.environ.get("WANDB_DATA_DIR") == before


def test_a_home_is_not_told(monkeypatch, tmp_path):
    run = made_run(
        tmp_path, f"paths.data_root={os.environ['HOME']}/data", f"logger.wandb.project={os.environ['HOME']}/x"
    )
    assert os.environ["HOME"] in json.dumps(run.config)
    assert os.environ["HOME"] not in json.dumps(config_of(run))


def made_run(folder: Path, *words: str) -> Run:
    """A run as it is when training starts."""
    run = make_run(
        "alpha_gan", compose("stage=alpha_gan", "logger=wandb", *words, verb="train"), stage__coarse="0" * 12
    )
    run = Run(run.kind, run.config, run.digest, folder / run.folder.name)
    run.folder.mkdir(parents=True)
    write_json(run.folder / "manifest.json", {"git": {"revision": "abc"}})
    return run


def test_names_are_the_changed_keys_and_tell_weights_apart(tmp_path):
    assert changed_keys(made_run(tmp_path)).startswith("procedural quick")
    for words, name in {
        ("seed=1",): "seed=1",
        ("loss.perceptual.weight=0",): "loss.perceptual.weight=0",
        ("loss.border.weight=0",): "loss.border.weight=0",
        ("loss=cgan_alpha", "net.gen.encoder=concat"): "net.gen.encoder=concat loss=cgan_alpha",
    }.items():
        assert changed_keys(made_run(tmp_path, *words)).endswith(f" {name}")
    long = [f"loss.{term}.weight={1 / 3}" for term in ("perceptual", "border", "alpha", "adversarial")]
    assert len(changed_keys(made_run(tmp_path, *long, f"optim.gen.lr={1 / 3}"))) == 128


def test_the_sweep_agents_run_has_the_id_that_it_gave(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep")
    monkeypatch.setenv("WANDB_RUN_ID", "given")
    words = ("stage=alpha_gan", "trainer.max_batches=1", "logger=wandb", "logger.wandb.mode=offline")
    assert tiny("train", *words)[0] == 0
    (segmentation,), (alpha,) = (
        offline_runs(tmp_path / "outputs" / kind) for kind in ("segmentation_gan", "alpha_gan")
    )
    assert alpha.run.run_id == "given"
    assert segmentation.run.run_id == segmentation.folder.parents[1].name.rsplit("-", 1)[-1]


def test_the_group_can_be_given(tmp_path):
    with loggers_of(made_run(tmp_path, "logger.wandb.group=mine")) as (logger,):
        logger.log_metrics({"val/iou": 0.5, "val/whole/mse": 0.1}, step=1)
        logger.log_metrics({"val/iou": 0.25, "val/whole/mse": 0.2}, step=2)
    (found,) = offline_runs(tmp_path)
    assert found.run.run_group == "mine"
    assert found.summary["val/iou"] == {"max": 0.5, "last": 0.25}
    assert not found.artifacts


def fail(run: Run) -> None:
    with loggers_of(run) as (logger,):
        logger.log_metrics({"train/total": 1.0}, step=1)
        raise JobError("a loss is NaN")


def test_a_failed_job_is_closed_as_failed_and_the_next_has_a_run_of_its_own(tmp_path):
    with pytest.raises(JobError, match="NaN"):
        fail(made_run(tmp_path))
    with loggers_of(made_run(tmp_path, "seed=1")) as (logger,):
        logger.log_metrics({"train/total": 2.0}, step=1)
    failed, done = offline_runs(tmp_path)
    assert (failed.exit, done.exit) == (1, 0)
    assert (failed.rows("train/total"), done.rows("train/total")) == ({1: 1.0}, {1: 2.0})
    assert failed.run.run_id != done.run.run_id


def test_two_open_at_once_are_two(tmp_path):
    with loggers_of(made_run(tmp_path)) as (one,), loggers_of(made_run(tmp_path, "seed=1")) as (other,):
        one.log_metrics({"train/total": 1.0}, step=1)
        other.log_metrics({"train/total": 2.0}, step=1)
    assert sorted(found.rows("train/total")[1] for found in offline_runs(tmp_path)) == [1.0, 2.0]


def test_a_spawned_rank_ends_its_part_and_the_rest_is_added_to_the_same_run(tmp_path):
    with loggers_of(made_run(tmp_path)) as (logger,):
        rank = pickle.loads(pickle.dumps(logger))  # noqa: S301
        rank.log_metrics({"train/total": 1.0}, step=1)
        rank.finalize("success")
        logger.log_result({"batch": 1, "aim": {"whole/mse": 0.5}})
        logger.finalize("success")
        logger.log_metrics({"train/total": 2.0}, step=2)
    fitted, rest = offline_runs(tmp_path)
    assert fitted.run.run_id == rest.run.run_id
    assert (fitted.run.resume, rest.run.resume) == (False, True)
    assert (fitted.exit, rest.exit) == (0, 0)
    assert rest.summary["test/aim/whole/mse"] == 0.5
    assert rest.rows("train/total") == {2: 2.0}


def test_an_unreachable_server_is_one_line_with_the_way_that_works(tmp_path, monkeypatch):
    def unreachable(**facts):
        raise wandb.errors.CommError("timed out")

    monkeypatch.setattr("wandb.init", unreachable)
    with pytest.raises(JobError, match=r"W&B: timed out; logger\.wandb\.mode=offline needs no network"):
        fail(made_run(tmp_path))


def test_a_resumed_job_continues_its_run_and_tells_no_home(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path.parent))  # the runs lie in it, as they do of most people
    monkeypatch.setenv("MATTING_CACHE_DIR", "cache")
    plain = SegmentationGAN.example

    def stopped(stage, batch):
        if stage.training and stage.batches == 4:
            raise Interrupted("stopped")
        return plain(stage, batch)

    words = ("logger=wandb", "checkpoint.every_batches=2", "val.pictures=0", "loss.perceptual.weight=0")
    with monkeypatch.context() as patch:
        patch.setattr(SegmentationGAN, "example", stopped)
        assert tiny("train", *words)[0] == 130
    assert tiny("train", *words)[0] == 0
    first, second = offline_runs(tmp_path)
    assert first.run.run_id == second.run.run_id
    assert (first.run.resume, second.run.resume) == (False, True)
    assert (first.exit, second.exit) == (1, 0)
    assert list(first.rows("train/total")) == [1, 2, 3]
    assert list(second.rows("train/total")) == [4, 5, 6]
    for path in (tmp_path / "outputs").rglob("*"):
        assert not path.is_file() or str(tmp_path.parent).encode() not in path.read_bytes(), path


def test_online_needs_a_key_and_nobody_is_asked(tiny, monkeypatch):
    def asked(*arguments, **named):
        raise AssertionError("a prompt")

    monkeypatch.setattr("builtins.input", asked)
    monkeypatch.setattr("getpass.getpass", asked)
    assert usable("auto") == "offline"
    with pytest.raises(UserError, match=r"logger\.wandb\.mode=online: no key"):
        usable("online")
    with pytest.raises(UserError, match=r"mode=on: expected one of auto, online"):
        usable("on")
    code, _, err = tiny("train", "logger=wandb", "logger.wandb.mode=online")
    assert code == 2
    assert err.splitlines()[-1].startswith("matting train: logger.wandb.mode=online: no key")


def test_with_a_key_auto_is_online(monkeypatch):
    monkeypatch.setattr("wandb.login", lambda prompt, verify: not prompt and not verify)
    assert usable("auto") == "online"
    assert usable("offline") == "offline"


def test_a_table_has_a_line_an_image(tmp_path):
    entries = [
        {"test": test, "id": id, "row": "alpha", "region": region, "height": 2, "width": 3, "mse": value}
        | dict.fromkeys(("mae", "sad", "grad", "conn"), 0.0)
        for test, id, region, value in (("a", "x", "whole", 1), ("a", "x", "unknown", 2), ("b", "x", "whole", 3))
    ]
    (tmp_path / "images.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    columns, lines = per_image(tmp_path / "images.jsonl", "a")
    assert columns[:4] == ["id", "height", "width", "alpha/whole/mse"]
    assert [line[3] for line in lines] == [1]
    assert len(lines[0]) == len(columns) == 13


def test_weights_stay_here_unless_asked_for():
    assert "log_model: false" in (config_dir() / "logger/wandb.yaml").read_text()


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
