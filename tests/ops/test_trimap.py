"""Tests of border maps, of kernel sizes, and of trimaps from alpha."""

import cv2
import numpy as np
import pytest
import torch

from matting.ops.ellipse import SHAPES, dilate, erode
from matting.ops.trimap import border_map, scaled_size, trimap_from_alpha, unknown_region

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


@pytest.mark.parametrize("size", [3, 6, 9])
@pytest.mark.parametrize("shape", SHAPES)
def test_border_map_has_the_shape_of_its_element(shape, size):
    mask = np.zeros((40, 37), np.uint8)
    mask[9:30, 12:25] = 1
    mask[3, 30] = 1
    element = cv2.getStructuringElement(SHAPES[shape], (size, size))
    dilated = cv2.dilate(mask, element)
    eroded = 1 - cv2.dilate(1 - mask, element)  # OpenCV's erosion takes the anchor of an even element otherwise
    found = border_map(torch.from_numpy(mask).bool()[None, None], size, shape)
    assert np.array_equal(found[0, 0].numpy(), dilated - eroded)


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


def test_unknown_region_by_hand():
    alpha = torch.tensor([0, 0, 0, 0.5, 1, 1, 1, 1, 1]).expand(1, 1, 9, 9)
    assert unknown_region(alpha, 1)[0, 0, 4].tolist() == [False] * 3 + [True] + [False] * 5
    assert unknown_region(alpha, 3)[0, 0, 4].tolist() == [False] * 2 + [True] * 3 + [False] * 4
    expected = torch.tensor([0, 0, 0.5, 0.5, 0.5, 1, 1, 1, 1])
    trimap = trimap_from_alpha(alpha, 3)
    assert trimap.dtype == torch.float32
    assert torch.equal(trimap[0, 0, 4], expected)


def test_faint_and_nearly_full_pixels_are_unknown():
    alpha = torch.tensor([[0.0, 1e-6], [1.0, 1 - 1e-6]])[None, None]
    assert unknown_region(alpha, 1)[0, 0].tolist() == [[False, True], [False, True]]


def test_one_size_a_sample():
    ramp = torch.linspace(-4, 5, 37).clamp(0, 1).expand(1, 1, 29, 37)
    alpha = torch.cat([ramp, ramp.roll(5, -1), 1 - ramp])
    sizes = [3, 5, 11]
    for function in (unknown_region, trimap_from_alpha):
        apart = [function(alpha[i : i + 1], size) for i, size in enumerate(sizes)]
        assert torch.equal(function(alpha, sizes), torch.cat(apart))
        assert not torch.equal(function(alpha, sizes), function(alpha, 5))
    with pytest.raises(ValueError, match="shorter"):
        unknown_region(alpha, [3, 5])


def test_trimap_and_unknown_region_agree():
    masks = torch.cat(list(MASKS.values()))
    alpha = masks.float()
    assert torch.equal(trimap_from_alpha(alpha, 7) == 0.5, unknown_region(alpha, 7))
    assert torch.equal(unknown_region(alpha, 7), dilate(masks, 7) & ~erode(masks, 7))
