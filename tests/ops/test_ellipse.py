"""Tests of dilation and erosion by an ellipse against a literal definition, for one size or a radius per sample."""

from functools import partial

import cv2
import numpy as np
import pytest
import torch

from matting.ops.ellipse import (
    costs_to_reach,
    dilate,
    dilate_and_erode,
    ellipse_kernel,
    ellipse_sums,
    erode,
    growth_steps,
    offset_costs,
)

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
    """Return for each pixel whether any, or all, of the pixels under the ellipse and inside the image are set."""
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


@pytest.mark.parametrize("name", MASKS)
def test_both_are_the_definition(name):
    mask, other = MASKS[name], MASKS["half"][..., : MASKS[name].shape[-1]]
    for size in SIZES:
        grown, shrunk = by_definition(mask, size, True), by_definition(mask, size, False)
        assert torch.equal(dilate(mask, size), grown), size
        assert torch.equal(erode(mask, size), shrunk), size
        # in one pass, of two masks that differ
        for pair, expected in (((mask, other), grown), ((other, mask), by_definition(other, size, True))):
            outer, inner = dilate_and_erode(*pair, size)
            assert torch.equal(outer, expected), size
            assert torch.equal(inner, by_definition(pair[1], size, False)), size


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 15, 16, 33, 61])
def test_kernel_is_opencvs_ellipse_and_grows_to_all_of_it(size):
    kernel = ellipse_kernel(size)
    assert kernel.dtype == bool
    assert np.array_equal(kernel, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)) == 1)
    # The maxima around one pixel draw the ellipse upside down and mirrored, whatever its size.
    point = torch.zeros(1, 1, 2 * size + 1, 2 * size + 1, dtype=torch.bool)
    point[0, 0, size, size] = True
    drawn = np.argwhere(dilate(point, size)[0, 0].numpy())
    assert {tuple(p) for p in drawn} == {tuple(size - (p - size // 2)) for p in np.argwhere(kernel)}


def test_ellipse_takes_few_steps():
    assert len(growth_steps(15)) == 5


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_what_is_no_mask_is_refused(dtype):
    half = MASKS["half"]
    for call in (partial(dilate, half.to(dtype)), partial(erode, half.to(dtype))):
        with pytest.raises(TypeError):
            call(5)
    for pair in ((half, half.to(dtype)), (half.to(dtype), half)):
        with pytest.raises(TypeError):
            dilate_and_erode(*pair, 5)


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


def test_other_devices_copy_nothing_to_the_host():
    # A tensor without data refuses to be copied.
    mask = torch.empty(1, 1, 16, 24, dtype=torch.bool, device="meta")
    for result in (dilate(mask, 15), erode(mask, 15), *dilate_and_erode(mask, mask, 15)):
        assert (result.device.type, result.dtype, result.shape) == ("meta", torch.bool, mask.shape)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", MASKS)
def test_gpu_gives_the_same_mask(name):
    for size in SIZES:
        assert torch.equal(dilate(MASKS[name].cuda(), size).cpu(), dilate(MASKS[name], size))
        assert torch.equal(erode(MASKS[name].cuda(), size).cpu(), erode(MASKS[name], size))


def test_offset_costs_draw_opencvs_ellipse_of_every_radius():
    for radius in range(81):
        offsets = torch.arange(-radius, radius + 1)
        inside = offsets[:, None] ** 2 + offset_costs(offsets) < radius**2
        assert np.array_equal(inside.numpy(), ellipse_kernel(2 * radius + 1)), radius


@pytest.mark.parametrize("name", MASKS)
def test_costs_give_the_dilation_by_any_radius(name):
    costs = costs_to_reach(MASKS[name], limit=40)
    for radius in (0, 1, 2, 3, 5, 8, 13, 28, 40):
        assert torch.equal(costs < radius**2, dilate(MASKS[name], 2 * radius + 1))


def test_radii_of_their_own():
    mask = one_pixel(14, 18)
    mask[1] = mask[0]
    reached = costs_to_reach(mask, limit=6) < torch.tensor([2, 6]).view(2, 1, 1, 1) ** 2
    assert torch.equal(reached, torch.cat([dilate(mask[:1], 5), dilate(mask[:1], 13)]))


@pytest.mark.parametrize(("height", "width"), [(13, 17), (1, 9), (9, 1), (31, 33)])
@pytest.mark.parametrize("limit", [3, 12])
def test_sums_are_those_under_the_ellipse(height, width, limit):
    values = torch.from_numpy(np.random.default_rng(0).random((2, 2, height, width)))
    radii = torch.tensor([[0, 1], [2, limit]]).view(2, 2, 1, 1)
    sums, count = ellipse_sums(values, radii, limit)
    for i in range(2):
        for j in range(2):
            kernel = ellipse_kernel(2 * int(radii[i, j]) + 1).astype(float)
            expected = cv2.filter2D(values[i, j].numpy(), -1, kernel, borderType=cv2.BORDER_CONSTANT)
            np.testing.assert_allclose(sums[i, j].numpy(), expected, rtol=1e-9, atol=1e-12)
            middle = np.arange(-(len(kernel) // 2), len(kernel) // 2 + 1)
            seen = kernel[abs(middle) <= height][:, abs(middle) <= width]
            assert count[i, j] == seen.sum()
