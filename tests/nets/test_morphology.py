"""Border maps: where they lie, and how wide they are on an image of another size."""

import pytest
import torch

from matting.ops.ellipse import dilate, erode
from matting.ops.trimap import border_map, scaled_size

SHAPE = (2, 1, 29, 37)
MASKS = {
    "half": torch.rand(SHAPE, generator=torch.Generator().manual_seed(0)) < 0.5,
    "sparse": torch.rand(SHAPE, generator=torch.Generator().manual_seed(1)) < 0.02,
    "lower half": torch.arange(29).view(1, 1, 29, 1).expand(SHAPE) > 14,
    "empty": torch.zeros(SHAPE, dtype=torch.bool),
    "full": torch.ones(SHAPE, dtype=torch.bool),
}


def test_border_map_of_an_edge():
    mask = torch.zeros(1, 1, 20, 20, dtype=torch.bool)
    mask[..., 10:] = True
    border = border_map(mask, 5)
    assert border.dtype == torch.float32
    assert torch.equal(border[0, 0, 10], torch.tensor([0.0] * 8 + [1.0] * 4 + [0.0] * 8))


@pytest.mark.parametrize("name", ["half", "sparse", "lower half"])
def test_border_map_is_dilation_less_erosion(name):
    mask = MASKS[name]
    assert torch.equal(border_map(mask, 7), dilate(mask, 7).float() - erode(mask, 7).float())


@pytest.mark.parametrize("name", ["empty", "full"])
def test_a_mask_without_an_edge_has_no_border(name):
    assert not border_map(MASKS[name], 15).any()


def test_border_map_refuses_a_soft_mask():
    with pytest.raises(TypeError, match="bool"):
        border_map(torch.rand(1, 1, 8, 8), 5)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(768, 1280, 15), (1280, 768, 15), (1080, 1920, 21), (384, 640, 7), (256, 256, 5), (96, 160, 5), (1536, 2560, 31)],
)
def test_kernel_scales_with_the_shorter_side(height, width, expected):
    assert scaled_size(height, width) == expected


def test_kernel_scales_from_another_reference_and_floor():
    assert scaled_size(100, 300, reference=20, reference_side=100) == 21
    assert scaled_size(10, 10, minimum=3) == 3
