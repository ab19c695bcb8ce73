"""Tests that every network must pass. Add a line to CASES for a new one."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from matting.nets.discriminator import MultiScaleDiscriminator
from matting.nets.pomagan import AlphaGenerator, SegmentationGenerator
from matting.nets.vgg import VGGFeatures

Size = tuple[int, int]
SIZES = [(64, 64), (33, 47), (96, 64), (5, 7)]


@dataclass(frozen=True)
class Case:
    """A network. channels: of each input. shapes(height, width): of the outputs, (C, H, W) each."""

    build: Callable[[], nn.Module]
    channels: tuple[int, ...]
    shapes: Callable[[int, int], list[tuple[int, ...]]]
    unit: bool = True
    trained: bool = True
    smallest: int = 1


def same_size(height: int, width: int) -> list[tuple[int, ...]]:
    return [(1, height, width)]


def patches(height: int, width: int) -> list[tuple[int, ...]]:
    shapes = []
    for scale in range(3):
        sides = (max(-(-side // 2**scale), 24) for side in (height, width))
        shapes.append((1, *(side // 8 - 2 for side in sides)))
    return shapes


def halves(height: int, width: int) -> list[tuple[int, ...]]:
    return [(c, height >> i, width >> i) for i, c in enumerate((64, 128, 256, 512, 512))]


segmentation = partial(SegmentationGenerator, width=4, depth=4, blocks=2, aspp_rates=(1, 6, 12, 18))
alpha = partial(AlphaGenerator, width=4, depth=4, blocks=2)
discriminator = partial(MultiScaleDiscriminator, 6, width=4)
CASES = {
    "segmentation": Case(segmentation, (3,), same_size),
    "segmentation-resize-group": Case(partial(segmentation, norm="group", up="resize"), (3,), same_size),
    "segmentation-batch": Case(partial(segmentation, norm="batch"), (3,), same_size),
    "segmentation-shallow": Case(partial(segmentation, depth=2, blocks=1, aspp_rates=(1, 2)), (3,), same_size),
    "alpha-two": Case(alpha, (3, 1), same_size),
    "alpha-seg-width": Case(partial(alpha, seg_width=3, up="resize"), (3, 1), same_size),
    "alpha-none-first": Case(partial(alpha, seg_norm="none_first"), (3, 1), same_size),
    "alpha-wide-group": Case(partial(alpha, seg_norm="wide_group"), (3, 1), same_size),
    "alpha-concat": Case(partial(alpha, encoder="concat"), (3, 1), same_size),
    "discriminator": Case(discriminator, (3, 3), patches, unit=False),
    "discriminator-group": Case(partial(discriminator, norm="group"), (3, 3), patches, unit=False),
    "vgg19": Case(VGGFeatures, (3,), halves, unit=False, trained=False, smallest=16),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def network(case: Case) -> nn.Module:
    torch.manual_seed(0)
    return case.build()


def inputs(case: Case, size: Size, batch: int = 2) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.rand(batch, channels, *size, generator=generator) for channels in case.channels]


def outputs(network: nn.Module, tensors: list[Tensor]) -> list[Tensor]:
    result = network(*tensors)
    return [result] if isinstance(result, Tensor) else result


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_shapes_and_range_alike_in_training_and_evaluation(case: Case, network: nn.Module, size: Size) -> None:
    if min(size) < case.smallest:
        pytest.skip("below this network's smallest side")
    expected = [(1, *shape) for shape in case.shapes(*size)]
    for mode in (True, False):
        network.train(mode)
        with torch.no_grad():
            maps = outputs(network, inputs(case, size, batch=1))
        assert [tuple(map.shape) for map in maps] == expected
        assert all(map.dtype == torch.float32 and map.isfinite().all() for map in maps)
        assert not case.unit or all(map.min() >= 0 and map.max() <= 1 for map in maps)


def test_gradients_reach_every_parameter_and_input(case: Case, network: nn.Module) -> None:
    # In float64 a gradient that is zero by construction (a bias before a norm) is told from a small one.
    network.double()
    tensors = [tensor.double().requires_grad_() for tensor in inputs(case, (40, 48))]
    maps = outputs(network, tensors)
    sum((map * torch.rand_like(map)).sum() for map in maps).backward()
    named = dict(network.named_parameters()) if case.trained else {}
    named |= {f"input {i}": tensor for i, tensor in enumerate(tensors)}
    silent = [name for name, value in named.items() if value.grad is None or not value.grad.abs().max() > 1e-9]
    assert silent == []


def test_every_output_depends_on_every_input(case: Case, network: nn.Module) -> None:
    network.eval()
    tensors = inputs(case, (40, 48), batch=1)
    with torch.no_grad():
        before = outputs(network, tensors)
        for i in range(len(tensors)):
            changed = [1 - tensor if i == j else tensor for j, tensor in enumerate(tensors)]
            assert all((a - b).abs().max() > 1e-5 for a, b in zip(before, outputs(network, changed), strict=True))


def test_samples_of_a_batch_do_not_mix(case: Case, network: nn.Module) -> None:
    network.eval()
    tensors = inputs(case, (40, 48))
    with torch.no_grad():
        together = outputs(network, tensors)
        alone = outputs(network, [tensor[1:] for tensor in tensors])
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a[1:], b, rtol=1e-3, atol=1e-4)


def test_initialisation_is_a_function_of_the_seed(case: Case, network: nn.Module) -> None:
    torch.manual_seed(0)
    again = case.build().state_dict()
    torch.manual_seed(1)
    other = case.build().state_dict()
    state = network.state_dict()
    assert all(torch.equal(state[key], again[key]) for key in state)
    assert any(not torch.equal(state[key], other[key]) for key in state) == case.trained


def test_backward_under_bf16_autocast(case: Case, network: nn.Module) -> None:
    tensors = [tensor.requires_grad_() for tensor in inputs(case, (40, 48))]
    exact = outputs(copy.deepcopy(network), tensors)
    with torch.autocast("cpu", torch.bfloat16):
        maps = outputs(network, tensors)
    assert all(map.dtype == (torch.float32 if case.trained else torch.bfloat16) for map in maps)
    for a, b in zip(maps, exact, strict=True):
        assert (a.float() - b).abs().mean() < 0.05 * b.abs().mean()
    sum(map.float().mean() for map in maps).backward()
    gradients = [value.grad for value in [*tensors, *network.parameters()] if value.requires_grad]
    assert gradients
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)


def test_channels_last_gives_the_same(case: Case, network: nn.Module) -> None:
    network.eval()
    tensors = inputs(case, (40, 48))
    with torch.no_grad():
        before = outputs(network, tensors)
        network.to(memory_format=torch.channels_last)
        after = outputs(network, [tensor.to(memory_format=torch.channels_last) for tensor in tensors])
    for a, b in zip(before, after, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)
