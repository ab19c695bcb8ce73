"""Tests of `trainer.compile`: each network is traced whole and computes what it computes uncompiled."""

import copy
import shutil

import pytest
import torch
from torch import nn

from matting.nets.blocks import pad_to_multiple
from matting.nets.recompute import recompute
from tests.helpers.networks import NETWORKS, run

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def forgotten():
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    yield
    torch._dynamo.reset()


CASES = [(name, False) for name in NETWORKS] + [("alpha", True), ("matting", True)]


@pytest.mark.parametrize(("network", "again"), CASES, indirect=["network"])
def test_the_same_values_gradients_and_statistics(network: nn.Module, inputs: list[torch.Tensor], again: bool) -> None:
    """again: with blocks that are recomputed in the backward pass."""
    compiled = copy.deepcopy(network)
    compiled.compile(backend="aot_eager")  # all that a compiler sees, without one
    if again:
        recompute(compiled)
    for _ in range(2):
        for one, other in zip(run(network, inputs)[0], run(compiled, inputs)[0], strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0


class Short(nn.Module):
    """A convolution behind the padding of a map too short for reflection."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 16, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(pad_to_multiple(self.first(x), 1, 24)[0])


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_a_short_map_padded_by_replication_has_its_gradient_when_compiled() -> None:
    torch.manual_seed(0)
    network, x = Short(), torch.rand(2, 3, 8, 8)
    compiled = copy.deepcopy(network)
    compiled.compile()
    for each in (network, compiled):
        each(x).square().mean().backward()
    for one, other in zip(network.parameters(), compiled.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6)
