"""Resampling of tensors, held against the overlap of pixels counted one by one, and against torch's own."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from matting.ops.resample import fit_image, resample, taps_of


def overlaps(old: int, new: int) -> np.ndarray:
    """Return the matrix (new, old) of an area average: the share of each old pixel in the interval of each new one."""
    edges, starts = np.arange(old + 1, dtype=float), np.arange(new + 1) * old / new
    low, high = np.maximum(edges[:-1], starts[:-1, None]), np.minimum(edges[1:], starts[1:, None])
    return np.clip(high - low, 0, None) * new / old


def fine_detail(planes: torch.Tensor) -> float:
    """Return the deviation of pixels from the mean of their 3x3 neighbourhoods."""
    return (planes - F.avg_pool2d(planes, 3, 1, 1))[..., 1:-1, 1:-1].std().item()


@pytest.mark.parametrize(("old", "new"), [(1001, 1000), (1000, 999), (64, 16), (7, 3), (9, 1), (1500, 1499), (5, 5)])
def test_a_side_that_shrinks_is_averaged_by_overlap(old, new):
    line = torch.rand(old, dtype=torch.float64)
    expected = overlaps(old, new) @ line.numpy()
    np.testing.assert_allclose(resample(line.view(1, 1, 1, old), 1, new).view(-1), expected, atol=1e-12)
    np.testing.assert_allclose(resample(line.view(1, 1, old, 1), new, 1).view(-1), expected, atol=1e-12)
    np.testing.assert_allclose(resample(line.float().view(1, 1, old, 1), new, 1).view(-1), expected, atol=1e-6)


def test_stripes_of_one_pixel_survive_a_ratio_near_1():
    stripes = (torch.arange(1001) % 2).float().expand(1, 1, 8, -1)
    resized = resample(stripes, 8, 1000)
    assert resized.std() > 0.28  # torch's `area` leaves 0.5 everywhere
    assert (resized[..., :100:2] < 0.11).all()
    assert (resized[..., 1:100:2] > 0.89).all()


def test_a_ratio_of_1_01_keeps_fine_detail():
    picture = torch.rand(1, 1, 404, 404, generator=torch.Generator().manual_seed(0))
    kept, by_torch = resample(picture, 400, 400), F.interpolate(picture, (400, 400), mode="area")
    assert fine_detail(kept) > 0.55 * fine_detail(picture)
    assert fine_detail(kept) > 1.2 * fine_detail(by_torch)


@pytest.mark.parametrize("size", [(4, 6), (2, 3), (1, 12), (8, 2)])
def test_whole_ratios_are_means(size):
    planes = torch.rand(2, 3, 8, 12)
    expected = F.avg_pool2d(planes, (8 // size[0], 12 // size[1]))
    torch.testing.assert_close(resample(planes, *size), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [(16, 20), (9, 13), (800, 1200), (8, 13)])
def test_a_side_that_grows_is_linear(size):
    planes = torch.rand(1, 2, 8, 12, dtype=torch.float64)
    expected = F.interpolate(planes, size, mode="bilinear", align_corners=False)
    torch.testing.assert_close(resample(planes, *size), expected)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 32), (8, 64), (64, 8)])
def test_resampling_averages_along_what_gets_shorter(height, width):
    checker = (torch.arange(32)[:, None] + torch.arange(32)).remainder(2).float()[None, None]
    assert torch.allclose(resample(checker, height, width), torch.tensor(0.5))


@pytest.mark.parametrize(("old", "new"), [(1001, 1000), (4000, 37), (37, 4000), (3, 2), (1, 5)])
def test_a_constant_stays_constant(old, new):
    taps, weights = taps_of(old, new)
    torch.testing.assert_close(weights.sum(1), torch.ones(new, dtype=torch.float64))
    assert 0 <= taps.min() <= taps.max() < old
    resized = resample(torch.full((1, 1, old, 2), 0.3), new, 2)
    torch.testing.assert_close(resized, torch.full_like(resized, 0.3), rtol=0, atol=1e-6)


def test_type_layout_and_size():
    planes = torch.rand(2, 3, 9, 14)
    assert resample(planes, 9, 14) is planes
    last = planes.contiguous(memory_format=torch.channels_last)
    for size in ((5, 7), (5, 14), (20, 30)):
        assert torch.equal(resample(planes, *size), resample(last, *size))
        assert resample(last, *size).is_contiguous()
    assert resample(planes.bfloat16(), 5, 7).dtype == torch.bfloat16
    assert fit_image(planes, 5, 7, "native") is planes
    assert fit_image(planes, 5, 7, "pad").shape == (2, 3, 4, 7)  # 9x14 inside 5x7
    assert fit_image(planes, 5, 7, "stretch").shape == (2, 3, 5, 7)


@pytest.mark.parametrize("size", [(3, 4), (8, 9), (3, 9)])
def test_gradient(size):
    planes = torch.rand(1, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: resample(x, *size), planes)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("size", [(1000, 1500), (999, 701), (64, 48), (2000, 3100), (500, 3000)])
def test_a_gpu_gives_what_a_cpu_gives(size):
    planes = torch.rand(2, 3, 1001, 1503, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cuda", torch.bfloat16):
        on_gpu = resample(planes.cuda(), *size).cpu()
    torch.testing.assert_close(on_gpu, resample(planes, *size), rtol=0, atol=1e-6)
