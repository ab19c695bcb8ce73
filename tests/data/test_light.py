"""Tests of the light that a subject takes from its background."""

import numpy as np
import pytest

from matting.data.augment import Geometry
from matting.data.dataset import Composites, EvalComposites
from matting.data.light import share_light
from matting.data.pairing import Pairing
from matting.data.sources.base import Subject
from tests.helpers.augment import AUGMENT

GREY = np.full((40, 60, 3), 120, np.uint8)
BRIGHT_LEFT = np.repeat(np.linspace(220, 30, 60).astype(np.uint8)[None, :, None], 40, 0).repeat(3, 2)
WARM = np.full((40, 60, 3), (200, 120, 60), np.uint8)


def test_an_even_grey_background_changes_nothing():
    colours = np.random.default_rng(0).integers(0, 256, GREY.shape, np.uint8)
    np.testing.assert_array_equal(share_light(colours, GREY), colours)


@pytest.mark.parametrize("mirror", [slice(None), slice(None, None, -1)])
def test_the_side_towards_the_light_is_brighter(mirror):
    lit = share_light(GREY, np.ascontiguousarray(BRIGHT_LEFT[:, mirror]))[:, mirror].astype(float)
    assert lit[:, :10].mean() > 120 * 1.03 > 120 > lit[:, -10:].mean()
    assert np.abs(lit / 120 - 1).max() < 0.18
    assert lit.mean() == pytest.approx(120, rel=0.03)


def test_a_warm_background_makes_warm_people():
    red, green, blue = share_light(GREY, WARM)[20, 30].astype(int)
    assert red > green > blue
    assert share_light(GREY, WARM[..., ::-1].copy())[20, 30, 0] < 120


class People:
    def load(self, id):
        return Subject(GREY, np.full(GREY.shape[:2], 255, np.uint8))


class Scenes:
    def load(self, id, reduction=None):
        return WARM


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize("kind", ["train", "native", 30])
def test_samples_are_lit_where_it_is_asked_for(kind, light):
    pairing = Pairing(["0", "1"], ["0", "1"], 2, 0, "train")
    if kind == "train":
        data = Composites(pairing, People(), Scenes(), Geometry(24, 32, "crop", AUGMENT), AUGMENT, light=light)
        sample = data[0, 1]
    else:
        sample = EvalComposites(pairing, People(), Scenes(), kind, light=light)[1]
    for key in {"fgr", "image"} & set(sample):
        red, _, blue = sample[key].reshape(-1, 3).mean(0)
        assert (red > blue + 5) == light
