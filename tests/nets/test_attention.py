"""Tests of the attention maps, and of pooling and un-pooling by them."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.errors import UserError
from matting.nets.attention import Attention, attention_pool, attention_unpool


def regions(map: Tensor) -> Tensor:
    """Return the four positions of each 2x2 region: (B, 1, H, W) -> (B, 4, H/2, W/2)."""
    return F.pixel_unshuffle(map, 2)


def extreme(norm: str) -> Attention:
    """Return logits far from zero in both directions."""
    torch.manual_seed(0)
    module = Attention(8, norm)
    for branch in module.branches:
        branch[-1].weight.data.mul_(1000)
    return module


def test_branches_are_the_papers() -> None:
    branches = Attention(48).branches
    assert len(branches) == 4
    for conv, norm, relu, narrow, relu2, last in branches:
        assert (conv.kernel_size, conv.stride, conv.padding, conv.groups) == ((4, 4), (2, 2), (1, 1), 2)
        assert (conv.in_channels, conv.out_channels) == (48, 96)
        assert (norm.num_groups, norm.num_channels) == (32, 96)
        assert isinstance(relu, nn.ReLU)
        assert isinstance(relu2, nn.ReLU)
        assert (narrow.kernel_size, narrow.in_channels, narrow.out_channels) == ((1, 1), 96, 48)
        assert (last.kernel_size, last.in_channels, last.out_channels) == ((1, 1), 48, 1)
    assert Attention(12).branches[0][1].num_groups == 8


def test_weights_are_not_shared() -> None:
    weights = [branch[0].weight for branch in Attention(8).branches]
    assert all(not torch.equal(a, b) for i, a in enumerate(weights) for b in weights[:i])


def test_maps_have_one_channel_at_the_features_size() -> None:
    maps = Attention(8)(torch.randn(2, 8, 6, 10))
    assert [tuple(map.shape) for map in maps] == [(2, 1, 6, 10)] * 2


@pytest.mark.parametrize("norm", ["sigmoid_softmax", "softmax"])
def test_encoder_map_sums_to_one_over_each_region(norm: str) -> None:
    encoder_map, _ = extreme(norm)(torch.randn(2, 8, 12, 16))
    torch.testing.assert_close(regions(encoder_map).sum(1), torch.ones(2, 6, 8))


def test_sigmoid_bounds_the_encoder_map() -> None:
    encoder_map, decoder_map = extreme("sigmoid_softmax")(torch.randn(4, 8, 32, 32))
    assert encoder_map.min().item() == pytest.approx(1 / (1 + 3 * math.e), abs=1e-4)
    assert encoder_map.max().item() == pytest.approx(math.e / (math.e + 3), abs=1e-4)
    torch.testing.assert_close(regions(encoder_map), torch.softmax(regions(decoder_map), 1))


def test_softmax_alone_is_not_bounded() -> None:
    encoder_map, decoder_map = extreme("softmax")(torch.randn(4, 8, 32, 32))
    assert encoder_map.min() < 0.01
    assert encoder_map.max() > 0.99
    odds = torch.softmax(torch.logit(regions(decoder_map.double())), 1)
    inside = (regions(decoder_map) > 1e-4).all(1) & (regions(decoder_map) < 1 - 1e-4).all(1)
    mask = inside.unsqueeze(1).expand_as(odds)
    torch.testing.assert_close(regions(encoder_map).double()[mask], odds[mask], rtol=0, atol=1e-2)


def test_branch_k_governs_position_k_of_each_region() -> None:
    torch.manual_seed(0)
    module = Attention(8)
    feature = torch.randn(1, 8, 8, 12)
    before = module(feature)[1]
    for k, branch in enumerate(module.branches):
        with torch.no_grad():
            branch[-1].bias.add_(1)
            changed = module(feature)[1] != before
            branch[-1].bias.sub_(1)
        expected = torch.zeros(8, 12, dtype=torch.bool)
        expected[k // 2 :: 2, k % 2 :: 2] = True
        assert torch.equal(changed[0, 0], expected)


@pytest.mark.parametrize("which", [0, 1])
def test_gradient_reaches_every_parameter_and_the_feature(which: int) -> None:
    torch.manual_seed(0)
    module = Attention(8)
    feature = torch.randn(1, 8, 8, 8, requires_grad=True)
    (module(feature)[which] * torch.rand(1, 1, 8, 8)).sum().backward()
    assert feature.grad.any()
    assert all(parameter.grad.any() for parameter in module.parameters())


def test_pooling_by_a_constant_map_is_the_mean() -> None:
    feature = torch.randn(2, 5, 6, 8)
    pooled = attention_pool(feature, torch.full((2, 1, 6, 8), 0.25))
    torch.testing.assert_close(pooled, F.avg_pool2d(feature, 2))


def test_pooling_sums_feature_times_map() -> None:
    feature = torch.tensor([[1.0, 2, 5, 6], [3, 4, 7, 8]]).view(1, 1, 2, 4)
    map = torch.tensor([[0.1, 0.2, 0, 0], [0.3, 0.4, 0, 1]]).view(1, 1, 2, 4)
    torch.testing.assert_close(attention_pool(feature, map), torch.tensor([3.0, 8.0]).view(1, 1, 1, 2))


def test_unpooling_repeats_and_multiplies() -> None:
    feature = torch.tensor([2.0, 10.0]).view(1, 2, 1, 1)
    map = torch.tensor([[0.5, 1.0], [0.0, 0.1]]).view(1, 1, 2, 2)
    expected = torch.tensor([[[1.0, 2], [0, 0.2]], [[5, 10], [0, 1]]]).unsqueeze(0)
    torch.testing.assert_close(attention_unpool(feature, map), expected)


def test_maps_stay_float32_and_features_keep_their_type_under_autocast() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        encoder_map, decoder_map = Attention(8)(torch.randn(1, 8, 8, 8))
    assert encoder_map.dtype == decoder_map.dtype == torch.float32
    feature = torch.randn(1, 8, 8, 8, dtype=torch.bfloat16)
    assert attention_pool(feature, encoder_map).dtype == torch.bfloat16
    assert attention_unpool(feature[..., :4, :4], decoder_map).dtype == torch.bfloat16


def test_refusals() -> None:
    with pytest.raises(ValueError, match="7"):
        Attention(7)
    with pytest.raises(UserError, match=r"norm: .*sigmoid_softmax.*softmax.*sigmoid"):
        Attention(8, "sigmoid")
