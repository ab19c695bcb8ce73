"""Tests of the erosion-dilation layer: its values, its two paths, its gradients."""

import cv2
import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from matting.errors import UserError
from matting.nets.morphology import ErosionDilation, box_radii, device_trimap, host_trimap, soft_threshold, soft_trimap

HEIGHT, WIDTH = 60, 76
LIMIT = 12


def ellipse(*shapes: tuple[tuple[int, int], tuple[int, int]]) -> torch.Tensor:
    """Return filled ellipses, each (centre x, y), (half width, half height): bool (1, 1, HEIGHT, WIDTH)."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for centre, axes in shapes:
        cv2.ellipse(mask, centre, axes, 0, 0, 360, 1, -1)
    return torch.from_numpy(mask).bool()[None, None]


def random_mask(share: float) -> torch.Tensor:
    return torch.rand(1, 1, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(3)) < share


def one_pixel() -> torch.Tensor:
    mask = torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    mask[0, 0, 20, 30] = True
    return mask


MASKS = {
    "person": ellipse(((38, 14), (8, 10)), ((38, 50), (20, 26))),
    "several people": ellipse(((14, 30), (7, 15)), ((45, 28), (6, 20)), ((66, 40), (5, 9))),
    "at the border": ellipse(((0, 0), (30, 20)), ((75, 59), (10, 25))),
    "one pixel": one_pixel(),
    "empty": torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.bool),
    "full": torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.bool),
    "sparse": random_mask(0.01),
    "half": random_mask(0.5),
    "dense": random_mask(0.99),
}
ALL = torch.cat(list(MASKS.values()))


def radii_of(mask: torch.Tensor, erode: float = 0.06, dilate: float = 0.15) -> torch.Tensor:
    return torch.cat([box_radii(mask, erode), box_radii(mask, dilate)], 1)


def unsure(mask: torch.Tensor) -> torch.Tensor:
    """Return a probability with this mask that is nowhere 0 or 1."""
    noise = torch.rand(mask.shape, generator=torch.Generator().manual_seed(4))
    return (0.6 + 0.35 * noise).where(mask, 0.4 * noise)


def test_layer_by_hand():
    prob = torch.zeros(1, 1, 60, 60)
    prob[..., 10:50, 20:40] = 0.5
    # The box is 40 by 20, its mean side 30: 0.1 of it erodes by 3 px, 0.2 dilates by 6.
    trimap = ErosionDilation(erode=0.1, dilate=0.2)(prob)
    assert trimap.dtype == torch.float32
    row = [0.0] * 14 + [0.5] * 9 + [1.0] * 14 + [0.5] * 9 + [0.0] * 14
    assert trimap[0, 0, 30].tolist() == row
    column = [0.0] * 4 + [0.5] * 9 + [1.0] * 34 + [0.5] * 9 + [0.0] * 4
    assert trimap[0, 0, :, 30].tolist() == column
    assert trimap[0, 0, 5, 15] == 0  # the corner of the dilation is round
    assert torch.equal(ErosionDilation(0.1, 0.2)(prob - 0.001), torch.zeros_like(prob))


def test_radii_follow_each_samples_own_box():
    masks = torch.cat([MASKS["one pixel"], MASKS["empty"], MASKS["full"], MASKS["several people"]])
    assert box_radii(masks, 0.1).flatten().tolist() == [1, 0, 7, 5]  # mean sides 1, 0, 68, 53
    assert box_radii(masks[:2], 0).flatten().tolist() == [1, 0]
    layer = ErosionDilation(0.06, 0.15)
    assert torch.equal(layer(ALL.float()), torch.cat([layer(mask.float()) for mask in MASKS.values()]))


@pytest.mark.parametrize("name", MASKS)
def test_both_paths_give_the_same_trimap(name):
    radii = radii_of(MASKS[name])
    expected = host_trimap(MASKS[name], radii)
    assert torch.equal(device_trimap(MASKS[name], radii, LIMIT), expected)
    assert torch.equal(ErosionDilation(0.06, 0.15)(MASKS[name].float()), expected)


def test_both_paths_on_a_batch():
    radii = radii_of(ALL)
    assert len(radii[:, 1].unique()) > 3
    assert torch.equal(device_trimap(ALL, radii, LIMIT), host_trimap(ALL, radii))


def test_masks_without_an_edge():
    layer = ErosionDilation()
    assert torch.equal(layer(MASKS["empty"].float()), torch.zeros(1, 1, HEIGHT, WIDTH))
    assert torch.equal(layer(MASKS["full"].float()), torch.ones(1, 1, HEIGHT, WIDTH))


@pytest.mark.parametrize("gradient", ["none", "straight_through", "soft"])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (40, 1)], ids=str)
def test_narrow_images(gradient, size):
    layer = ErosionDilation(0.9, 0.9, gradient, temperature=0.01)
    assert torch.allclose(layer(torch.ones(1, 1, *size)), torch.ones(1, 1, *size))
    assert torch.allclose(layer(torch.zeros(1, 1, *size)), torch.zeros(1, 1, *size))


@pytest.mark.parametrize("gradient", ["none", "straight_through", "soft"])
def test_other_devices_copy_nothing_to_the_host(gradient):
    # A tensor without data refuses to be copied.
    prob = torch.empty(2, 1, 32, 48, device="meta", requires_grad=True)
    trimap = ErosionDilation(gradient=gradient)(prob)
    assert (trimap.device.type, trimap.dtype, trimap.shape) == ("meta", torch.float32, prob.shape)


def test_layer_exports_for_any_radius():
    exported = torch.export.export(ErosionDilation(0.06, 0.15), (MASKS["empty"].float(),)).module()
    for mask in MASKS.values():
        assert torch.equal(exported(mask.float()), ErosionDilation(0.06, 0.15)(mask.float()))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("gradient", ["none", "straight_through", "soft"])
def test_gpu_gives_the_same_trimap_without_waiting(gradient):
    layer = ErosionDilation(0.06, 0.15, gradient)
    probs = unsure(ALL).cuda().requires_grad_()
    layer(probs)  # the plans of the transforms are made at first use
    torch.cuda.set_sync_debug_mode("error")
    try:
        trimap = layer(probs)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    torch.testing.assert_close(trimap.cpu(), layer(unsure(ALL)), rtol=0, atol=0 if gradient != "soft" else 1e-5)


# Its gradients


@pytest.mark.parametrize("saturated", [True, False], ids=["saturated", "unsure"])
def test_soft_trimap_comes_to_the_hard_one(saturated):
    prob = ALL.float() if saturated else unsure(ALL)
    hard = ErosionDilation(0.06, 0.15)(prob)
    errors = {}
    for temperature in (0.2, 0.1, 0.05, 0.02, 0.01):
        soft = ErosionDilation(0.06, 0.15, "soft", temperature)(prob)
        assert soft.dtype == torch.float32
        assert soft.min() >= 0
        assert soft.max() <= 1
        errors[temperature] = (soft - hard).abs().max().item()
    assert list(errors.values()) == sorted(errors.values(), reverse=True)
    assert errors[0.1] < (0.03 if saturated else 0.25)
    assert errors[0.05] < (0.001 if saturated else 0.02)
    assert errors[0.02] < 1e-5
    assert errors[0.01] < 1e-6


@pytest.mark.parametrize("temperature", [10.0, 0.2, 0.001])
def test_soft_threshold_keeps_the_ends_and_the_middle(temperature):
    assert soft_threshold(torch.tensor([0.0, 0.5, 1.0]), temperature).tolist() == pytest.approx([0, 0.5, 1], abs=1e-6)


@pytest.mark.parametrize("temperature", [0.5, 0.1])
def test_soft_gradient_is_the_values(temperature):
    gen = torch.Generator().manual_seed(0)
    prob = torch.rand(2, 1, 6, 7, generator=gen, dtype=torch.float64)
    prob[1] *= 0.45  # an empty mask passes a gradient, too
    layer = ErosionDilation(0.2, 0.3, "soft", temperature)
    assert gradcheck(layer, prob.requires_grad_())


@pytest.mark.parametrize("gradient", ["straight_through", "soft"])
def test_every_pixel_has_a_gradient_and_none_a_negative_one(gradient):
    prob = ALL.float().requires_grad_()
    (found,) = torch.autograd.grad(ErosionDilation(0.06, 0.15, gradient)(prob).sum(), prob)
    assert (found > 0).all()


@pytest.mark.parametrize("temperature", [1.0, 0.1, 0.02, 0.001, 1e-6])
def test_saturated_masks_have_finite_values_and_gradients(temperature):
    prob = ALL.float().requires_grad_()
    trimap = ErosionDilation(gradient="soft", temperature=temperature)(prob)
    (found,) = torch.autograd.grad(trimap.sum(), prob)
    assert trimap.isfinite().all()
    assert found.isfinite().all()


def test_straight_through_is_the_hard_value_with_the_soft_gradient():
    prob = unsure(ALL).requires_grad_()
    weight = torch.rand(prob.shape, generator=torch.Generator().manual_seed(5))
    found = {}
    for gradient in ("straight_through", "soft"):
        trimap = ErosionDilation(0.06, 0.15, gradient)(prob)
        (found[gradient],) = torch.autograd.grad((trimap * weight).sum(), prob)
        if gradient == "straight_through":
            assert torch.equal(trimap, ErosionDilation(0.06, 0.15)(prob))
    assert torch.equal(found["straight_through"], found["soft"])


def test_none_has_no_gradient():
    assert not ErosionDilation()(unsure(ALL).requires_grad_()).requires_grad


@pytest.mark.parametrize("gradient", ["none", "straight_through", "soft"])
def test_autocast_and_half_precision_change_nothing(gradient):
    layer = ErosionDilation(0.06, 0.15, gradient)
    prob = unsure(ALL).bfloat16()
    expected = layer(prob.float())
    with torch.autocast("cpu", torch.bfloat16):
        trimap = layer(prob.requires_grad_())
    assert trimap.dtype == torch.float32
    assert torch.equal(trimap, expected)
    if gradient != "none":
        trimap.sum().backward()
        assert prob.grad.dtype == torch.bfloat16
        assert prob.grad.isfinite().all()


def test_soft_trimap_of_large_images_keeps_its_small_sums():
    # Background far from a large person: the sums there are 1e-9 of those inside.
    prob = torch.zeros(1, 1, 512, 768)
    prob[..., 100:500, 50:400] = 1
    radii = torch.tensor([1, 40]).view(1, 2, 1, 1)
    trimap = soft_trimap(prob, radii, 40, 0.1)
    row = trimap[0, 0, 150:450, 500:700]
    assert (row - row.mean()).abs().max() < 1e-5
    assert row.mean() < 0.03


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gradient": "hard"}, r"gradient.*hard.*none, straight_through, soft"),
        ({"erode": -0.1}, r"erode.*-0\.1"),
        ({"dilate": 4}, "dilate.*4"),
        ({"temperature": 0}, "temperature.*0"),
        ({"box": "person"}, r"box.*person.*mask, largest_component"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(UserError, match=message):
        ErosionDilation(**options)
