"""Tests of AlphaNet's matting losses, on cases computed by hand."""

import pytest
import torch
from torch.autograd import gradcheck

from matting.losses.compositional import alpha_prediction_loss, compositional_loss


def flat(*values: float, channels: int = 1) -> torch.Tensor:
    """Return an image of one row: (1, channels, 1, len(values))."""
    return torch.tensor(values).expand(1, channels, 1, -1)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def both(pred, true, fgr, bgr):
    return alpha_prediction_loss(pred, true) + compositional_loss(pred, true, fgr, bgr)


TRUE = flat(1.0, 0.5, 0.0, 0.0)
PRED = flat(1.0, 0.0, 0.5, 0.25)
FGR = flat(1.0, 1.0, 0.75, 0.5, channels=3)
BGR = torch.stack([flat(0.0, 0.0, 0.5, 0.5)[0, 0], flat(0.0, 0.5, 1.0, 0.5)[0, 0], flat(0.0, 1.0, 0.0, 0.5)[0, 0]])[
    None
]


def test_alpha_by_hand():
    assert alpha_prediction_loss(PRED, TRUE).tolist() == pytest.approx([(0 + 0.5 + 0.5 + 0.25) / 4])


def test_composite_by_hand():
    # |F - B| by channel is 1, 0.5 and 0 at pixel 1, and 0.25, 0.25 and 0.75 at pixel 2; at pixel 3 it is 0.
    expected = (0.5 * (1 + 0.5 + 0) + 0.5 * (0.25 + 0.25 + 0.75)) / 12
    assert compositional_loss(PRED, TRUE, FGR, BGR).tolist() == pytest.approx([expected])


def test_composite_is_the_difference_of_both_composites():
    pred, true, fgr, bgr = noise(2, 1, 4, 5), noise(2, 1, 4, 5, seed=1), noise(2, 3, 4, 5, seed=2), noise(2, 3, 4, 5)
    made = [alpha * fgr + (1 - alpha) * bgr for alpha in (pred, true)]
    expected = (made[0] - made[1]).abs().mean((1, 2, 3))
    assert torch.allclose(compositional_loss(pred, true, fgr, bgr), expected)


def test_each_sample_has_its_own_value():
    pred, true, fgr, bgr = noise(3, 1, 4, 5), noise(3, 1, 4, 5, seed=1), noise(3, 3, 4, 5, seed=2), noise(3, 3, 4, 5)
    together = both(pred, true, fgr, bgr)
    apart = [both(*(t[i : i + 1] for t in (pred, true, fgr, bgr))) for i in range(3)]
    assert torch.allclose(together, torch.cat(apart))
    assert len(together.unique()) == 3


def test_a_perfect_prediction_costs_nothing():
    assert both(TRUE, TRUE, FGR, BGR) == 0


def test_half_precision_is_widened():
    shapes = [(1, 1, 64, 64), (1, 1, 64, 64), (1, 3, 64, 64), (1, 3, 64, 64)]
    inputs = [noise(*shape, seed=seed).bfloat16() for seed, shape in enumerate(shapes)]
    value = both(*inputs)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(both(*(t.double() for t in inputs)).item(), rel=1e-5)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="pred_alpha"):
        alpha_prediction_loss(TRUE[0], TRUE)
    with pytest.raises(ValueError, match="fgr"):
        compositional_loss(PRED, TRUE, TRUE, BGR)
    with pytest.raises(ValueError, match="bgr"):
        compositional_loss(PRED, TRUE, FGR, BGR[..., :1])


def test_gradients():
    pred = noise(2, 1, 3, 4).requires_grad_()
    true, fgr, bgr = noise(2, 1, 3, 4, seed=1), noise(2, 3, 3, 4, seed=2), noise(2, 3, 3, 4, seed=3)
    assert gradcheck(lambda alpha: both(alpha, true, fgr, bgr), pred)
