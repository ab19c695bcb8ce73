"""Resampling of tensors, by torch's own pooling and interpolation."""

import pytest
import torch
from torch.nn import functional as F

from matting.ops.resample import resample


def test_area_down_and_bilinear_up() -> None:
    planes = torch.rand(1, 2, 8, 12)
    assert resample(planes, 8, 12) is planes
    assert torch.equal(resample(planes, 4, 6), F.avg_pool2d(planes, 2))
    torch.testing.assert_close(resample(planes, 16, 20), F.interpolate(planes, (16, 20), mode="bilinear"))
    mixed = F.interpolate(F.avg_pool2d(planes, (2, 1)), (4, 24), mode="bilinear")
    torch.testing.assert_close(resample(planes, 4, 24), mixed)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 32), (8, 64), (64, 8)])
def test_resampling_averages_along_what_gets_shorter(height, width):
    checker = (torch.arange(32)[:, None] + torch.arange(32)).remainder(2).float()[None, None]
    assert torch.allclose(resample(checker, height, width), torch.tensor(0.5))
