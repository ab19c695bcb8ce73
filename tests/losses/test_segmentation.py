"""Tests of focal and dice loss, on cases computed by hand."""

import math

import pytest
import torch
from torch.autograd import gradcheck

from matting.losses.segmentation import dice_loss, focal_loss

LOSSES = [focal_loss, dice_loss]
NINE_TENTHS = math.log(9)  # the logit of 0.9


def row(*values: float) -> torch.Tensor:
    """Return an image of one row: (1, 1, 1, len(values))."""
    return torch.tensor(values).view(1, 1, 1, -1)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


LOGITS = row(NINE_TENTHS, 0.0, -NINE_TENTHS, NINE_TENTHS)
MASK = row(1.0, 1.0, 0.0, 0.0).bool()


def test_focal_by_hand():
    # The true classes have 0.9, 0.5, 0.9 and 0.1.
    terms = [0.1**2 * -math.log(0.9), 0.5**2 * -math.log(0.5), 0.1**2 * -math.log(0.9), 0.9**2 * -math.log(0.1)]
    assert focal_loss(LOGITS, MASK).tolist() == pytest.approx([sum(terms) / 4])
    assert focal_loss(LOGITS, MASK, gamma=0).item() == pytest.approx(
        torch.nn.functional.binary_cross_entropy_with_logits(LOGITS, MASK.float()).item()
    )


def test_dice_by_hand():
    # |p m| = 0.9 + 0.5, |p| = 0.9 + 0.5 + 0.1 + 0.9, |m| = 2.
    assert dice_loss(LOGITS, MASK).tolist() == pytest.approx([1 - (2 * 1.4 + 1) / (2.4 + 2 + 1)])


@pytest.mark.parametrize("loss", LOSSES)
def test_pixels_that_are_not_valid_count_nowhere(loss):
    valid = row(1.0, 1.0, 1.0, 0.0).bool()
    assert loss(LOGITS, MASK, valid).item() == pytest.approx(loss(LOGITS[..., :3], MASK[..., :3]).item())
    broken = LOGITS.clone()
    broken[..., 3] = float("nan")
    broken.requires_grad_()
    (gradient,) = torch.autograd.grad(loss(broken, MASK, valid).sum(), broken)
    assert gradient[..., 3] == 0
    assert gradient.isfinite().all()
    assert (gradient[..., :3] != 0).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_a_sample_without_a_valid_pixel_costs_nothing(loss):
    logits = LOGITS.expand(2, 1, 1, 4).clone().requires_grad_()
    valid = torch.tensor([True, False]).view(2, 1, 1, 1).expand(logits.shape)
    values = loss(logits, MASK.expand(logits.shape), valid)
    assert values[1] == 0
    assert values[0].item() == pytest.approx(loss(LOGITS, MASK).item())
    (gradient,) = torch.autograd.grad(values.sum(), logits)
    assert torch.equal(gradient[1], torch.zeros_like(gradient[1]))
    assert gradient.isfinite().all()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("mask", [MASK, torch.zeros_like(MASK), torch.ones_like(MASK)], ids=["half", "empty", "full"])
def test_a_confident_perfect_prediction_costs_nothing(loss, mask):
    assert loss(60.0 * (2 * mask.float() - 1), mask).item() == pytest.approx(0, abs=1e-6)


def test_dice_of_an_empty_mask_is_defined():
    # Nothing is there: p costs |p| / (|p| + 1).
    assert dice_loss(torch.zeros(1, 1, 2, 3), torch.zeros(1, 1, 2, 3)).item() == pytest.approx(3 / 4)


@pytest.mark.parametrize("loss", LOSSES)
def test_each_sample_has_its_own_value(loss):
    logits, mask, valid = noise(3, 1, 4, 5), noise(3, 1, 4, 5, seed=1) > 0, noise(3, 1, 4, 5, seed=2) > -1
    together = loss(logits, mask, valid)
    apart = torch.cat([loss(logits[i : i + 1], mask[i : i + 1], valid[i : i + 1]) for i in range(3)])
    assert together.shape == (3,)
    assert torch.allclose(together, apart)
    assert len(together.unique()) == 3


@pytest.mark.parametrize("loss", LOSSES)
def test_half_precision_is_widened(loss):
    # In bfloat16 the sum of 4096 pixels has 8 bits.
    logits = noise(1, 1, 64, 64).bfloat16()
    mask = noise(1, 1, 64, 64, seed=1) > 0
    value = loss(logits, mask)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(loss(logits.double(), mask).item(), rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_very_wrong_and_very_right_logits_stay_finite(gamma):
    logits = row(300.0, -300.0, 300.0, -300.0).requires_grad_()
    mask = row(1.0, 1.0, 0.0, 0.0).bool()
    value = focal_loss(logits, mask, gamma=gamma) + dice_loss(logits, mask)
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    assert value.isfinite().all()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("loss", LOSSES)
def test_shapes_that_differ_are_refused(loss):
    with pytest.raises(ValueError, match="mask"):
        loss(torch.zeros(2, 1, 4, 4), torch.zeros(2, 4, 4))
    with pytest.raises(ValueError, match="valid"):
        loss(torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, 4, 4), torch.ones(1, 1, 4, 4, dtype=torch.bool))


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients(loss):
    logits = noise(2, 1, 3, 4).requires_grad_()
    mask, valid = noise(2, 1, 3, 4, seed=1) > 0, noise(2, 1, 3, 4, seed=2) > -1
    assert gradcheck(lambda x: loss(x, mask, valid), logits)
