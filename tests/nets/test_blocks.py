"""Tests of the building blocks: padding, norms, residual and up-sampling blocks, initialisation."""

import pytest
import torch
from torch import nn

from matting.errors import UserError
from matting.nets.blocks import (
    ASPP,
    MapConv,
    ResidualBlock,
    conv_block,
    crop_back,
    init_gan,
    make_norm,
    pad_to_multiple,
    signed,
    up_block,
)


@pytest.mark.parametrize("size", [(33, 47), (5, 7), (1, 1), (48, 48), (16, 3)], ids=str)
def test_padding_grows_to_the_multiple_and_crops_back(size: tuple[int, int]) -> None:
    x = torch.rand(2, 3, *size)
    padded, crop = pad_to_multiple(x, 16, 32)
    expected = [max(32, -(-side // 16) * 16) for side in size]
    assert list(padded.shape[-2:]) == expected
    assert torch.equal(crop_back(padded, crop), x)


def test_minimum_is_rounded_up_to_the_multiple() -> None:
    assert pad_to_multiple(torch.rand(1, 1, 5, 5), 8, 20)[0].shape[-2:] == (24, 24)


def test_padding_reflects_without_repeating_the_edge() -> None:
    padded, _ = pad_to_multiple(torch.arange(5.0).expand(1, 1, 5, 5), 8)
    assert padded[0, 0, 4].tolist() == [1, 0, 1, 2, 3, 4, 3, 2]


def test_padding_replicates_where_reflection_is_impossible() -> None:
    padded, _ = pad_to_multiple(torch.arange(2.0).expand(1, 1, 2, 2), 8)
    assert padded[0, 0, 4].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("axis", [2, 3])
def test_reflection_stops_one_short_of_the_side(axis: int) -> None:
    narrow = torch.rand(1, 1, 12, 12).narrow(axis, 0, 4)
    padded, _ = pad_to_multiple(narrow, 12)
    assert torch.equal(padded.narrow(axis, 0, 5), narrow.narrow(axis, 0, 1).expand_as(padded.narrow(axis, 0, 5)))


def test_padding_leaves_a_fitting_tensor_alone() -> None:
    x = torch.rand(1, 3, 32, 48)
    assert pad_to_multiple(x, 16)[0] is x


def test_signed_range() -> None:
    assert signed(torch.tensor([0.0, 0.5, 1.0])).tolist() == [-1, 0, 1]


@pytest.mark.parametrize("kind", ["instance", "group"])
def test_norm_is_per_sample_and_affine(kind: str) -> None:
    x = torch.rand(2, 8, 6, 5) * torch.tensor([1.0, 100.0]).view(2, 1, 1, 1) + 7
    norm = make_norm(kind, 8)
    assert [parameter.numel() for parameter in norm.parameters()] == [8, 8]
    for sample in norm(x):
        assert sample.mean().abs() < 1e-4
        assert (sample.std() - 1).abs() < 0.02
    assert torch.equal(norm.train()(x), norm.eval()(x))


@pytest.mark.parametrize(("channels", "groups"), [(4, 1), (6, 1), (8, 2), (64, 16), (256, 32)])
def test_a_wide_group_has_at_least_four_channels(channels: int, groups: int) -> None:
    norm = make_norm("wide_group", channels)
    assert norm.num_groups == groups
    level = torch.arange(float(channels)).view(1, channels, 1, 1).expand(1, channels, 5, 5)
    assert norm(level).std() > 0.9  # what instance norm makes 0


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_instance_norm_is_that_of_torch(dtype: torch.dtype, layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    norm = make_norm("instance", 12)
    for parameter in norm.parameters():
        nn.init.uniform_(parameter, 0.5, 2)
    other = nn.InstanceNorm2d(12, affine=True)
    other.load_state_dict(norm.state_dict())
    x = (torch.randn(3, 12, 40, 27) * 3 + 5).to(dtype).contiguous(memory_format=layout).requires_grad_()
    upstream = torch.randn(3, 12, 40, 27).to(dtype)
    found, expected = (
        [out, *torch.autograd.grad(out, [x, *module.parameters()], upstream)]
        for module, out in ((module, module(x)) for module in (norm, other))
    )
    tolerance = 2e-6 if dtype == torch.float32 else 2e-2
    for one, two in zip(found, expected, strict=True):
        assert one.dtype == two.dtype
        assert (one - two).norm() < tolerance * two.norm()


def test_group_norm_takes_any_channel_count() -> None:
    assert [make_norm("group", channels).num_groups for channels in (5, 48, 64)] == [1, 16, 32]


def test_batch_norm_is_over_the_batch() -> None:
    assert isinstance(make_norm("batch", 4), nn.BatchNorm2d)


@pytest.mark.parametrize("stride", [1, 2])
def test_conv_block_side(stride: int) -> None:
    assert conv_block(3, 4, 7, "instance", stride)(torch.rand(1, 3, 9, 12)).shape[-2:] == (
        -(-9 // stride),
        12 // stride,
    )


def test_residual_block_adds_to_its_input() -> None:
    block = ResidualBlock(4, "instance")
    x = torch.randn(2, 4, 5, 6)
    assert torch.equal(block(x), torch.relu(x + block.body(x)))
    nn.init.zeros_(block.body[-1].weight)
    assert torch.equal(block(x), torch.relu(x))


def test_aspp_is_moved_by_the_image_mean_alone() -> None:
    aspp = ASPP(8, (1, 2), "instance")
    for name, parameter in aspp.named_parameters():
        nn.init.constant_(parameter, 0.0 if name.startswith("branches") else 0.1)
    dark, bright = (aspp(torch.full((1, 8, 4, 4), value)) for value in (1.0, 9.0))
    assert (bright - dark).abs().max() > 0.1


def test_aspp_branches_see_their_rate() -> None:
    torch.manual_seed(0)
    aspp = ASPP(8, (1, 3), "batch").eval()
    for branch, rate in zip(aspp.branches, (1, 3), strict=True):
        x = torch.rand(1, 8, 15, 15, requires_grad=True)
        branch[0](x)[0, :, 7, 7].sum().backward()
        rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten().tolist()
        assert rows == [7 - rate, 7, 7 + rate]


@pytest.mark.parametrize("up", ["deconv", "resize"])
def test_up_block_doubles(up: str) -> None:
    assert up_block(4, 6, "instance", up)(torch.rand(2, 4, 3, 5)).shape == (2, 6, 6, 10)


def test_init_gan() -> None:
    torch.manual_seed(0)
    block = nn.Sequential(nn.Conv2d(32, 32, 5), nn.ConvTranspose2d(32, 32, 5), make_norm("instance", 32))
    init_gan(block)
    for conv in block[:2]:
        assert abs(conv.weight.std().item() - 0.02) < 0.001
        assert abs(conv.weight.mean().item()) < 0.001
        assert not conv.bias.any()
    assert (block[2].weight == 1).all()
    assert not block[2].bias.any()


@pytest.mark.parametrize(
    ("call", "name"),
    [(lambda: make_norm("layer", 4), "layer"), (lambda: up_block(4, 4, "instance", "bicubic"), "bicubic")],
)
def test_unknown_choice(call, name: str) -> None:
    with pytest.raises(UserError, match=name):
        call()


@pytest.mark.parametrize("kernel", [1, 3, 7])
def test_map_convolution_is_a_reflecting_convolution(kernel: int) -> None:
    ours = MapConv(5, kernel).double()
    plain = nn.Conv2d(5, 1, kernel, padding=kernel // 2, padding_mode="reflect").double()
    plain.load_state_dict(ours.state_dict())
    x = torch.rand(2, 5, 9, 12, dtype=torch.float64)
    torch.testing.assert_close(ours(x).double(), plain(x), rtol=0, atol=1e-6)


def test_map_convolution_adds_in_float32() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert MapConv(4, 7)(torch.rand(1, 4, 8, 8)).dtype == torch.float32
