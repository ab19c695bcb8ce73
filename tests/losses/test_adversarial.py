"""Tests of the adversarial losses: values, scales, precisions."""

import math

import pytest
import torch
from torch.autograd import gradcheck

from matting.losses.adversarial import REAL, discriminator_loss, generator_loss

KINDS = tuple(REAL)
LOG2 = math.log(2)


def logits(*values: float) -> torch.Tensor:
    return torch.tensor(values)


def pyramid(requires_grad: bool = False, seed: int = 0) -> list[torch.Tensor]:
    gen = torch.Generator().manual_seed(seed)
    sides = (4, 3, 2)
    scales = [torch.randn(2, 1, side, side, generator=gen, dtype=torch.float64) for side in sides]
    return [scale.requires_grad_(requires_grad) for scale in scales]


@pytest.mark.parametrize("kind", KINDS)
def test_gives_a_finite_scalar(kind):
    for loss in (generator_loss(pyramid(), kind), discriminator_loss(pyramid(), pyramid(seed=1), kind)):
        assert loss.shape == ()
        assert torch.isfinite(loss)


def test_another_kind_is_refused_with_the_choices():
    for call in (lambda: generator_loss(pyramid(), "wgan"), lambda: discriminator_loss(pyramid(), pyramid(), "wgan")):
        with pytest.raises(ValueError, match=r"'wgan'.*bce, lsgan, hinge"):
            call()


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        discriminator_loss(pyramid(), pyramid()[:2], "bce")


@pytest.mark.parametrize(
    ("kind", "expected"),
    # One scale holds the logits 0 and 2, the other -1: mean of the first plus the second.
    [
        ("bce", (LOG2 + math.log1p(math.exp(-2))) / 2 + math.log1p(math.exp(1))),
        ("lsgan", (1 + 1) / 2 + 4),
        ("hinge", -1 + 1),
    ],
)
def test_generator_by_hand(kind, expected):
    assert generator_loss([logits(0, 2), logits(-1)], kind).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "expected"),
    # Real logits 0 and 3, fake logits -2 and 0: half of mean real plus mean fake.
    [
        ("bce", 0.25 * (LOG2 + math.log1p(math.exp(-3)) + math.log1p(math.exp(-2)) + LOG2)),
        ("lsgan", 0.25 * (1 + 4 + 4 + 0)),
        ("hinge", 0.25 * (1 + 0 + 0 + 1)),
    ],
)
def test_discriminator_by_hand(kind, expected):
    loss = discriminator_loss([logits(0, 3)], [logits(-2, 0)], kind)
    assert loss.item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_scales_add_up(kind):
    real, fake = pyramid(), pyramid(seed=1)
    assert generator_loss(fake, kind) == pytest.approx(sum(generator_loss([scale], kind) for scale in fake))
    single = sum(discriminator_loss([r], [f], kind) for r, f in zip(real, fake, strict=True))
    assert discriminator_loss(real, fake, kind) == pytest.approx(single)


def test_is_zero_when_won():
    sure = [logits(60.0, 60.0)]
    assert generator_loss(sure, "bce").item() == pytest.approx(0, abs=1e-6)
    assert generator_loss([logits(1.0, 1.0)], "lsgan") == 0
    assert discriminator_loss([logits(1.0)], [logits(0.0)], "lsgan") == 0
    assert discriminator_loss([logits(1.0)], [logits(-1.0)], "hinge") == 0
    assert discriminator_loss(sure, [logits(-60.0)], "bce").item() == pytest.approx(0, abs=1e-6)


def test_a_generator_that_is_seen_through_still_learns():
    fake = logits(-40.0).requires_grad_()
    (gradient,) = torch.autograd.grad(generator_loss([fake], "bce"), fake)
    assert gradient.item() == pytest.approx(-1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_are_widened_first(kind, dtype):
    large = [logits(-300.0, 300.0).to(dtype)]
    for loss in (generator_loss(large, kind), discriminator_loss(large, large, kind)):
        assert loss.dtype == torch.float32
        assert torch.isfinite(loss)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients(kind):
    fake, real = pyramid(requires_grad=True), pyramid(requires_grad=True, seed=1)
    assert gradcheck(lambda *scales: generator_loss(scales, kind), fake)
    assert gradcheck(lambda *scales: discriminator_loss(scales[:3], scales[3:], kind), (*real, *fake))
