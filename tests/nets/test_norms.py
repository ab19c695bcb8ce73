"""Norms, and the networks that have them, held against float64 at sizes of photographs."""

import copy
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from matting import nets
from matting.nets.blocks import make_norm
from matting.nets.matting_net import MattingNet

KINDS = ["instance", "batch", "group", "wide_group"]


def error(norm: nn.Module, x: torch.Tensor) -> float:
    return (norm(x).double() - copy.deepcopy(norm).double()(x.double().contiguous())).abs().max().item()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("kind", KINDS)
def test_a_norm_is_as_exact_at_1500_pixels_as_at_64(kind: str, layout: torch.memory_format) -> None:
    """Torch's group norm is 8e-3 off in channels_last."""
    x = torch.randn(1, 8, 1504, 1504, generator=torch.Generator().manual_seed(0)) + 1
    norm = make_norm(kind, 8)
    with torch.no_grad():
        assert error(norm, x.contiguous(memory_format=layout)) < 5e-6


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_norm_is_exact_on_a_strip_of_the_area_of_4k(kind: str) -> None:
    x = torch.randn(1, 4, 64, 129600, generator=torch.Generator().manual_seed(0)) + 1
    with torch.no_grad():
        assert error(make_norm(kind, 4), x.contiguous(memory_format=torch.channels_last)) < 5e-6


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_nchw(kind: str) -> None:
    norm, x = make_norm(kind, 8), torch.randn(2, 8, 9, 7)
    upstream = torch.randn(2, 8, 9, 7)
    found = []
    for layout in (torch.contiguous_format, torch.channels_last):
        given = x.clone(memory_format=layout).requires_grad_()
        found.append(torch.autograd.grad(norm(given), [given, *norm.parameters()], upstream))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("file", sorted(Path(nets.__file__).parent.glob("*.py")), ids=lambda file: file.stem)
def test_no_network_builds_a_norm_of_torch(file: Path) -> None:
    if file.stem != "norms":
        assert not re.search(r"nn\.(GroupNorm|InstanceNorm2d|BatchNorm2d)\(", file.read_text())


@pytest.mark.slow
def test_the_matting_network_is_that_of_float64_at_1504_pixels() -> None:
    """With torch's group norm the alpha is 2e-4 to 2e-3 off."""
    torch.manual_seed(0)
    size = 1504, 1000
    network = MattingNet().eval()
    image, trimap = torch.rand(1, 3, *size), torch.randint(0, 3, (1, 1, *size)) / 2
    with torch.no_grad():
        alpha = network(image, trimap)
        exact = network.double()(image.double(), trimap.double())
    assert (alpha - exact).abs().max() < 1e-4
