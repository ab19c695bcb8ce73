"""The pictures of a validation: their planes, what a network is given beside the image, the green screen."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from matting.training.callbacks.images import Pictures, beside_image
from matting.visualization.samples import GREEN
from tests.helpers.made_stages import BRIGHT, MATTING, make_batch, make_stage, people, trained

TRAINER = SimpleNamespace(state=SimpleNamespace(fn="fit"), is_global_zero=True, loggers=[])


def drawn(stage, batch, folder, count=6):
    callback = Pictures(folder, count)
    callback.on_validation_batch_end(TRAINER, stage, None, batch)
    return callback, callback.rows


def test_a_row_has_the_trimap_the_error_and_a_green_screen(tmp_path):
    stage, batch = make_stage("alphanet_matting", "stage.long_side=64").eval(), people(3)
    callback, rows = drawn(stage, batch, tmp_path / "images", count=2)
    assert list(rows) == batch["ids"][:2]
    planes = rows[batch["ids"][0]]
    assert list(planes) == ["image", "given", "alpha", "truth", "error", "on green"]
    assert set(np.unique(planes["given"])) == {0, 128, 255}
    alpha, truth = planes["alpha"].astype(int), planes["truth"].astype(int)
    assert np.abs(planes["error"] - np.abs(alpha - truth)).max() <= 1
    behind = (alpha == 0).all(-1)
    assert behind.any()
    assert (planes["on green"][behind] == GREEN).all()
    stage.batches = 7
    callback.on_validation_end(TRAINER, stage)
    assert cv2.imread(str(tmp_path / "images/val-0000007.png")).shape[1] == 6 * (64 + 4) - 4
    assert callback.rows == {}


@pytest.mark.slow
def test_a_compiled_network_is_not_compiled_again(tmp_path):
    stage, batch, compilations = make_stage("alpha_gan").eval(), make_batch(3), []

    def backend(graph, inputs):
        compilations.append(graph)
        return graph.forward

    stage.gen.compile(backend=backend)
    stage.predict_map(batch)
    before = len(compilations)
    _, rows = drawn(stage, batch, tmp_path, count=2)
    assert 0 < before == len(compilations)
    assert all("given" in planes for planes in rows.values())


def test_end_to_end_the_trimap_is_the_erosion_dilation_layers(tmp_path):
    stage = make_stage("alphanet", segmentation=trained(BRIGHT), matting=trained(MATTING)).eval()
    _, rows = drawn(stage, people(2), tmp_path)
    (first, *_) = rows.values()
    assert {0, 128, 255} >= set(np.unique(first["given"])) > {0}


def test_a_stage_that_is_given_the_image_alone_has_no_such_plane(tmp_path):
    _, rows = drawn(make_stage("segmentation_gan"), make_batch(), tmp_path)
    assert all(list(planes) == ["image", "alpha", "truth", "error", "on green"] for planes in rows.values())


def test_nothing_watches_the_network_afterwards():
    stage, batch = make_stage("alpha_gan", "stage.inference=native"), make_batch()
    with beside_image(stage.trained.values()) as given:
        stage.predict_map(batch)
    assert torch.equal(given["given"], stage.example(batch).inputs[1])
    assert not any(network._forward_pre_hooks for network in stage.trained.values())
