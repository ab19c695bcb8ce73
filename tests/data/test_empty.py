"""Samples without a person: which they are, and that the background alone is in them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.augment import Geometry, cover
from matting.data.build import fingerprint
from matting.data.collate import collate, start_worker
from matting.data.compositing import compose_batch
from matting.data.datamodule import CompositeData
from matting.data.dataset import Composites, EvalComposites
from matting.data.empty import NOBODY, drawn_empty, spread_empty
from matting.data.pairing import Pairing
from matting.data.photographs import EvalPhotographs, Photographs
from matting.data.samplers import TrainingOrder
from matting.data.sources.base import Labelled, Subject
from matting.ops.resize import resize
from tests.helpers.augment import AUGMENT
from tests.helpers.tiny import TINY

SCENES = tuple(f"{i:02d}" for i in range(9))


class Subjects:
    def load(self, id):
        return Subject(np.full((40, 30, 3), 200, np.uint8), np.full((40, 30), 255, np.uint8))


class Photos:
    ids = ("0", "1", "2", "3")

    def load(self, id):
        return Labelled(np.full((40, 30, 3), 200, np.uint8), np.ones((40, 30), bool), np.ones((40, 30), bool))


class Scenes:
    ids = SCENES

    def load(self, id, reduction=None):
        return np.random.default_rng(int(id)).integers(0, 100, (50, 60, 3), np.uint8)


def composites(share):
    pairing = Pairing(["0", "1", "2", "3"], SCENES, 5, 0, "train")
    return Composites(pairing, Subjects(), Scenes(), Geometry(24, 32, "crop", AUGMENT), AUGMENT, True, share)


def photographs(share):
    return Photographs(Photos(), Photos.ids, Geometry(24, 32, "crop", AUGMENT), AUGMENT, 0, share, Scenes())


def test_a_share_of_the_samples_is_drawn():
    keys = [(seed, turn, index) for seed in range(2) for turn in range(5) for index in range(1000)]
    drawn = {share: {key for key in keys if drawn_empty(share, *key)} for share in (0, 0.1, 0.2, 1)}
    assert (len(drawn[0]), len(drawn[1])) == (0, len(keys))
    assert len(drawn[0.1]) == pytest.approx(0.1 * len(keys), rel=0.1)
    assert drawn[0.1] < drawn[0.2]  # another share leaves the samples that both have


@pytest.mark.parametrize(
    ("count", "share", "expected"), [(16, 0, 0), (16, 0.1, 2), (64, 0.1, 6), (3, 1, 3), (0, 0.5, 0)]
)
def test_validation_has_exactly_the_share(count, share, expected):
    found = spread_empty(count, share)
    assert len(found) == expected
    assert found <= set(range(count))


def test_the_parts_of_a_sample_do_not_depend_on_the_share():
    for key in [(turn, index) for turn in range(2) for index in range(20)]:
        without, half, all_empty = (composites(share)[key] for share in (0.0, 0.5, 1.0))
        empty = drawn_empty(0.5, 0, *key)
        assert not all_empty["alpha"].any()
        assert half["id"].startswith(NOBODY) is empty
        assert np.array_equal(half["alpha"], (all_empty if empty else without)["alpha"])
        for name in ("fgr", "bgr", "new_bgr", "draws"):
            assert np.array_equal(half[name], without[name]), name


def test_the_image_of_an_empty_sample_is_its_background():
    batch = compose_batch(collate([composites(1.0)[0, index] for index in range(3)]))
    raw = compose_batch(collate([composites(1.0)[0, index] for index in range(3)]), colour=False)
    assert torch.equal(raw["image"], raw["bgr"])
    assert not batch["alpha"].any()


@pytest.mark.parametrize("made", [composites, photographs])
def test_neither_workers_nor_an_interruption_change_which_are_empty(made):
    def ids(workers, trained=0):
        dataset = made(0.5)
        order = TrainingOrder(len(dataset), 2, 10, 0, position=lambda: trained)
        context = "fork" if workers else None
        options = {"worker_init_fn": start_worker, "multiprocessing_context": context}
        loader = DataLoader(dataset, batch_sampler=order, num_workers=workers, collate_fn=collate, **options)
        return [batch["ids"] for batch in loader]

    whole = ids(0)
    assert 0 < sum(id.startswith(NOBODY) for batch in whole for id in batch) < 10
    assert ids(2) == whole
    assert ids(0, trained=3) == whole[3:]


@pytest.mark.parametrize("eval_size", ["native", 20, [25, 60]])
def test_evaluation_has_empty_samples_where_it_is_asked_for(eval_size):
    pairing = Pairing(["0"], SCENES, 3, 0, "test")
    dataset = EvalComposites(pairing, Subjects(), Scenes(), eval_size, empty={1})
    whole, empty, _ = (dataset[at] for at in range(3))
    assert whole["alpha"].all()
    assert not empty["alpha"].any()
    image = compose_batch(collate([empty]), colour=False)["image"][0].permute(1, 2, 0).numpy()
    scene = cover(Scenes().load(pairing[1][1]), 40, 30)
    assert np.abs(255 * image - resize(scene, *empty["alpha"].shape)).max() < 1.01


def test_photographs_have_empty_samples_too():
    frames = [photographs(0.5)[0, index] for index in range(4)]
    empty = [frame["id"].startswith(NOBODY) for frame in frames]
    assert 0 < sum(empty) < 4
    assert [not frame["alpha"].any() for frame in frames] == empty
    dataset = EvalPhotographs(Photos(), Photos.ids, (24, 32), "pad", empty={2}, backgrounds=Scenes())
    assert [dataset[at]["alpha"].any() for at in range(4)] == [True, True, False, True]
    assert dataset[2]["valid"].any()
    assert dataset[2]["image"].max() < 100


@pytest.mark.parametrize("words", [["stage=segmentation_gan"], ["stage=alphanet_segmentation"]])
def test_the_share_reaches_training_and_validation(words, tmp_path):
    schema.register()
    words = [*TINY, *words, "data.empty_share=0.5", f"paths.cache_dir={tmp_path}"]
    data = CompositeData(plain(compose_config("train", words)), 2, 4)
    data.setup("fit")
    empty = [not data.training[0, index]["alpha"].any() for index in range(len(data.training))]
    assert 0 < sum(empty) < len(empty)
    assert [not data.validation[at]["alpha"].any() for at in range(4)].count(True) == 2
    assert all(data.tests["procedural"][at]["alpha"].any() for at in range(2))


def test_a_stage_of_photographs_reads_backgrounds_only_for_empty_samples(monkeypatch):
    schema.register()
    monkeypatch.setattr("matting.data.build.build", lambda node: SimpleNamespace(ids=(), fingerprint=lambda: str(node)))
    persons = {"voc": {"_target_": "a"}}

    def read(share, count):
        config = plain(compose_config("train", [*TINY, "stage=alphanet_segmentation", f"data.empty_share={share}"]))
        config["stage"]["persons"] = persons
        config["data"]["backgrounds"]["procedural"]["count"] = count
        return fingerprint(config)

    assert read(0, 8) == read(0, 9)
    assert read(0.1, 8) != read(0.1, 9)
