"""Tests of targets, L1 and border losses, on cases computed by hand."""

import pytest
import torch
from torch.autograd import gradcheck

from matting.losses.matte import TARGETS, border_loss, l1_loss, matte_targets, mean_absolute_error


def flat(*values: float, channels: int = 1) -> torch.Tensor:
    """Return an image of one row: (1, channels, 1, len(values))."""
    return torch.tensor(values).expand(1, channels, 1, -1)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


IMAGE = flat(0.5, 1.0, 0.25, 0.0, channels=3)
NEW_BGR = flat(0.0, 0.5, 1.0, 1.0, channels=3)
TRUE = flat(1.0, 0.5, 0.0, 0.0)
PRED = flat(1.0, 0.0, 0.5, 0.0)
BORDER = flat(0.0, 1.0, 0.0, 0.0)


def test_targets_by_hand():
    targets = matte_targets(IMAGE, TRUE, NEW_BGR, TARGETS)
    assert targets["alpha"] is TRUE
    assert torch.equal(targets["fgr"], flat(0.5, 0.5, 0.0, 0.0, channels=3))
    assert torch.equal(targets["comp"], flat(0.5, 0.75, 1.0, 1.0, channels=3))


@pytest.mark.parametrize("names", [("alpha",), ("alpha", "fgr"), ("comp", "alpha")])
def test_targets_are_those_named_in_their_order(names):
    assert tuple(matte_targets(IMAGE, TRUE, NEW_BGR, names)) == names


def test_segmentation_needs_no_background():
    assert set(matte_targets(IMAGE, TRUE, None, ("alpha", "fgr"))) == {"alpha", "fgr"}
    with pytest.raises(ValueError, match="new_bgr"):
        matte_targets(IMAGE, TRUE, None, TARGETS)


def test_unknown_names_are_refused_with_the_choices():
    with pytest.raises(ValueError, match=r"matte.*alpha, fgr, comp"):
        matte_targets(IMAGE, TRUE, NEW_BGR, ("alpha", "matte"))
    with pytest.raises(ValueError, match=r"pixels.*image.*border"):
        border_loss(IMAGE, PRED, TRUE, BORDER, NEW_BGR, TARGETS, normalize="pixels")


@pytest.mark.parametrize(
    ("names", "expected"),
    # The maps differ by 0.5 at the pixels 1 and 2 of four, where the image is 1 and 0.25 and its distance to the
    # background 0.5 and 0.75.
    [
        (("alpha",), (0.5 + 0.5) / 4),
        (("fgr",), (0.5 + 0.125) / 4),
        (("comp",), (0.25 + 0.375) / 4),
        (TARGETS, (1.0 + 0.625 + 0.625) / 4),
    ],
)
def test_l1_by_hand(names, expected):
    pred, true = (matte_targets(IMAGE, alpha, NEW_BGR, names) for alpha in (PRED, TRUE))
    assert l1_loss(pred, true).item() == pytest.approx(expected)


def test_weight_map_weighs_pixels():
    loss = l1_loss({"alpha": PRED}, {"alpha": TRUE}, weight_map=flat(1.0, 3.0, 0.0, 1.0))
    assert loss.item() == pytest.approx(3 * 0.5 / 4)


@pytest.mark.parametrize(
    ("names", "whole"),
    # Only pixel 1 counts: 0.5 of alpha, 0.5 of a foreground of 1, and (1 - 0.5) * 0.5 of the composite.
    [(("alpha",), 0.5), (("alpha", "fgr"), 1.0), (TARGETS, 1.25)],
)
def test_border_by_hand(names, whole):
    loss = border_loss(IMAGE, PRED, TRUE, BORDER, NEW_BGR, names)
    assert loss.item() == pytest.approx(whole / 4)
    loss = border_loss(IMAGE, PRED, TRUE, BORDER, NEW_BGR, names, normalize="border")
    assert loss.item() == pytest.approx(whole)


def test_normalised_border_is_the_mean_over_samples_and_zero_if_empty():
    image, new_bgr, pred, true = (t.expand(3, -1, -1, -1) for t in (IMAGE, NEW_BGR, PRED, TRUE))
    borders = torch.cat([flat(0, 1.0, 0, 0), flat(0, 1.0, 0, 1.0), flat(0.0, 0, 0, 0)])
    loss = border_loss(image, pred, true, borders, new_bgr, ("alpha",), normalize="border")
    assert loss.item() == pytest.approx((0.5 + 0.25 + 0) / 3)


def test_a_border_without_a_pixel_has_no_gradient():
    pred = PRED.clone().requires_grad_()
    loss = border_loss(IMAGE, pred, TRUE, torch.zeros_like(BORDER), NEW_BGR, TARGETS, normalize="border")
    (gradient,) = torch.autograd.grad(loss, pred)
    assert loss == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))


@pytest.mark.parametrize("normalize", ["image", "border"])
def test_perfect_prediction_is_zero(normalize):
    targets = matte_targets(IMAGE, TRUE, NEW_BGR, TARGETS)
    assert l1_loss(targets, targets) == 0
    assert border_loss(IMAGE, TRUE, TRUE, BORDER, NEW_BGR, TARGETS, normalize) == 0


def test_samples_weigh_alike():
    image, new_bgr, pred, true = (
        noise(2, 3, 4, 5),
        noise(2, 3, 4, 5, seed=1),
        noise(2, 1, 4, 5),
        noise(2, 1, 4, 5, seed=2),
    )
    border = (noise(2, 1, 4, 5, seed=3) > 0.7).double()
    border[0] = 1
    for normalize in ("image", "border"):
        together = border_loss(image, pred, true, border, new_bgr, TARGETS, normalize)
        apart = [
            border_loss(image[i], pred[i], true[i], border[i], new_bgr[i], TARGETS, normalize)
            for i in (slice(0, 1), slice(1, 2))
        ]
        assert together.item() == pytest.approx(sum(apart).item() / 2)


def test_half_precision_is_summed_in_float32():
    # 4096 errors of 1/3 come to 1365: bfloat16 holds 8 bits and would give 1368 or 1360.
    pred = torch.full((1, 1, 64, 64), 1 / 3, dtype=torch.bfloat16)
    loss = mean_absolute_error(pred, torch.zeros_like(pred))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(pred[0, 0, 0, 0].item(), rel=1e-6)


@pytest.mark.parametrize("normalize", ["image", "border"])
def test_gradients(normalize):
    image, new_bgr, true = noise(2, 3, 3, 4), noise(2, 3, 3, 4, seed=1), noise(2, 1, 3, 4, seed=2)
    pred = noise(2, 1, 3, 4, seed=3).requires_grad_()
    border = (noise(2, 1, 3, 4, seed=4) > 0.5).double()
    weight = noise(2, 1, 3, 4, seed=5)

    def whole(alpha: torch.Tensor) -> torch.Tensor:
        pred_targets, true_targets = (matte_targets(image, a, new_bgr, TARGETS) for a in (alpha, true))
        return l1_loss(pred_targets, true_targets, weight)

    assert gradcheck(whole, pred)
    assert gradcheck(lambda alpha: border_loss(image, alpha, true, border, new_bgr, TARGETS, normalize), pred)
