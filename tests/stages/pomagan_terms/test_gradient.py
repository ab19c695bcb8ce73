"""The gradient loss, a further term of POMAGAN: its value, and a training step that has it."""

import pytest
import torch

from matting.stages.pomagan_terms.base import Example, Prediction
from matting.stages.pomagan_terms.gradient import Gradient
from tests.helpers.made_stages import make_batch, make_stage


def value(pred, true):
    example = Example(torch.zeros(len(true), 3, *true.shape[-2:]), (), true, None)
    return Gradient()(Prediction(example, pred, ("alpha",), {"alpha": pred}, {"alpha": true}, 0.5, list))


def test_of_a_step():
    """One column of 4 rows is a step of 1 in the truth, 0 in the prediction: 4 of 12 horizontal differences."""
    true = torch.zeros(1, 1, 4, 4)
    true[..., 2:] = 1
    assert value(torch.zeros(1, 1, 4, 4), true).item() == pytest.approx(4 / 12)
    assert value(true, true) == 0


def test_the_gradient():
    true = torch.rand(1, 1, 3, 4, dtype=torch.float64)
    pred = torch.rand(1, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda pred: value(pred, true), pred)


def test_it_is_found_by_its_name_and_trained():
    stage = make_stage("alpha_gan", "loss.perceptual.weight=0", choices=["loss=full_gradient"])
    stage.training_step(make_batch(), 0)
    row = stage.rows[0]
    assert row["train/weighted/gradient"] == pytest.approx(10 * row["train/loss/gradient"])
    assert row["train/loss/gradient"] > 0
