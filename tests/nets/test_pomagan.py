"""Tests of POMAGAN's generators."""

import pytest
import torch
from torch import nn

from matting.errors import UserError
from matting.nets.blocks import ResidualBlock
from matting.nets.pomagan import AlphaGenerator, Decoder, Encoder, SegmentationGenerator


def millions(network: nn.Module) -> float:
    return sum(parameter.numel() for parameter in network.parameters()) / 1e6


def test_defaults_are_the_decided_ones() -> None:
    with torch.device("meta"):
        segmentation, alpha, concat = SegmentationGenerator(), AlphaGenerator(), AlphaGenerator(encoder="concat")
    assert [round(millions(network), 1) for network in (segmentation, alpha, concat)] == [195.0, 186.1, 184.0]
    for network in (segmentation, alpha):
        assert sum(isinstance(module, ResidualBlock) for module in network.modules()) == 9
        assert any(isinstance(module, nn.InstanceNorm2d) for module in network.modules())
    stem, *downs = (level[0] for level in segmentation.encoder.levels)
    assert stem.kernel_size == (7, 7)
    assert [down.in_channels for down in downs] == [64, 128, 256, 512]
    assert downs[-1].out_channels == 1024
    assert [branch[0].dilation[0] for branch in segmentation.trunk[-1].branches] == [1, 6, 12, 18]
    assert [encoder.levels[0][0].out_channels for encoder in alpha.encoders] == [64, 16]


@pytest.mark.parametrize(("build", "inputs"), [(SegmentationGenerator, 1), (AlphaGenerator, 2)])
def test_initialisation_and_input_range_are_the_gan_habit(build: type[nn.Module], inputs: int) -> None:
    network = build(8, 2, 1)
    seen: list[torch.Tensor] = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and module.weight.numel() > 1000:
            assert 0.018 < module.weight.std() < 0.022
        if isinstance(module, Encoder):
            module.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    image = torch.tensor([0.0, 1.0]).repeat(8).expand(1, 3, 16, 16)
    network(*(image, image[:, :1])[:inputs])
    assert [x.aminmax() for x in seen] == [(-1, 1)] * inputs


def test_encoder_halves_and_doubles() -> None:
    maps = Encoder(3, 4, 3, "instance")(torch.rand(1, 3, 32, 16))
    assert [tuple(map.shape[1:]) for map in maps] == [(4, 32, 16), (8, 16, 8), (16, 8, 4), (32, 4, 2)]


def test_decoder_uses_every_skip() -> None:
    torch.manual_seed(0)
    skips = [tuple(torch.rand(1, c << i, 16 >> i, 16 >> i, requires_grad=True) for c in (4, 2)) for i in range(3)]
    Decoder(4, 6, 3, "instance", "deconv")(torch.rand(1, 32, 2, 2), skips)[..., 8, 8].sum().backward()
    assert all(skip.grad is not None and skip.grad.any() for pair in skips for skip in pair)


def test_encoders_do_not_see_the_other_input() -> None:
    network = AlphaGenerator(4, 2, 1)
    image, coarse = torch.rand(1, 3, 16, 16, requires_grad=True), torch.rand(1, 1, 16, 16, requires_grad=True)
    seen = []
    for encoder in network.encoders:
        encoder.register_forward_hook(lambda _, args, output: seen.append((args[0].shape[1], output[-1].sum())))
    network(image, coarse)
    (image_channels, image_sum), (coarse_channels, coarse_sum) = seen
    assert (image_channels, coarse_channels) == (3, 1)
    assert torch.autograd.grad(image_sum, coarse, allow_unused=True, retain_graph=True)[0].abs().max() == 0
    assert torch.autograd.grad(coarse_sum, image, allow_unused=True)[0].abs().max() == 0


@pytest.mark.parametrize("up", ["deconv", "resize"])
def test_output_is_aligned_with_the_input(up: str) -> None:
    """A few steps teach it to copy the coarse map, at a size that needs padding, so a wrong crop would show."""
    torch.manual_seed(0)
    network = AlphaGenerator(8, 1, 1, up=up)
    optimizer = torch.optim.Adam(network.parameters(), 2e-2)
    generator = torch.Generator().manual_seed(0)
    for _ in range(40):
        coarse = (torch.rand(2, 1, 13, 19, generator=generator) > 0.5).float()
        loss = (network(coarse.expand(-1, 3, -1, -1), coarse) - coarse).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1


def test_alpha_keeps_float32_levels_under_autocast() -> None:
    torch.manual_seed(0)
    network = SegmentationGenerator(4, 1, 1, (1,))
    nn.init.constant_(network.decoder.head.bias, 6.0)
    with torch.autocast("cpu", torch.bfloat16):
        map = network(torch.rand(1, 3, 32, 32))
    assert ((map > 0.9965) & (map < 0.9995)).any()


@pytest.mark.parametrize("encoder", ["two", "concat"])
@pytest.mark.parametrize("seg_norm", ["as_norm", "none_first", "wide_group"])
def test_maps_of_nobody_and_of_somebody_everywhere_give_different_alphas(seg_norm: str, encoder: str) -> None:
    torch.manual_seed(0)
    network = AlphaGenerator(16, 3, 1, encoder=encoder, seg_norm=seg_norm).eval()
    image = torch.rand(1, 3, 48, 40)
    with torch.no_grad():
        nobody, everywhere = (network(image, torch.full((1, 1, 48, 40), level)) for level in (0.0, 1.0))
    difference = (nobody - everywhere).abs().mean()
    # With `norm` behind the first convolution, the level is gone but for rounding.
    assert difference < 1e-5 if seg_norm == "as_norm" else difference > 1e-4


def test_the_norm_of_the_map_leaves_the_rest_of_the_network_alone() -> None:
    def norms(seg_norm: str) -> list[list[str]]:
        network = AlphaGenerator(16, 2, 1, seg_norm=seg_norm)
        levels = [level for encoder in network.encoders for level in encoder.levels]
        return [[type(part).__name__ for part in level if "Norm" in type(part).__name__] for level in levels]

    instance, wide = ["InstanceNorm"], ["GroupNorm"]
    assert norms("as_norm") == [instance] * 6
    assert norms("none_first") == [*[instance] * 3, [], *[instance] * 2]
    assert norms("wide_group") == [*[instance] * 3, *[wide] * 3]


def test_unknown_norm_of_the_map() -> None:
    with pytest.raises(UserError, match=r"seg_norm: .*as_norm.*wide_group.*batch"):
        AlphaGenerator(4, 1, 1, seg_norm="batch")


def test_unknown_encoder() -> None:
    with pytest.raises(UserError, match=r"encoder: .*two.*concat.*three"):
        AlphaGenerator(4, 1, 1, encoder="three")
