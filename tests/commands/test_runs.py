"""The verb runs: list, filter, sort, show, compare, open and prune run folders."""

from pathlib import Path

import pytest

from matting.cli.main import main
from tests.helpers.run_folders import (
    ALPHA,
    EVALUATION,
    FAILED,
    OLD,
    SEGMENTATION,
    list_runs,
    make,
    make_five,
    make_reports,
)


@pytest.fixture
def output_dir(tmp_path: Path) -> Path:
    make_five(tmp_path)
    return tmp_path


def digests(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()[1:]]


def test_the_verb_lists_every_run_with_its_state_and_figures(output_dir, capsys):
    assert main(["runs", f"paths.output_dir={output_dir}"]) == 0
    head, *lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert head == ["id", "kind", "name", "state", "val/whole/mse", "test/whole/mse", "age"]
    found = {line[0]: line[1:-1] for line in lines}
    assert found == {
        SEGMENTATION: ["segmentation_gan", "drawn", "done", "0.0461", "0.06"],
        ALPHA: ["alpha_gan", "drawn", "resume", "25%", "-", "-"],
        FAILED: ["segmentation_gan", "drawn", "failed", "-", "-"],
        OLD: ["segmentation_gan", "ancient", "other", "version", "-", "-"],
        EVALUATION: ["evaluate/pomagan", "drawn", "done", "-", "0.02"],
    }
    assert all(line[-1].endswith("d") for line in lines)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"state": "failed"}, [FAILED]),
        ({"state": "other version"}, [OLD]),
        ({"kind": "evaluate/pomagan"}, [EVALUATION]),
        ({"match": "bbbb"}, [ALPHA]),
        ({"kind": "segmentation_gan", "match": "drawn"}, [SEGMENTATION, FAILED]),
        ({"sort": "test"}, [EVALUATION, SEGMENTATION, ALPHA, OLD, FAILED]),
        ({"sort": "-test"}, [SEGMENTATION, EVALUATION, ALPHA, OLD, FAILED]),
        ({"sort": "state", "kind": "segmentation_gan"}, [SEGMENTATION, FAILED, OLD]),
    ],
)
def test_filters_and_orders(output_dir, capsys, asked, expected):
    list_runs(output_dir, **asked)
    assert digests(capsys.readouterr().out) == expected


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_list_fits_the_terminal_and_loses_nothing(output_dir, capsys, monkeypatch, width):
    name = "procedural-quick-cgan_per_alpha-loss_weight_10.5-epochs_3"
    make(output_dir / "alphanet_segmentation" / f"{name}-ffffffffffff", {"stage": {"name": "alphanet_segmentation"}})
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    list_runs(output_dir)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    shown = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert shown == ["id", ALPHA, 12 * "f", EVALUATION, OLD, SEGMENTATION, FAILED]
    first, end = lines[0].index("name"), lines[0].index("state")
    row = [line[:12] for line in lines].index(12 * "f")
    rest = [line[:12].strip() for line in lines[row + 1 :]]
    height = 1 + next(number for number, id in enumerate(rest) if id)
    assert "".join(line[first:end].strip() for line in lines[row : row + height]) == name


def test_nothing_to_list_is_said(tmp_path, output_dir, capsys):
    list_runs(tmp_path / "nowhere")
    list_runs(output_dir, match="zzz")
    nowhere, nothing = capsys.readouterr().out.splitlines()
    assert nowhere == f"no runs in {tmp_path / 'nowhere'}"
    assert "of 5 there" in nothing
    assert str(output_dir) in nothing


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["state=finished"], ["state=finished: ", "new, done, running"]),
        (["sort=size"], ["sort=size: ", "started"]),
        (["sow", ALPHA], ["sow: ", "show", "compare", "open"]),
        (["show"], ["show: ", "matting runs"]),
        (["show", ALPHA, FAILED], ["show: ", "2"]),
        (["compare", ALPHA, ALPHA], ["compare: ", "two"]),
        (["show", "bbbbbbbbbbbc"], ["bbbbbbbbbbbc: ", ALPHA]),
        (["open", FAILED], [FAILED, "no page"]),
        (["prune=true"], ["prune=true: ", "state=", "kind=", "match="]),
        (["prune=true", "plan=true"], ["prune=true: "]),
        (["prune=true", "match=", "state=null"], ["prune=true: "]),
        (["prune=maybe"], ["prune=maybe"]),
        (["plan=maybe"], ["plan=maybe"]),
    ],
    ids=str,
)
def test_a_mistake_is_one_line_and_changes_nothing(output_dir, capfd, words, expected):
    before = sorted(output_dir.rglob("*"))
    assert main(["runs", f"paths.output_dir={output_dir}", *words]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    for text in expected:
        assert text in err
    assert sorted(output_dir.rglob("*")) == before


def test_runs_are_shown_compared_and_opened_by_the_first_characters_of_their_ids(output_dir, capfd):
    page, _ = make_reports(output_dir)
    where = f"paths.output_dir={output_dir}"
    assert main(["runs", "show", "ddd", where]) == 0
    assert capfd.readouterr().out.startswith(f"{output_dir}/segmentation_gan/ancient-{OLD}:\n")
    assert main(["runs", "open", "eee", where]) == 0
    assert capfd.readouterr().out == f"{page}\n"


@pytest.mark.parametrize("digest", ["123e45678901", "001234567890", "null"])
def test_a_digest_is_text_whatever_it_looks_like(output_dir, capfd, digest):
    make(output_dir / "alpha_gan" / f"drawn-{digest}", {"stage": {"name": "alpha_gan"}})
    assert main(["runs", "open", digest, f"paths.output_dir={output_dir}"]) == 2
    assert f"drawn-{digest}: no page" in capfd.readouterr().err


@pytest.mark.parametrize("part", ["123e4", "1_000", "[a]"])
def test_a_part_of_a_name_is_text_whatever_it_looks_like(output_dir, capsys, part):
    make(output_dir / "alpha_gan" / f"{part}-ffffffffffff", {"stage": {"name": "alpha_gan"}})
    assert main(["runs", f"paths.output_dir={output_dir}", f"match={part}"]) == 0
    assert digests(capsys.readouterr().out) == [12 * "f"]
    assert main(["runs", f"paths.output_dir={output_dir}", f"state={part}"]) == 2
    assert f"state={part}: no such state" in capsys.readouterr().err
