"""Tests of the multi-scale discriminator."""

import torch
from torch import nn
from torch.nn import functional as F

from matting.nets.blocks import pad_to_multiple, signed
from matting.nets.discriminator import MultiScaleDiscriminator, PatchDiscriminator


def test_each_logit_sees_70_by_70() -> None:
    torch.manual_seed(0)
    # Batch norm in evaluation does not couple pixels, instance norm would.
    patch = PatchDiscriminator(4, 4, 3, "batch").eval()
    x = torch.rand(1, 4, 128, 144, requires_grad=True)
    logits = patch(x)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    seen = x.grad.abs().sum((0, 1))
    for axis in (0, 1):
        touched = seen.sum(axis).nonzero().flatten()
        assert (touched.max() - touched.min() + 1).item() == 70 == len(touched)


def test_channels_double_up_to_eight_times() -> None:
    convs = [module for module in PatchDiscriminator(4, 8, 5, "instance") if isinstance(module, nn.Conv2d)]
    assert [conv.out_channels for conv in convs] == [8, 16, 32, 64, 64, 64, 1]
    assert [conv.stride[0] for conv in convs] == [2, 2, 2, 2, 2, 1, 1]


def test_defaults_are_the_decided_ones() -> None:
    network = MultiScaleDiscriminator(4)
    assert len(network.scales) == 3
    convs = [module for module in network.scales[0] if isinstance(module, nn.Conv2d)]
    assert [conv.out_channels for conv in convs] == [64, 128, 256, 512, 1]
    slopes = {module.negative_slope for module in network.modules() if isinstance(module, nn.LeakyReLU)}
    assert slopes == {0.2}
    assert sum(isinstance(module, nn.InstanceNorm2d) for module in network.scales[0]) == 3


def test_initialisation_is_the_gan_habit() -> None:
    for module in MultiScaleDiscriminator(4, 8).modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 1000:
            assert 0.018 < module.weight.std() < 0.022


def test_scales_have_weights_of_their_own() -> None:
    first, second, third = (scale[0].weight for scale in MultiScaleDiscriminator(4, 4).scales)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)


def test_each_scale_sees_a_pyramid_level() -> None:
    network = MultiScaleDiscriminator(4, 4)
    seen: list[torch.Tensor] = []
    for scale in network.scales:
        scale.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    image, target = torch.rand(1, 3, 128, 96), torch.rand(1, 1, 128, 96)
    network(image, target)
    level = signed(torch.cat([image, target], 1))
    torch.testing.assert_close(seen[0], level)
    for got in seen[1:]:
        level = F.avg_pool2d(level, 3, 2, 1, count_include_pad=False)
        torch.testing.assert_close(got, level)
    assert [tuple(x.shape[-2:]) for x in seen] == [(128, 96), (64, 48), (32, 24)]


def test_a_small_level_is_padded_not_dropped() -> None:
    network = MultiScaleDiscriminator(4, 4)
    seen: list[torch.Tensor] = []
    network.scales[2].register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    image, target = torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64)
    logits = network(image, target)
    assert len(logits) == 3
    level = signed(torch.cat([image, target], 1))
    for _ in range(2):
        level = F.avg_pool2d(level, 3, 2, 1, count_include_pad=False)
    torch.testing.assert_close(seen[0], pad_to_multiple(level, 24)[0])
    assert logits[2].shape == (1, 1, 1, 1)


def test_logits_are_not_squashed() -> None:
    torch.manual_seed(0)
    logits = MultiScaleDiscriminator(4, 16)(torch.rand(2, 3, 64, 64), torch.rand(2, 1, 64, 64))
    assert min(logit.min() for logit in logits) < 0 < max(logit.max() for logit in logits)
