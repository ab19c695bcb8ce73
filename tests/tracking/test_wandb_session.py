"""Weights & Biases, offline: a run's name and group, how it ends, goes on and fails; keys and servers."""

import json
import os
import pickle
from pathlib import Path

import pytest
import wandb

from matting.config.compose import config_dir
from matting.config.identity import plain
from matting.errors import Interrupted, JobError, UserError
from matting.runs.run import Run, make_run
from matting.stages.segmentation_gan import SegmentationGAN
from matting.tracking.loggers import loggers_of
from matting.tracking.wandb_metadata import changed_keys, config_of, per_image
from matting.tracking.wandb_session import staged_in, usable
from matting.utils.files import write_json
from tests.helpers.made_runs import compose
from tests.helpers.wandb_log import alone_in, offline_runs


@pytest.fixture(autouse=True)
def alone(tmp_path_factory, monkeypatch):
    alone_in(tmp_path_factory.mktemp("home"), monkeypatch)
    yield
    wandb.teardown()


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
    config = plain(compose("stage=alpha_gan", "logger=wandb", *words, verb="train"))
    run = make_run("alpha_gan", config, **{"stage.coarse": "0" * 12})
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


def test_a_failed_job_is_closed_as_failed_and_the_next_has_its_own_run(tmp_path):
    with pytest.raises(JobError, match="NaN"):
        fail(made_run(tmp_path))
    with loggers_of(made_run(tmp_path, "seed=1")) as (logger,):
        logger.log_metrics({"train/total": 2.0}, step=1)
    done, failed = sorted(offline_runs(tmp_path), key=lambda run: run.exit)  # both may begin in the same second
    assert (failed.exit, done.exit) == (1, 0)
    assert (failed.rows("train/total"), done.rows("train/total")) == ({1: 1.0}, {1: 2.0})
    assert failed.run.run_id != done.run.run_id


def test_two_open_at_once_are_two(tmp_path):
    with loggers_of(made_run(tmp_path)) as (one,), loggers_of(made_run(tmp_path, "seed=1")) as (other,):
        one.log_metrics({"train/total": 1.0}, step=1)
        other.log_metrics({"train/total": 2.0}, step=1)
    assert sorted(found.rows("train/total")[1] for found in offline_runs(tmp_path)) == [1.0, 2.0]


def test_a_spawned_rank_and_its_parent_write_to_the_same_run(tmp_path):
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
    with pytest.raises(JobError, match=r"timed out.*logger\.wandb\.mode=offline"):
        fail(made_run(tmp_path))


@pytest.mark.parametrize("output", ["outputs", "~/outputs"])
def test_a_resumed_job_continues_its_run_and_tells_no_home(tiny, tmp_path, monkeypatch, output):
    monkeypatch.setenv("HOME", str(tmp_path))  # the runs lie in it, as they do of most people
    monkeypatch.setenv("MATTING_CACHE_DIR", "cache")
    plain = SegmentationGAN.example

    def stopped(stage, batch):
        if stage.training and stage.batches == 4:
            raise Interrupted("stopped")
        return plain(stage, batch)

    words = ("logger=wandb", "checkpoint.every_batches=2", "val.pictures=0", "loss.perceptual.weight=0")
    words += (f"paths.output_dir={output}",)
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
        assert not path.is_file() or str(tmp_path).encode() not in path.read_bytes(), path


def test_online_needs_a_key_and_nobody_is_asked(tiny, monkeypatch):
    def asked(*arguments, **named):
        raise AssertionError("a prompt")

    monkeypatch.setattr("builtins.input", asked)
    monkeypatch.setattr("getpass.getpass", asked)
    assert usable("auto") == "offline"
    with pytest.raises(UserError, match=r"logger\.wandb\.mode=online: "):
        usable("online")
    with pytest.raises(UserError, match=r"mode=on: .*auto, online"):
        usable("on")
    code, _, err = tiny("train", "logger=wandb", "logger.wandb.mode=online")
    assert code == 2
    assert err.splitlines()[-1].startswith("matting train: logger.wandb.mode=online: ")


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
