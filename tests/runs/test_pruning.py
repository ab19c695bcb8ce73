"""Run folders deleted, and what is lost with them."""

import shutil
from pathlib import Path

import pytest

from matting.runs import lifecycle, run
from tests.helpers.run_folders import ALPHA, EVALUATION, FAILED, SEGMENTATION, list_runs, make_five, make_reports


@pytest.fixture
def output_dir(tmp_path: Path) -> Path:
    make_five(tmp_path)
    return tmp_path


def test_prune_deletes_what_it_lists_and_nothing_else(output_dir, capsys):
    list_runs(output_dir, state="failed", prune=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith(FAILED)
    assert lines[-1].startswith("deleted 1 of 1, ")
    assert not (output_dir / "segmentation_gan" / f"drawn-{FAILED}").exists()
    assert len(run.run_folders(output_dir)) == 4


def test_a_plan_of_a_pruning_says_what_goes_and_is_lost_and_deletes_nothing(output_dir, capsys):
    recipe, experiment = make_reports(output_dir)
    before = sorted(output_dir.rglob("*"))
    (output_dir / "segmentation_gan" / f"drawn-{SEGMENTATION}" / "checkpoints" / "best.ckpt").write_bytes(
        bytes(2_500_000)
    )
    list_runs(output_dir, match=SEGMENTATION, prune=True, plan=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:2]] == [SEGMENTATION]
    lost = [line for line in lines if line.startswith("warning: ")]
    assert [any(f"warning: {user} " in line for line in lost) for user in (recipe, experiment)] == [True, True]
    assert any(f"alpha_gan/drawn-{ALPHA} was made from" in line for line in lost)
    assert "delete 1 of 1, 2.5 MB" in lines[-1]
    assert len(sorted(output_dir.rglob("*"))) == len(before) + 1


def test_prune_names_the_runs_and_reports_that_lose_one(output_dir, capsys):
    recipe, experiment = make_reports(output_dir)
    list_runs(output_dir, match=SEGMENTATION, prune=True)
    warnings = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("warning")]
    users = (f"alpha_gan/drawn-{ALPHA}", f"evaluate/pomagan/drawn-{EVALUATION}")
    assert sorted(warnings) == sorted([*(str(output_dir / user) for user in users), str(recipe), str(experiment)])


def test_prune_does_not_warn_of_runs_that_go_together(output_dir, capsys):
    list_runs(output_dir, match="n", prune=True)
    assert "warning" not in capsys.readouterr().out
    assert run.run_folders(output_dir) == []


def test_prune_keeps_a_running_run(output_dir, capsys):
    running = output_dir / "alpha_gan" / f"drawn-{ALPHA}"
    with lifecycle.lock(running, "alpha_gan"):
        list_runs(output_dir, match="n", prune=True)
    assert run.run_folders(output_dir) == [running]
    text = capsys.readouterr().out
    assert f"kept, a process is at work in it: {running}" in text
    assert f"warning: {running} " in text
    assert text.splitlines()[-1].startswith("deleted 4 of 5, ")


def test_prune_holds_what_it_deletes(output_dir, capsys, monkeypatch):
    """A run that begins meanwhile waits, and does so in a folder of its own."""
    running, remove, held = output_dir / "alpha_gan" / f"drawn-{ALPHA}", shutil.rmtree, []

    def watched(path):
        held.append(run.locked(running))
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", watched)
    list_runs(output_dir, match=ALPHA, prune=True)
    assert capsys.readouterr().out.splitlines()[-1].startswith("deleted 1 of 1, ")
    assert held == [True]
    assert not running.exists()


def test_prune_goes_on_after_what_cannot_be_deleted(output_dir, capsys, monkeypatch):
    remove = shutil.rmtree

    def denied(path):
        if ALPHA in str(path):
            raise PermissionError(13, "Permission denied")
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", denied)
    list_runs(output_dir, match="n", prune=True)
    text = capsys.readouterr().out
    assert f"{output_dir}/alpha_gan/drawn-{ALPHA}" in text
    assert "Permission denied" in text
    assert text.splitlines()[-1].startswith("deleted 4 of 5, ")


@pytest.mark.parametrize("text", ["", "[1]", '{"val": {"val/who', "\0\0"])
@pytest.mark.parametrize("name", ["config.yaml", "manifest.json", "result.json"])
def test_a_damaged_run_is_listed_among_the_others_and_can_be_pruned(output_dir, capsys, name, text):
    folder = output_dir / "segmentation_gan" / f"drawn-{SEGMENTATION}"
    (folder / name).write_text(text)
    list_runs(output_dir)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 5
    (line,) = [line for line in lines if line.startswith(SEGMENTATION)]
    assert line.split()[3] == "damaged"
    list_runs(output_dir, state="damaged", prune=True)
    assert capsys.readouterr().out.splitlines()[-1].startswith("deleted 1 of 1, ")
    assert not folder.exists()


def test_a_folder_without_a_manifest_is_somebody_elses(output_dir):
    theirs = output_dir / "project/thesis"
    theirs.mkdir(parents=True)
    (theirs / "config.yaml").write_text("lr: 1")
    list_runs(output_dir, match="n", prune=True)
    assert [path.name for path in theirs.iterdir()] == ["config.yaml"]
