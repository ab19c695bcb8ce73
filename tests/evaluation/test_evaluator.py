"""Measuring a test set: what comes out is what one image after another gives, and the network does not wait for it."""

import json
import math
import threading
from types import SimpleNamespace

import pytest
import torch

from matting.commands import evaluate
from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.collate import collate
from matting.data.compositing import compose_batch
from matting.data.datamodule import CompositeData
from matting.data.images import read_rgb
from matting.errors import UserError
from matting.evaluation import evaluator, measure
from matting.evaluation.gallery import Gallery
from matting.experiments import execution
from matting.methods.base import Method
from matting.metrics.functional import NAMES, matting_metrics
from matting.ops.trimap import scaled_size, unknown_region
from tests.helpers.tiny import TINY

HOST = torch.device("cpu")


class Grey(Method):
    """The mean of the colours as alpha, its square as the coarse map. again: set when a second batch comes."""

    name = "grey"
    intermediates = measured = ("coarse",)

    def __init__(self):
        super().__init__()
        self.batches, self.again = 0, threading.Event()

    def forward(self, image, trimap=None):
        self.batches += 1
        if self.batches > 1:
            self.again.set()
        alpha = image.mean(1, keepdim=True)
        return {"alpha": alpha, "coarse": alpha**2}


class Wrong(Grey):
    def forward(self, image, trimap=None):
        return {key: plane + 1 for key, plane in super().forward(image).items()}


@pytest.fixture
def tests(tmp_path, monkeypatch):
    """The config of a tiny evaluation in batches of 2, its data and its test set of 5 samples."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MATTING_CACHE_DIR", str(tmp_path.parent / "cache"))
    schema.register()
    config = plain(compose_config("evaluate", [*TINY, "scale.test_subjects=5", "batch_size=2"]))
    data = CompositeData(config, config["batch_size"])
    data.setup("test")
    return config, data, data.tests["procedural"]


def samples_of(tests, method):
    config, data, dataset = tests
    made = evaluator.evaluator_of(method, evaluator.best_constant(dataset), HOST, config)
    return made.samples("procedural", data.eval_loader(dataset), config["runtime"]["workers"])


def measured(tests, method, **metrics):
    config, data, dataset = tests
    config = {**config, "metrics": {**config["metrics"], **metrics}}
    return list(samples_of((config, data, dataset), method))


def one_after_another(tests, convention):
    """(id, row, region) -> figures, written plainly."""
    config, _, dataset = tests
    constant, figures = evaluator.best_constant(dataset), {}
    for at in range(len(dataset)):
        batch = compose_batch(collate([dataset[at]]), colour=False)
        true, found = batch["alpha"], Grey()(batch["image"])
        maps = {**found, "constant": torch.full_like(true, constant), "perfect_mask": (true >= 0.5).float()}
        size = scaled_size(*true.shape[-2:], config["metrics"]["unknown_dilation"], 1024, 3)
        for region, mask in (("whole", None), ("unknown", unknown_region(true, size))):
            for row, pred in maps.items():
                values = matting_metrics(pred, true, mask, convention)
                figures[batch["ids"][0], row, region] = {key: value.item() for key, value in values.items()}
    return figures


@pytest.mark.parametrize("convention", ["dim", "mmagic"])
def test_figures_are_those_of_one_image_after_another(tests, convention):
    samples = measured(tests, Grey(), convention=convention)
    expected = one_after_another(tests, convention)
    assert [table[0]["id"] for table, _ in samples] == list(dict.fromkeys(id for id, _, _ in expected))
    entries = [entry for table, _ in samples for entry in table]
    assert len(entries) == len(expected) == 5 * 4 * 2
    for entry in entries:
        figures = expected[entry["id"], entry["row"], entry["region"]]
        assert {name: entry[name] for name in NAMES} == pytest.approx(figures, rel=1e-12)


def test_the_alpha_comes_first_and_each_sample_with_its_own_planes(tests):
    dataset = tests[2]
    for at, (table, planes) in enumerate(measured(tests, Grey(), regions=["unknown"])):
        rows = [(entry["row"], entry["region"]) for entry in table]
        assert rows == [(row, "unknown") for row in ("alpha", "coarse", "constant", "perfect_mask")]
        batch = compose_batch(collate([dataset[at]]), colour=False)
        expected = {"image": batch["image"], "truth": batch["alpha"], **Grey()(batch["image"])}
        assert planes.keys() == expected.keys()
        assert all(torch.equal(planes[name], plane[0]) for name, plane in expected.items())


def test_the_gallery_keeps_the_first_the_best_and_the_worst(tmp_path):
    gallery, plane = Gallery(2), torch.full((1, 4, 5), 0.2)
    for at, mse in enumerate([0.5, 0.3, 0.9, 0.1, 0.9, 0.3]):
        gallery.offer({"mse": mse, "id": f"id{at}"}, {"alpha": plane * at})
    entries = gallery.write(tmp_path / "pictures" / "folder", "folder")
    kept = {kind: [entry["id"] for entry in entries if entry["kind"] == kind] for kind in ("first", "best", "worst")}
    assert kept == {"first": ["id0", "id1"], "best": ["id3", "id1"], "worst": ["id4", "id2"]}
    for entry in entries:
        shown = read_rgb(tmp_path / entry["files"]["alpha"])
        assert (shown == 51 * int(entry["id"][2:])).all()


def test_the_gallery_ranks_no_sample_without_an_error(tmp_path):
    gallery, plane = Gallery(2), torch.full((1, 4, 5), 0.2)
    for at, mse in enumerate([math.nan, math.nan, 0.3, 0.9, 0.1, math.nan]):
        gallery.offer({"mse": mse, "id": f"id{at}"}, {"alpha": plane})
    entries = gallery.write(tmp_path / "pictures" / "folder", "folder")
    kept = {kind: [entry["id"] for entry in entries if entry["kind"] == kind] for kind in ("first", "best", "worst")}
    assert kept == {"first": ["id0", "id1"], "best": ["id4", "id2"], "worst": ["id3", "id2"]}


def test_a_gallery_of_samples_without_an_error_has_the_first_alone(tmp_path):
    gallery, plane = Gallery(2), torch.full((1, 4, 5), 0.2)
    for at in range(3):
        gallery.offer({"mse": math.nan, "id": f"id{at}"}, {"alpha": plane})
    entries = gallery.write(tmp_path / "pictures" / "folder", "folder")
    assert [(entry["kind"], entry["id"]) for entry in entries] == [("first", "id0"), ("first", "id1")]


def test_the_verb_gives_the_error_in_the_first_region_asked_for(tiny, tmp_path):
    words = ("method=closed_form", "metrics.regions=[unknown]", "pictures=1")
    for _ in range(2):  # made, then found
        code, out, err = tiny("evaluate", *words)
        assert (code, err) == (0, "")
        assert "unknown region" in out
    (file,) = tmp_path.glob("outputs/evaluate/closed_form/*/result.json")
    means = json.loads(file.read_text())["tests"]["procedural"]["rows"]["alpha"]["unknown"]
    schema.register()
    assert evaluate.run(compose_config("evaluate", [*TINY, *words])) == means["mse"]


def test_a_gallery_of_none(tmp_path):
    gallery = Gallery(0)
    gallery.offer({"mse": 0.5, "id": "id"}, {"alpha": torch.full((1, 4, 5), 0.2)})
    assert gallery.write(tmp_path / "pictures", "aim") == []


@pytest.mark.parametrize(("errors", "mean"), [((0.25, None, 0.75), 0.5), ((None, None), math.nan)])
def test_a_test_set_whose_region_is_empty_throughout_is_in_no_mean(monkeypatch, errors, mean):
    tests = {str(at): {"rows": {"alpha": {"unknown": {"mse": error}}}} for at, error in enumerate(errors)}
    made = SimpleNamespace(folder="", config={"metrics": {"regions": ["unknown"]}, "scale": {"name": "quick"}})
    monkeypatch.setattr(execution, "ensure_evaluation", lambda config: (made, {"tests": tests}))
    monkeypatch.setattr("matting.experiments.execution.table_text", lambda *_: "")
    assert execution.evaluate(SimpleNamespace()) == pytest.approx(mean, nan_ok=True)


def test_the_network_has_the_next_batch_while_one_is_measured(tests, monkeypatch):
    method, region_metrics = Grey(), measure.region_metrics

    def slow(*arguments):
        assert method.again.wait(20), "the second batch waits until the first is measured"
        return region_metrics(*arguments)

    monkeypatch.setattr(measure, "region_metrics", slow)
    assert len(measured(tests, method)) == 5


def test_an_error_in_the_figures_ends_the_evaluation(tests, pool_threads):
    with pytest.raises(UserError, match=r"pred: .*\[0, 1\]") as caught:
        measured(tests, Wrong())
    assert pool_threads() == [], caught  # which holds the frames: nothing is left to the garbage collector


def test_whoever_takes_only_some_samples_ends_the_threads(tests, pool_threads):
    samples = samples_of(tests, Grey())
    next(samples)
    assert pool_threads()
    samples.close()
    assert pool_threads() == []


def test_an_evaluation_that_cannot_write_leaves_no_threads(tests, tmp_path, monkeypatch, pool_threads):
    def full(*_):
        raise OSError("disk full")

    config, _, _ = tests
    monkeypatch.setattr(evaluator, "load_method", lambda *_: (Grey(), HOST))
    monkeypatch.setattr(Gallery, "offer", full)
    with pytest.raises(OSError, match="disk full") as caught:
        evaluator.evaluate(SimpleNamespace(config=config, folder=tmp_path), {})
    assert pool_threads() == [], caught
