"""Runs that revision 65916f0 finished are found: the same digests, results, reports and predictions."""

import json
import tarfile
from pathlib import Path

import pytest
import yaml
from PIL import Image

from matting.config import schema
from matting.config.compose import compose_config
from matting.experiments.jobs import job_of
from matting.runs.figures import figure_text
from matting.runs.upstream import method_run, stage_run

HERE = Path(__file__).parent
# Command line of a stage, a method or a row of an experiment, with all choices that this suite ships -> its runs.
DIGESTS = json.loads((HERE / "digests.json").read_text())


def former(words):
    """Return words with what their runs had before drawing, light, estimate and the norm of the coarse map changed."""
    words = [*words, "scale.seg_norm=as_norm"]
    if "data=folder" in words:
        estimate = ("regularization=1e-5", "gradient_weight=1")
        people = ("data.subjects.folder", "data.test.folder.subjects")
        return [*words, *(f"{subjects}.{value}" for subjects in people for value in estimate)]
    if any(word.startswith("data=") and word != "data=procedural" for word in words):
        return words
    people = ["procedural"]
    if "table4_datasets" in words[0]:
        people = [name for name in ("aim", "d646") if f"data.subjects={{{name}:null}}" not in words]
    drawing = [f"data.subjects.{name}.drawing=1" for name in people]
    return [*words, *drawing, "data.test.procedural.subjects.drawing=1", "data.light=own"]


@pytest.fixture
def words(matting):
    """Unpack the finished runs into the current folder and return their command line."""
    with tarfile.open(HERE / "finished_runs.tar.xz") as archive:
        archive.extractall(filter="data")
    (manifest,) = Path.cwd().glob("outputs/alpha_gan/*/manifest.json")
    return former(json.loads(manifest.read_text())["command"].split()[3:])


@pytest.fixture
def finished(words, matting, monkeypatch):
    """Run a verb with the command line of the finished runs: run("report") -> (exit code, stdout, stderr)."""
    monkeypatch.setattr("matting.experiments.execution.fit", lambda *_: pytest.fail("a stage is trained again"))
    return lambda verb, *more: matting(verb, *words, *more)


@pytest.mark.parametrize("line", DIGESTS)
def test_digests_are_those_of_before(line):
    schema.register()
    verb, *words = line.split()
    words = former(words)
    if words[0].startswith("experiments="):
        job = job_of(verb, tuple(words))
        assert " ".join([*(f"{run.kind}/{run.digest}" for run in job.stages), job.evaluation.digest]) == DIGESTS[line]
    else:
        run, _ = (stage_run if verb == "train" else method_run)(compose_config(verb, words))
        assert f"{run.kind}/{run.folder.name}" == DIGESTS[line]


def test_finished_runs_are_done(finished):
    code, out, _ = finished("reproduce", "plan=true")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[:3]] == ["done"] * 3


@pytest.mark.parametrize("stage", ["segmentation_gan", "alpha_gan"])
def test_a_finished_stage_prints_its_result(finished, stage):
    code, out, err = finished("train", f"stage={stage}")
    assert code == 0, err
    (file,) = Path.cwd().glob(f"outputs/{stage}/*/result.json")
    (line,) = [line for line in out.splitlines() if line.startswith("  val/whole ")]
    assert f" mse {figure_text(json.loads(file.read_text())['val']['val/whole/mse'])} " in line


@pytest.mark.parametrize("stage", ["segmentation_gan", "alpha_gan"])
def test_other_test_sizes_find_the_run(words, stage):
    schema.register()
    train = [word for word in words if not word.startswith("recipe=")]
    (folder,) = Path.cwd().glob(f"outputs/{stage}/*-*")
    for more, there in (("scale.eval_size=[40,36]", True), ("scale.gen_lr=0.5", False)):
        run = stage_run(compose_config("train", [f"stage={stage}", *train, more]))[0]
        assert (run.folder.resolve() == folder.resolve()) is there


def test_a_finished_evaluation_is_reported(finished):
    code, out, err = finished("evaluate")
    assert code == 0, err
    assert "perfect binary mask" in out
    code, out, err = finished("report")
    assert code == 0, err
    assert Path(out.splitlines()[-1]).is_file()


def test_a_finished_run_predicts(finished):
    Image.new("RGB", (40, 30), (90, 120, 60)).save("me.png")
    (folder,) = Path.cwd().glob("outputs/alpha_gan/*")
    code, _, err = finished("predict", "input=me.png", "output=out", f"method.alpha={folder.name.rsplit('-', 1)[-1]}")
    assert code == 0, err
    assert Image.open("out/alpha/me.png").size == (40, 30)


def test_an_old_config_names_targets_that_exist(finished):
    from matting.config.instantiate import resolve

    def targets(node):
        if isinstance(node, dict):
            yield from [node["_target_"]] if "_target_" in node else []
            node = list(node.values())
        for entry in node if isinstance(node, list) else []:
            yield from targets(entry)

    for file in Path.cwd().glob("outputs/*/*/config.yaml"):
        config = yaml.safe_load(file.read_text())
        found = [*targets(config["net"]), *targets(config["data"]), *targets(config["optim"])]
        assert found
        assert all(resolve(target) for target in found)
