"""Tests of blocks that are recomputed in the backward pass: less memory, the same results."""

import copy

import pytest
import torch
from torch import nn

from matting.errors import UserError
from matting.nets.pomagan import AlphaGenerator
from matting.nets.recompute import recompute
from tests.helpers.networks import run


def test_the_same_values_gradients_and_statistics(network: nn.Module, inputs: list[torch.Tensor]) -> None:
    again = copy.deepcopy(network)
    recompute(again)
    for _ in range(2):
        for one, other in zip(run(network, inputs)[0], run(again, inputs)[0], strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_less_is_kept_for_the_backward_pass(network: nn.Module, inputs: list[torch.Tensor]) -> None:
    weights = sum(parameter.nbytes for parameter in network.parameters())
    _, before = run(network, inputs)
    recompute(network)
    _, after = run(network, inputs)
    assert after - weights < 0.6 * (before - weights)


def test_evaluation_is_left_alone(network: nn.Module, inputs: list[torch.Tensor]) -> None:
    again = copy.deepcopy(network).eval()
    recompute(again)
    with torch.no_grad():
        one, other = network.eval()(*inputs), again(*inputs)
    for a, b in zip(
        [one] if isinstance(one, torch.Tensor) else one,
        [other] if isinstance(other, torch.Tensor) else other,
        strict=True,
    ):
        assert torch.equal(a, b)
    assert list(network.state_dict()) == list(again.state_dict())


def test_under_autocast_the_second_pass_is_in_bf16_too() -> None:
    torch.manual_seed(0)
    network, image, coarse = AlphaGenerator(4, 2, 2), torch.rand(2, 3, 32, 32), torch.rand(2, 1, 32, 32)
    again = copy.deepcopy(network)
    recompute(again)
    with torch.autocast("cpu", torch.bfloat16):
        losses = [each(image, coarse).mean() for each in (network, again)]
    for loss in losses:
        loss.backward()
    for one, other in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)


def test_a_network_without_blocks_is_a_user_error() -> None:
    with pytest.raises(UserError, match=r"runtime\.recompute=true: .*Conv2d"):
        recompute(nn.Conv2d(1, 1, 1))
