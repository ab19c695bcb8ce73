"""Sizes that images are scaled to, and arrays resized to them."""

import numpy as np
import pytest
import torch

from matting.ops.resample import resample
from matting.ops.resize import reduced_size, resize, size_inside, size_of_long_side


@pytest.mark.parametrize(
    ("size", "long_side", "expected"),
    [((40, 30), 20, (20, 15)), ((40, 30), 80, (80, 60)), ((3, 1000), 100, (1, 100)), ((25, 100), 50, (12, 50))],
)
def test_the_longer_side_is_met(size, long_side, expected):
    assert size_of_long_side(size, long_side) == expected


def test_a_size_is_only_reduced():
    assert reduced_size((40, 30), 80) == reduced_size((40, 30), 40) == reduced_size((40, 30), None) == (40, 30)
    assert reduced_size((40, 30), 20) == (20, 15)


@pytest.mark.parametrize(
    ("frame", "expected"), [((80, 80), (80, 60)), ((20, 30), (20, 15)), ((100, 15), (20, 15)), ((1, 100), (1, 1))]
)
def test_a_size_inside_a_frame_keeps_its_proportions(frame, expected):
    assert size_inside((40, 30), frame) == expected


SIZES = [(33, 40), (32, 39), (8, 10), (80, 99), (20, 99), (1, 1)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [(33, 40), (33, 40, 1), (33, 40, 3), (33, 40, 4)])
def test_arrays_are_resized_as_tensors(size, shape):
    array = np.random.default_rng(0).random(shape, dtype=np.float32)
    planes = torch.from_numpy(np.atleast_3d(array)).permute(2, 0, 1)[None]
    expected = resample(planes, *size)[0].permute(1, 2, 0).numpy()
    resized = resize(array, *size)
    assert resized.dtype == np.float32
    assert resized.shape == (*size, *shape[2:])
    np.testing.assert_allclose(np.atleast_3d(resized), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_whole_numbers_are_rounded(dtype):
    array = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (21, 30, 3), dtype, endpoint=True)
    array.flags.writeable = False  # as in a cache
    for size in ((20, 29), (40, 50), (3, 50)):
        resized = resize(array, *size)
        assert resized.dtype == dtype
        assert (resized == np.rint(resize(array.astype(np.float32), *size))).all()


@pytest.mark.parametrize("shape", [(8, 8), (8, 32), (8, 64), (64, 8)])
def test_what_gets_shorter_is_averaged(shape):
    checker = (np.indices((32, 32)).sum(0) % 2 * 255).astype(np.uint8)
    assert set(np.unique(resize(checker, *shape))) <= {127, 128}


def test_a_constant_stays_constant():
    """OpenCV's area averages drop overlaps below a thousandth of a pixel: 0.999 here."""
    np.testing.assert_allclose(resize(np.ones((1001, 4), np.float32), 1000, 4), 1, rtol=0, atol=1e-6)
