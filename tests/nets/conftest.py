"""Fixtures of the tests of networks."""

import pytest
import torch
from torch import nn

from tests.helpers.networks import NETWORKS


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return NETWORKS[request.param][0]()


@pytest.fixture
def inputs(network: nn.Module) -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    (channels,) = [channels for build, channels in NETWORKS.values() if build.func is type(network)][:1]
    return [torch.rand(2, n, 64, 80, generator=draw).requires_grad_() for n in channels]
