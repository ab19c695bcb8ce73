"""The verb runs: list, filter and prune run folders."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from matting.cli.main import main
from matting.commands import runs
from matting.config.identity import CONFIG_VERSION
from matting.errors import UserError
from matting.runs import lifecycle, run

SEGMENTATION, ALPHA = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


def make(folder: Path, config: dict, version: int = CONFIG_VERSION, **manifest: object) -> Path:
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump({"config_version": version, **config}))
    (folder / "manifest.json").write_text(json.dumps({"started": "2026-01-02T03:04:05+00:00", **manifest}))
    return folder


def finish(folder: Path, result: dict) -> Path:
    (folder / "result.json").write_text(json.dumps(result))
    return folder


@pytest.fixture
def output_dir(tmp_path: Path) -> Path:
    """A done segmentation run, an alpha run that stands on it, a failed one, one of another version, an evaluation."""
    segmentation = {"stage": {"name": "segmentation_gan"}}
    first = make(tmp_path / "segmentation_gan" / f"drawn-{SEGMENTATION}", segmentation, seconds=12.4)
    finish(first, {"val": {"val/whole/mse": 0.0461}})
    make(tmp_path / "segmentation_gan" / "drawn-cccccccccccc", segmentation, error="a loss is NaN")
    make(tmp_path / "segmentation_gan" / "ancient-dddddddddddd", segmentation, version=0)
    alpha = make(tmp_path / "alpha_gan" / f"drawn-{ALPHA}", {"stage": {"name": "alpha_gan", "coarse": SEGMENTATION}})
    (alpha / "checkpoints" / "last.ckpt").touch()
    method = {"name": "pomagan", "segmentation": SEGMENTATION, "alpha": ALPHA}
    finish(make(tmp_path / "evaluate" / "pomagan" / "drawn-eeeeeeeeeeee", {"method": method}), {"tests": {}})
    of_a_logger = first / "wandb" / "files"
    of_a_logger.mkdir(parents=True)
    (of_a_logger / "config.yaml").write_text("stage: {}")
    return tmp_path


def list_runs(output_dir: Path, **asked: object) -> None:
    config = {"paths": {"output_dir": str(output_dir)}, "state": None, "kind": None, "match": None, "prune": False}
    runs.run(OmegaConf.create({**config, **asked}))


def names(text: str) -> list[str]:
    return [line.split()[1] for line in text.splitlines()[1:]]


def test_the_verb_lists_every_run_with_its_state_and_figures(output_dir, capsys):
    assert main(["runs", f"paths.output_dir={output_dir}"]) == 0
    rows = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    found = {name: (kind, rest) for kind, name, rest in rows[1:]}
    assert len(found) == len(rows) - 1 == 5
    assert found[f"drawn-{SEGMENTATION}"][0] == "segmentation_gan"
    assert found[f"drawn-{SEGMENTATION}"][1].split() == ["done", "2026-01-02T03:04:05+00:00", "12", "46.10e-3"]
    assert found[f"drawn-{ALPHA}"][1].startswith("resume ")
    assert found["drawn-cccccccccccc"][1].startswith("failed ")
    assert found["ancient-dddddddddddd"][1].startswith("other version ")
    assert found["drawn-eeeeeeeeeeee"][0] == "evaluate/pomagan"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"state": "failed"}, ["drawn-cccccccccccc"]),
        ({"state": "other version"}, ["ancient-dddddddddddd"]),
        ({"kind": "evaluate/pomagan"}, ["drawn-eeeeeeeeeeee"]),
        ({"match": "bbbb"}, [f"drawn-{ALPHA}"]),
        ({"kind": "segmentation_gan", "match": "drawn"}, [f"drawn-{SEGMENTATION}", "drawn-cccccccccccc"]),
    ],
)
def test_filters(output_dir, capsys, asked, expected):
    list_runs(output_dir, **asked)
    assert names(capsys.readouterr().out) == expected


def test_nothing_to_list_is_said(tmp_path, output_dir, capsys):
    list_runs(tmp_path / "nowhere")
    list_runs(output_dir, match="zzz")
    nowhere, nothing = capsys.readouterr().out.splitlines()
    assert nowhere == f"no runs in {tmp_path / 'nowhere'}"
    assert "of 5 there" in nothing
    assert str(output_dir) in nothing


def test_an_unknown_state_is_refused_with_those_there_are(output_dir):
    with pytest.raises(UserError, match=r"state=finished: .*new, done, running"):
        list_runs(output_dir, state="finished")


def test_prune_deletes_what_it_lists_and_nothing_else(output_dir, capsys):
    list_runs(output_dir, state="failed", prune=True)
    lines = capsys.readouterr().out.splitlines()
    assert "drawn-cccccccccccc" in lines[1]
    assert lines[-1] == "deleted 1 of 1"
    assert not (output_dir / "segmentation_gan" / "drawn-cccccccccccc").exists()
    assert len(run.run_folders(output_dir)) == 4


def test_prune_says_which_kept_runs_stand_on_a_deleted_one(output_dir, capsys):
    list_runs(output_dir, match=SEGMENTATION, prune=True)
    warnings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning")]
    assert len(warnings) == 2
    assert f"alpha_gan/drawn-{ALPHA} was made from" in warnings[0]
    assert "evaluate/pomagan/drawn-eeeeeeeeeeee " in warnings[1]


def test_prune_does_not_warn_of_runs_that_go_together(output_dir, capsys):
    list_runs(output_dir, prune=True)
    assert "warning" not in capsys.readouterr().out
    assert run.run_folders(output_dir) == []


def test_prune_keeps_a_running_run(output_dir, capsys):
    running = output_dir / "alpha_gan" / f"drawn-{ALPHA}"
    with lifecycle.lock(running, "alpha_gan"):
        list_runs(output_dir, prune=True)
    assert run.run_folders(output_dir) == [running]
    text = capsys.readouterr().out
    assert f"kept, a process is at work in it: {running}" in text
    assert f"warning: {running} " in text
    assert "4 of 5" in text.splitlines()[-1]


def test_prune_holds_what_it_deletes(output_dir, capsys, monkeypatch):
    """A run that begins meanwhile waits, and does so in a folder of its own."""
    running, remove, held = output_dir / "alpha_gan" / f"drawn-{ALPHA}", shutil.rmtree, []

    def watched(path):
        held.append(run.locked(running))
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", watched)
    list_runs(output_dir, match=ALPHA, prune=True)
    assert capsys.readouterr().out.splitlines()[-1].endswith("1 of 1")
    assert held == [True]
    assert not running.exists()


def test_prune_goes_on_after_what_cannot_be_deleted(output_dir, capsys, monkeypatch):
    remove = shutil.rmtree

    def denied(path):
        if ALPHA in str(path):
            raise PermissionError(13, "Permission denied")
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", denied)
    list_runs(output_dir, prune=True)
    text = capsys.readouterr().out
    assert f"{output_dir}/alpha_gan/drawn-{ALPHA}" in text
    assert "Permission denied" in text
    assert "4 of 5" in text.splitlines()[-1]


@pytest.mark.parametrize("text", ["", "[1]", '{"val": {"val/who', "\0\0"])
@pytest.mark.parametrize("name", ["config.yaml", "manifest.json", "result.json"])
def test_a_damaged_run_is_listed_among_the_others_and_can_be_pruned(output_dir, capsys, name, text):
    folder = output_dir / "segmentation_gan" / f"drawn-{SEGMENTATION}"
    (folder / name).write_text(text)
    list_runs(output_dir)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 5
    (line,) = [line for line in lines if folder.name in line]
    assert line.split()[2] == "damaged"
    list_runs(output_dir, state="damaged", prune=True)
    assert capsys.readouterr().out.splitlines()[-1].endswith("1 of 1")
    assert not folder.exists()


@pytest.mark.parametrize("part", ["123e4", "1_000", "[a]"])
def test_a_part_of_a_name_is_text_whatever_it_looks_like(output_dir, capsys, part):
    make(output_dir / "alpha_gan" / f"{part}-ffffffffffff", {"stage": {"name": "alpha_gan"}})
    assert main(["runs", f"paths.output_dir={output_dir}", f"match={part}"]) == 0
    assert names(capsys.readouterr().out) == [f"{part}-ffffffffffff"]
    assert main(["runs", f"paths.output_dir={output_dir}", f"state={part}"]) == 2
    assert f"state={part}: no such state" in capsys.readouterr().err


def test_a_folder_without_a_manifest_is_somebody_elses(output_dir):
    theirs = output_dir / "project/thesis"
    theirs.mkdir(parents=True)
    (theirs / "config.yaml").write_text("lr: 1")
    list_runs(output_dir, prune=True)
    assert [path.name for path in theirs.iterdir()] == ["config.yaml"]
