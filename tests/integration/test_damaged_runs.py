"""Files of a run that are empty, cut short or something else: one line that names the file; rerun=true mends it."""

import pytest

from matting.config.identity import CONFIG_VERSION
from matting.experiments.recipe import recipe_runs
from matting.runs import lifecycle, run
from tests.helpers.made_runs import OVERRIDES, compose, finish_evaluation, finish_stage

DAMAGED = ["", "[1]", '{"val": {"val/who', "\0\0\0"]
VERSION = f"config_version: {CONFIG_VERSION}"
VERBS = (["train", "stage=segmentation_gan"], ["train", "stage=alpha_gan"], ["evaluate"])


@pytest.fixture
def steps(matting):
    """The stages and the evaluation of a recipe, done; VERBS finds each."""
    found = recipe_runs(compose(verb="report")).steps
    for step in found[:-1]:
        finish_stage(step)
    finish_evaluation(found[-1])
    return found


def one_line(outcome, *words):
    code, _, err = outcome
    assert (code, err.count("\n")) == (2, 1), err
    assert all(str(word) in err for word in words), err


def test_no_verb_goes_on_with_a_damaged_file(matting, steps):
    damages = [("result.json", DAMAGED[0]), ("manifest.json", DAMAGED[1]), ("result.json", DAMAGED[2])]
    for step, words, (name, text) in zip(steps, VERBS, damages, strict=True):
        file = step.folder / name
        whole = file.read_text()
        file.write_text(text)
        one_line(matting(*words, *OVERRIDES), f"{file}: ", "rerun=true")
        one_line(matting("report", *OVERRIDES), f"{file}: ")
        file.write_text(whole)


def test_a_run_that_would_go_on_does_not_with_a_damaged_manifest(matting, steps):
    (steps[0].folder / "result.json").unlink()
    (steps[0].folder / "manifest.json").write_text("")
    one_line(matting(*VERBS[0], *OVERRIDES), "manifest.json: ")
    steps[0].checkpoints.mkdir()
    steps[0].last.touch()
    one_line(matting(*VERBS[0], *OVERRIDES), "manifest.json: ")
    assert steps[0].last.is_file()


def test_a_run_that_would_go_on_does_not_with_an_empty_checkpoint(tiny, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("matting.experiments.execution.fit", lambda *_: {})  # begun, and no more
        assert tiny("train")[0] == 0
    (folder,) = tmp_path.glob("outputs/segmentation_gan/*")
    (folder / "checkpoints/last.ckpt").touch()
    one_line(tiny("train"), "last.ckpt: ", "rerun=true")
    assert tiny("train", "plan=true")[1].split()[0] == "resume"


def test_a_damaged_run_is_made_anew_when_that_is_asked_for(matting, steps, monkeypatch):
    def fit(this, _):
        lifecycle.finish(this, {"batches": 1})
        return this.result()

    result = steps[-1].result()
    monkeypatch.setattr("matting.experiments.execution.fit", fit)
    monkeypatch.setattr("matting.evaluation.evaluator.evaluate", lambda *_: result)
    monkeypatch.setattr("matting.reports.write.write_recipe", lambda recipe: recipe.page)
    names = ("result.json", "manifest.json", "config.yaml")
    for step, words, name in zip(steps, VERBS, names, strict=True):
        (step.folder / name).write_text("")
        assert matting(*words, *OVERRIDES, "rerun=true")[0] == 0
        assert run.open_run(step.folder).state() == "done"
    for step in steps:
        for name in names:
            (step.folder / name).write_text("")
    assert matting("reproduce", *OVERRIDES, "rerun=true")[0] == 0
    assert [run.open_run(step.folder).state() for step in steps] == ["done"] * 3


@pytest.mark.parametrize("text", [*DAMAGED, f"{VERSION}\nsta", f"{VERSION}\n"])
def test_a_run_that_is_named_and_has_a_damaged_config(matting, steps, text):
    file = steps[0].folder / "config.yaml"
    file.write_text(text)
    words = ["stage=alpha_gan", f"stage.coarse={steps[0].folder}"]
    one_line(matting("train", *words, *OVERRIDES), f"{file}: ")


@pytest.mark.parametrize("text", ["", "{}", None])
def test_pictures_that_a_report_lacks(matting, steps, text):
    file = steps[-1].folder / "pictures.json"
    file.unlink() if text is None else file.write_text(text)
    one_line(matting("report", *OVERRIDES), f"{file}: ")


def test_a_manifest_that_a_report_lacks(matting, steps):
    (steps[0].folder / "manifest.json").unlink()
    one_line(matting("report", *OVERRIDES), f"{steps[0].folder}/manifest.json: ")
