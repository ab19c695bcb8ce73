"""Tests of the data module: what a stage's samples hold, and how they are composited."""

import pytest
import torch

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.collate import collate
from matting.data.compositing import compose_batch
from matting.data.datamodule import CompositeData
from tests.helpers.tiny import TINY

ALPHA = ("stage=alpha_gan", "stage.coarse=ground_truth")


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        (["stage=segmentation_gan"], False),
        ([*ALPHA], True),
        ([*ALPHA, "loss.targets=[alpha,fgr]"], False),
        (["stage=alphanet_matting"], False),
    ],
)
def test_another_background_is_read_only_for_a_loss_that_composites_on_it(words, asks, tmp_path):
    schema.register()
    data = CompositeData(plain(compose_config("train", [*TINY, *words, f"paths.cache_dir={tmp_path}"])), 2, 1)
    data.setup("fit")
    assert data.training is not None
    assert data.validation is not None
    assert ("new_bgr" in data.training[0, 3]) is asks
    assert "new_bgr" not in data.validation[0]


def test_a_seed_changes_training_samples_but_not_the_measured_images(tmp_path):
    schema.register()
    words = [*TINY, *ALPHA, "data.test.procedural.backgrounds_per_subject=5", f"paths.cache_dir={tmp_path}"]
    pairs = []
    for seed in (0, 1):
        data = CompositeData(plain(compose_config("train", [*words, f"seed={seed}"])), 2, 1)
        data.setup("fit")
        tested = data.tests["procedural"].pairing
        assert data.training is not None
        assert data.validation is not None
        trained, validated = data.training.pairing, data.validation.pairing
        pairs.append([[pairing[i] for i in range(len(pairing))] for pairing in (trained, validated, tested)])
    assert pairs[0][0] != pairs[1][0]
    assert pairs[0][1:] == pairs[1][1:]


@pytest.mark.parametrize(
    ("workers", "training", "expected"), [(2, True, 1), (0, True, 2), (2, False, 2)], ids=["fed", "alone", "validation"]
)
def test_beside_workers_a_training_batch_is_composited_on_one_thread(
    workers, training, expected, tmp_path, monkeypatch
):
    schema.register()
    words = [*TINY, *ALPHA, f"runtime.workers={workers}", f"paths.cache_dir={tmp_path}"]
    data = CompositeData(plain(compose_config("train", words)), 2, 1)
    data.setup("fit")
    assert data.training is not None
    raw, threads = collate([data.training[0, 3], data.training[1, 4]]), []

    def compose(raw, colour):
        threads.append(torch.get_num_threads())
        return compose_batch(raw, colour)

    monkeypatch.setattr("matting.data.datamodule.compose_batch", compose)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found, after = data.composed(raw, training), torch.get_num_threads()
        on_two = compose_batch(raw, training)
    finally:
        torch.set_num_threads(before)
    assert (threads, after) == ([expected], 2)
    for key in ("image", "alpha", "fgr", "bgr", "new_bgr"):
        assert torch.equal(found[key], on_two[key])
