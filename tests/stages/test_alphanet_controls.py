"""Tests of the controls of end-to-end training, `own` and `apart`: which loss reaches which network."""

import pytest
import torch

from matting.errors import UserError
from tests.helpers.end_to_end import end_to_end, gradients, own_and_matting_losses
from tests.helpers.made_stages import make_stage, people


@pytest.mark.parametrize("feedback", ["own", "apart"])
def test_own_and_apart_train_the_segmentation_by_its_own_loss_alone(feedback):
    """The control of `value`: another background changes the matting loss, and nothing of the gradient."""
    stage, batch = end_to_end(feedback), people(3)
    batch["alpha"][1] = 1 - batch["alpha"][1]
    expected = torch.autograd.grad(own_and_matting_losses(stage, batch)[0].mean(), list(stage.seg.parameters()))
    seg, mat = gradients(stage, batch)
    torch.testing.assert_close(seg, [*expected], rtol=1e-4, atol=1e-7)
    others = gradients(stage, {**batch, "bgr": 1 - batch["bgr"]})
    torch.testing.assert_close(others[0], seg, rtol=0, atol=0)
    assert not all(torch.equal(one, other) for one, other in zip(mat, others[1], strict=True) if one is not None)


def test_apart_trains_the_matting_network_as_its_pre_training_does():
    stage, batch = end_to_end("apart", "stage.true_trimap=[5,90]"), people(3)
    alone = make_stage("alphanet_matting", "stage.trimap=[5,90]")
    alone.mat = stage.mat
    _, mat = gradients(stage, batch)
    stage.zero_grad()
    alone.losses(batch).total.backward()
    torch.testing.assert_close(mat, [parameter.grad for parameter in stage.mat.parameters()], rtol=0, atol=0)
    with torch.no_grad():
        stage.seg.bias.fill_(9)  # another mask changes nothing for the matting network
    torch.testing.assert_close(gradients(stage, batch)[1], mat, rtol=0, atol=0)
    assert not torch.equal(stage.predict_map(batch), end_to_end("apart").predict_map(batch))  # but the prediction


@pytest.mark.parametrize("widths", ["7", "[41,3]"])
def test_apart_needs_a_range_of_widths(widths):
    with pytest.raises(UserError, match=r"^stage\.true_trimap="):
        end_to_end("apart", f"stage.true_trimap={widths}")
