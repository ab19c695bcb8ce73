"""Tests of validation images: their sizes, and that AlphaNet's matting stage takes any size."""

import math

import pytest
import torch

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.collate import collate
from matting.data.compositing import compose_batch
from matting.data.datamodule import CompositeData
from tests.helpers.made_stages import BRIGHT, MATTING, make_stage, people, trained
from tests.helpers.tiny import TINY

SIZES = ("scale.height=32", "scale.width=48", "scale.alphanet.seg_size=64")


@pytest.mark.parametrize(
    ("name", "frame", "side"),
    [
        ("segmentation_gan", (32, 48), 48),
        ("alpha_gan", (32, 48), 48),
        ("alphanet_segmentation", (64, 64), 64),
        ("alphanet_matting", (32, 32), 48),
        ("alphanet", (32, 48), 48),
    ],
)
def test_validation_pictures_keep_their_size_and_are_measured_at_that_of_training(name, frame, side, tmp_path):
    """AlphaNet's matting stage trains on crops and is measured on whole images."""
    schema.register()
    words = [*TINY, *SIZES, f"stage={name}", f"paths.cache_dir={tmp_path}"]
    data = CompositeData(plain(compose_config("train", words)), 2, 2)
    data.setup("fit")
    assert data.training[0, 0]["alpha"].shape == frame
    batch = compose_batch(collate([data.validation[at] for at in range(len(data.validation))]), colour=False)
    assert batch["image"].shape[-2:] == (32, 48)
    networks = {key: trained(node) for key, node in (("segmentation", BRIGHT), ("matting", MATTING))}
    stage, sizes = make_stage(name, *SIZES, **networks if name == "alphanet" else {}), []
    stage.predict_map = lambda batch: batch["alpha"]
    stage.measure = lambda pred, true, valid: sizes.extend([pred.shape[-2:], true.shape[-2:]])
    stage.validation_step(batch, 0)
    assert sizes == [(round(side * 32 / 48), side)] * 2


def test_the_matting_stage_validates_on_pictures_of_any_size():
    stage = make_stage("alphanet_matting", "stage.long_side=100").eval()
    stage.on_validation_epoch_start()
    with torch.no_grad():
        for height, width in ((50, 78), (99, 33), (20, 20)):
            stage.validation_step(people(2, height=height, width=width), 0)
    stage.on_validation_epoch_end()
    values = stage.validated
    assert {"val/whole/mse", "val/whole/conn"} <= values.keys()
    assert all(map(math.isfinite, values.values()))
    assert 0 < values["val/whole/mse"] < 1


@pytest.mark.parametrize("long_side", [1000, 144])
def test_trimaps_of_validation_are_as_wide_as_those_of_training(long_side):
    """For a crop of 96 and an image three times as large, which may be reduced for the network."""
    words = ("stage.frame=[96,96]", f"stage.long_side={long_side}", "stage.trimap=[40,60]")
    stage, seen = make_stage("alphanet_matting", *words).eval(), []
    stage.mat.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    edge = torch.zeros(1, 1, 288, 288)
    edge[..., 144:] = 1
    for side in (96, 288):
        alpha = edge[..., 96:192, 96:192] if side == 96 else edge
        with torch.no_grad():
            stage.predict_map({**people(1, height=side, width=side), "alpha": alpha})
    crop, picture = (int((trimap[0, 0, 20] == 0.5).sum()) for trimap in seen)
    assert crop == 2 * (50 * 96 // 320 // 2)  # the ellipse of 15 px reaches 7 to each side
    assert picture == pytest.approx(crop, abs=2)
