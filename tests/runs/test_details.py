"""A run in full, and several side by side."""

import pytest

from matting.errors import UserError
from matting.experiments.recipe import recipe_runs
from matting.runs.details import compare_text, show_text
from matting.runs.listing import entry_of
from tests.helpers.made_runs import compose, finish_all
from tests.helpers.run_folders import FAILED, OLD, SEGMENTATION, make_five


@pytest.fixture
def steps(tmp_path, monkeypatch):
    """The runs of a recipe, and its alpha run with another seed and loss."""
    monkeypatch.chdir(tmp_path)
    recipe, other = recipe_runs(compose()), recipe_runs(compose("seed=1"))
    finish_all(recipe)
    finish_all(other)
    return [*recipe.steps, other.steps[1]]


def entry(run):
    return entry_of(run.folder, run.folder.parents[2 if run.kind.startswith("evaluate") else 1])


def rows(text):
    """Lines of a text as (first word, rest)."""
    return {words[0]: " ".join(words[1:]) for line in text.splitlines() if (words := line.split())}


def test_show_has_facts_changes_figures_files_and_uses(steps):
    segmentation, alpha, evaluation, other = steps
    out = segmentation.folder.parents[1]
    text = show_text(entry(other), steps, out)
    found = rows(text)
    assert text.startswith(f"{other.folder}:\n")
    assert (found["state"], found["device"], found["command"]) == ("done", "cpu", "matting made alpha_gan")
    assert (found["took"], found["data"], found["seed"]) == ("12s (12 s)", "procedural", "1")
    assert (found["val/whole/mse"], found["best"], found["batches"]) == ("0.03", "batch 80", "90")
    assert found["result.json"].endswith(" kB")
    assert rows(show_text(entry(alpha), steps, out))["used"] == f"by {evaluation.folder}"
    assert rows(show_text(entry(evaluation), steps, out))["test/procedural/unknown/mse"] == "0.02"


def test_show_tells_what_is_known_of_a_damaged_run(tmp_path):
    make_five(tmp_path)
    for digest, state in ((FAILED, "failed"), (OLD, "other")):
        (folder,) = tmp_path.glob(f"*/*-{digest}")
        if state == "other":
            found = rows(show_text(entry_of(folder, tmp_path), [], tmp_path))
            assert found["state"] == "other version"
            assert found["manifest.json"]


def test_compare_has_a_column_for_each_run(steps):
    _, alpha, evaluation, other = steps
    lines = compare_text([entry(alpha), entry(other)]).splitlines()
    assert lines[0].split() == [alpha.digest, other.digest]
    found = rows("\n".join(lines[1:]))
    assert found["seed"] == "0 1"
    assert found["val/whole/mse"] == "0.03 0.03"
    assert not [key for key in found if key.startswith("loss.")]
    found = rows(compare_text([entry(alpha), entry(evaluation)]))
    assert found["val/whole/mse"] == "0.03 -"
    assert found["test/procedural/whole/mse"] == "- 0.02"


def test_compare_refuses_a_run_that_cannot_be_read(tmp_path):
    make_five(tmp_path)
    folders = [next(tmp_path.glob(f"*/*-{digest}")) for digest in (SEGMENTATION, OLD)]
    with pytest.raises(UserError, match=OLD):
        compare_text([entry_of(folder, tmp_path) for folder in folders])
