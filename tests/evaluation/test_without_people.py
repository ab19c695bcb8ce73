"""Pictures without people: the backgrounds of a test set alone, and how much of them is taken for a person."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.augment import cover
from matting.data.datamodule import CompositeData
from matting.evaluation import without_people
from matting.evaluation.measure import Evaluator
from matting.evaluation.without_people import measure_without_people, pictures_without_people
from tests.helpers.tiny import TINY


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The data of a tiny evaluation: 3 people on 2 of 4 scenes each."""
    monkeypatch.setenv("MATTING_CACHE_DIR", str(tmp_path.parent / "cache"))
    schema.register()
    words = [*TINY, "scale.test_subjects=3", "scale.test_backgrounds_per_subject=2", "batch_size=2"]
    made = CompositeData(plain(compose_config("evaluate", words)), 2)
    made.setup("test")
    return made


def bright(batch):
    image = batch["image"].mean(1, keepdim=True)
    return {"alpha": image, "coarse": image**2}


def test_the_figures_are_means_over_the_backgrounds(data):
    dataset = pictures_without_people(data, "procedural")
    scenes = [dataset.backgrounds.load(dataset.pairing[at][1]) for at in range(6)]
    greys = [cover(scene, *dataset.shape(at)).mean(2) / 255 for at, scene in enumerate(scenes)]
    evaluator = Evaluator(bright, torch.device("cpu"), bf16=False, measured=["coarse"])
    found = measure_without_people(evaluator, data, "procedural")["without_people"]
    assert found["samples"] == 6
    for row, power in (("alpha", 1), ("coarse", 2)):
        alphas = [grey**power for grey in greys]
        expected = {
            "mean_alpha": np.mean([alpha.mean() for alpha in alphas]),
            "above_half": np.mean([(alpha > 0.5).mean() for alpha in alphas]),
            "mse": np.mean([(alpha**2).mean() for alpha in alphas]),
        }
        assert found["rows"][row] == pytest.approx(expected, rel=1e-5)


def test_no_more_pictures_than_are_needed(data, monkeypatch):
    monkeypatch.setattr(without_people, "MOST", 4)
    dataset = pictures_without_people(data, "procedural")
    assert len(dataset) == 4
    assert not any(dataset[at]["alpha"].any() for at in range(4))


def test_backgrounds_with_persons_are_left_out_where_they_are_known(data, monkeypatch):
    built = {}

    def build(nodes, root, key):
        built.update(nodes["procedural"])
        return SimpleNamespace(ids=["procedural/empty street"])

    monkeypatch.setattr(without_people, "build_sources", build)
    data.config["data"]["test"]["procedural"]["backgrounds"]["exclude_persons"] = False
    dataset = pictures_without_people(data, "procedural")
    assert built["exclude_persons"] is True
    assert {dataset.pairing[at][1] for at in range(6)} == {"procedural/empty street"}
    assert set(data.tests["procedural"].pairing.backgrounds) != {"procedural/empty street"}


def test_photographs_have_no_backgrounds(data):
    data.tests["procedural"].backgrounds = None
    assert measure_without_people(SimpleNamespace(), data, "procedural") == {}


def test_the_verb_measures_and_prints_them(tiny, tmp_path):
    code, out, err = tiny("evaluate", "method=closed_form")
    assert (code, err) == (0, "")
    assert "pictures without people" in out
    (file,) = tmp_path.glob("outputs/evaluate/closed_form/*/result.json")
    found = json.loads(file.read_text())["tests"]["procedural"]["without_people"]
    assert found == {"samples": 2, "rows": {"alpha": {"mean_alpha": 0, "above_half": 0, "mse": 0}}}
