"""Dilation and erosion: both paths against a literal definition, and the border map."""

import cv2
import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from matting.nets.morphology import border_map, dilate, ellipse_kernel, erode, growth_steps, scaled_size

SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 16, 23)


def random_mask(share: float) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((2, 1, 29, 37)) < share)


def one_pixel(row: int, col: int) -> torch.Tensor:
    mask = torch.zeros(2, 1, 29, 37, dtype=torch.bool)
    mask[0, 0, row, col] = True
    return mask


MASKS = {
    "sparse": random_mask(0.02),
    "dense": random_mask(0.98),
    "half": random_mask(0.5),
    "empty": torch.zeros(2, 1, 29, 37, dtype=torch.bool),
    "full": torch.ones(2, 1, 29, 37, dtype=torch.bool),
    "inner pixel": one_pixel(14, 18),
    "corner pixel": one_pixel(0, 0),
    "edge pixel": one_pixel(28, 20),
    "inner hole": ~one_pixel(10, 10),
    "edge hole": ~one_pixel(14, 36),
    "lower half": torch.arange(29).view(1, 1, 29, 1).expand(2, 1, 29, 37) > 14,
    "narrow": random_mask(0.5)[..., :1],
}


def by_definition(mask: torch.Tensor, size: int, largest: bool) -> torch.Tensor:
    """For each pixel, any or all of the pixels under the ellipse that lie inside the image."""
    anchor, (height, width) = size // 2, mask.shape[-2:]
    result = torch.full_like(mask, not largest)
    for row, col in np.argwhere(ellipse_kernel(size)) - anchor:
        rows, cols = slice(max(-row, 0), min(height - row, height)), slice(max(-col, 0), min(width - col, width))
        shifted_rows = slice(max(row, 0), max(min(height + row, height), 0))
        shifted_cols = slice(max(col, 0), max(min(width + col, width), 0))
        if rows.start >= rows.stop or cols.start >= cols.stop:
            continue
        part = mask[..., shifted_rows, shifted_cols]
        view = result[..., rows, cols]
        view |= part if largest else view
        if not largest:
            view &= part
    return result


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", MASKS)
def test_both_paths_are_the_definition(name, size):
    mask = MASKS[name]
    for operation, largest in ((dilate, True), (erode, False)):
        expected = by_definition(mask, size, largest)
        assert torch.equal(operation(mask, size), expected)
        assert torch.equal(operation(mask.float(), size), expected.float())


@pytest.mark.parametrize("size", [*range(1, 34), 61])
def test_kernel_is_opencvs_ellipse_and_grows_to_all_of_it(size):
    kernel = ellipse_kernel(size)
    assert kernel.dtype == bool
    assert np.array_equal(kernel, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)) == 1)
    # The maxima around one pixel draw the ellipse upside down and mirrored, whatever its size.
    point = torch.zeros(1, 1, 2 * size + 1, 2 * size + 1)
    point[0, 0, size, size] = 1
    drawn = np.argwhere(dilate(point, size)[0, 0].numpy() == 1)
    assert {tuple(p) for p in drawn} == {tuple(size - (p - size // 2)) for p in np.argwhere(kernel)}


def test_ellipse_takes_few_steps():
    assert len(growth_steps(15)) == 5


@pytest.mark.parametrize("operation", [dilate, erode])
@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float16, torch.float32, torch.float64])
def test_type_and_shape_stay(operation, dtype):
    mask = MASKS["half"].to(dtype)
    result = operation(mask, 5)
    assert result.dtype == dtype
    assert torch.equal(result.bool(), operation(MASKS["half"], 5))


@pytest.mark.parametrize("operation", [dilate, erode])
def test_strided_masks(operation):
    mask = MASKS["half"].transpose(2, 3)
    assert torch.equal(operation(mask, 5), operation(mask.contiguous(), 5))
    assert torch.equal(operation(mask[..., ::2], 5), operation(mask[..., ::2].contiguous(), 5))


@pytest.mark.parametrize("operation", [dilate, erode])
def test_input_stays(operation):
    mask = MASKS["half"].clone()
    operation(mask, 5)
    assert torch.equal(mask, MASKS["half"])


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float32])
def test_other_devices_copy_nothing_to_the_host(dtype):
    # A tensor without data refuses to be copied.
    mask = torch.empty(1, 1, 16, 24, dtype=dtype, device="meta")
    for operation in (dilate, erode):
        result = operation(mask, 15)
        assert (result.device.type, result.dtype, result.shape) == ("meta", dtype, mask.shape)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", MASKS)
def test_gpu_gives_the_same_mask(name):
    for size in SIZES:
        assert torch.equal(dilate(MASKS[name].cuda(), size).cpu(), dilate(MASKS[name], size))
        assert torch.equal(erode(MASKS[name].cuda(), size).cpu(), erode(MASKS[name], size))


@pytest.mark.parametrize("operation", [dilate, erode])
@pytest.mark.parametrize("size", [4, 5])
def test_gradients_of_soft_masks(operation, size):
    gen = torch.Generator().manual_seed(0)
    soft = torch.randperm(42, generator=gen).double().view(1, 1, 6, 7).div(42).requires_grad_()
    assert gradcheck(lambda mask: operation(mask, size), soft)


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
