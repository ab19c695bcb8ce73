"""Blocks computed again in the backward pass: less is kept, nothing else changes."""

import copy
from functools import partial

import pytest
import torch
from torch import nn

from matting.errors import UserError
from matting.nets.discriminator import MultiScaleDiscriminator
from matting.nets.matting_net import MattingNet
from matting.nets.person import PersonSegmentation
from matting.nets.pomagan import AlphaGenerator, SegmentationGenerator
from matting.nets.recompute import recompute
from matting.nets.vgg import VGGFeatures

# networks, and the channels of what they take
NETWORKS = {
    "segmentation": (partial(SegmentationGenerator, 4, 2, 2, (1, 2)), (3,)),
    "alpha": (partial(AlphaGenerator, 4, 2, 2), (3, 1)),
    "batch-norm": (partial(AlphaGenerator, 4, 2, 2, norm="batch"), (3, 1)),
    "discriminator": (partial(MultiScaleDiscriminator, 4, 4), (3, 1)),
    "vgg": (partial(VGGFeatures, width=0.125), (3,)),
    "matting": (partial(MattingNet, freeze_norm=False, width=0.25), (3, 1)),
    "person": (partial(PersonSegmentation, "tu-mobilenetv3_small_050", size=64), (3,)),
}


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return NETWORKS[request.param][0]()


@pytest.fixture
def inputs(network: nn.Module) -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    (channels,) = [channels for build, channels in NETWORKS.values() if build.func is type(network)][:1]
    return [torch.rand(2, n, 64, 80, generator=draw).requires_grad_() for n in channels]


def run(network: nn.Module, inputs: list[torch.Tensor]) -> tuple[list[torch.Tensor], int]:
    """Outputs, gradients of parameters and inputs and buffers after one pass; and bytes kept for the backward pass."""
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    network.zero_grad()
    torch.manual_seed(2)  # of the dropout
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        found = network(*inputs)
        outputs = [found] if isinstance(found, torch.Tensor) else found
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    gradients = torch.autograd.grad(sum(output.square().mean() for output in outputs), [*inputs, *learned])
    return [*outputs, *gradients, *(buffer.clone() for buffer in network.buffers())], sum(kept.values())


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
    with pytest.raises(UserError, match=r"runtime\.recompute=true: Conv2d has no blocks"):
        recompute(nn.Conv2d(1, 1, 1))
