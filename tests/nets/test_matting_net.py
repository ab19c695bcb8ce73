"""Tests of AlphaNet's matting network and its backbone."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck
from torch.nn import functional as F
from torchvision.models import MobileNetV2

from matting.errors import UserError
from matting.nets.attention import attention_pool, attention_unpool
from matting.nets.matting_net import DecoderLevel, MattingNet, fuse

NARROW = {"width": 0.25}


def trained() -> MobileNetV2:
    """Return torchvision's network with statistics and weights like those of a trained one."""
    torch.manual_seed(0)
    network = MobileNetV2().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
    return network


def folded(state: dict[str, Tensor]) -> dict[str, Tensor]:
    values = {"running_mean": torch.zeros_like, "running_var": torch.ones_like}
    return {key: values.get(key.split(".")[-1], torch.clone)(value) for key, value in state.items()}


def saved(state: dict[str, Tensor], folder: Path, name: str = "backbone.pth") -> str:
    torch.save(state, folder / name)
    return str(folder / name)


def inputs(height: int = 64, width: int = 96, batch: int = 1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(batch, 3, height, width, generator=generator)
    return image, torch.randint(0, 3, (batch, 1, height, width), generator=generator) / 2


@pytest.mark.parametrize("attention", ["attention", "none"])
@pytest.mark.parametrize("size", [(1, 1), (5, 40), (33, 95), (64, 96)], ids=str)
def test_any_size_gives_an_alpha_of_that_size(attention: str, size: tuple[int, int]) -> None:
    raw = MattingNet(attention, **NARROW).train()(*inputs(*size))
    assert raw.shape == (1, 1, *size)
    assert raw.dtype == torch.float32
    assert 0 <= raw.min() <= raw.max() <= 1


def test_a_single_pixel_does_for_a_narrow_network() -> None:
    """Its attention normalises groups of one channel, which need more than one pixel at every scale."""
    assert MattingNet(width=0.1)(*inputs(1, 1)).shape == (1, 1, 1, 1)


def test_odd_sizes_are_padded_around_and_cropped_back() -> None:
    network = MattingNet(**NARROW)
    image, trimap = inputs(75, 90)
    pads = (3, 3, 10, 11)
    padded = network(F.pad(image, pads, mode="reflect"), F.pad(trimap, pads, mode="reflect"))
    torch.testing.assert_close(network(image, trimap), padded[..., 10:85, 3:93])


@pytest.mark.parametrize("convention", ["imagenet", "half"])
def test_stages_are_torchvisions_with_the_strides_outside(tmp_path: Path, convention: str) -> None:
    """At every second pixel a stage equals the strided stage, for any trimap, whose weights are zero."""
    reference = trained()
    network = MattingNet(weights=saved(reference.state_dict(), tmp_path), convention=convention)
    image, trimap = inputs()
    if convention == "half":
        expected = (image * 255 - 128) / 128
    else:
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        expected = (image - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    x = network.encoder.inputs(image, trimap)
    torch.testing.assert_close(x, torch.cat([expected, trimap], 1), rtol=0, atol=1e-5)
    with torch.no_grad():
        expected = reference.features[:18](expected)
        for i, stage in enumerate(network.encoder.stages):
            x = stage(x)[..., ::2, ::2] if i < 5 else stage(x)
    torch.testing.assert_close(x, expected, rtol=1e-3, atol=1e-4)


def test_a_new_trimap_channel_has_no_say_until_it_is_trained(tmp_path: Path) -> None:
    network = MattingNet(weights=saved(trained().state_dict(), tmp_path)).eval()
    image, trimap = inputs()
    raw = network(image, trimap)
    assert torch.equal(raw, network(image, torch.zeros_like(trimap)))
    raw.mean().backward()
    assert network.encoder.stages[0][0][0].weight.grad[:, 3].any()


def test_random_weights_see_the_trimap() -> None:
    network = MattingNet(**NARROW)
    image, trimap = inputs()
    assert not torch.equal(network(image, trimap), network(image, 1 - trimap))


def test_pools_and_unpools_are_guided_by_the_feature_before_pooling() -> None:
    torch.manual_seed(0)
    network = MattingNet(**NARROW)
    given, taken = [], []
    for stage in network.encoder.stages:
        stage.register_forward_hook(lambda _, args, output: given.append((args[0], output)))
    for level in network.decoder:
        level.register_forward_pre_hook(lambda _, args: taken.append(args))
    network(*inputs())
    for i, attention in enumerate(network.attentions):
        feature = given[i][1]
        encoder_map, decoder_map = attention(feature)
        torch.testing.assert_close(given[i + 1][0], attention_pool(feature, encoder_map))
        _, skip, map = taken[4 - i]
        assert skip is feature
        torch.testing.assert_close(map, decoder_map)
    assert taken[0][0] is given[5][1]


def test_the_ablation_pools_by_the_maximum_and_has_no_maps() -> None:
    network = MattingNet("none", **NARROW)
    given, taken = [], []
    for stage in network.encoder.stages:
        stage.register_forward_hook(lambda _, args, output: given.append((args[0], output)))
    for level in network.decoder:
        level.register_forward_pre_hook(lambda _, args: taken.append(args))
    network(*inputs())
    for (_, feature), (pooled, _) in pairwise(given):
        assert torch.equal(pooled, F.max_pool2d(feature, 2))
    assert all(map is None for _, _, map in taken)
    guided = MattingNet(**NARROW).state_dict().keys()
    assert network.state_dict().keys() == {key for key in guided if not key.startswith("attentions.")}


def test_decoder_upsamples_by_the_map_or_bilinearly() -> None:
    level = DecoderLevel(6, 8)
    seen: list[Tensor] = []
    level.merge.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    x, skip, map = torch.randn(1, 6, 3, 4), torch.randn(1, 8, 6, 8), torch.rand(1, 1, 6, 8)
    assert level(x, skip, map).shape == level(x, skip, None).shape == (1, 8, 6, 8)
    assert torch.equal(seen[0][:, :6], attention_unpool(x, map))
    assert torch.equal(seen[1][:, :6], F.interpolate(x, scale_factor=2.0, mode="bilinear"))
    assert all(torch.equal(joined[:, 6:], level.lateral(skip)) for joined in seen)


def test_every_trained_parameter_gets_a_gradient() -> None:
    torch.manual_seed(0)
    network = MattingNet(freeze_norm=False, **NARROW)
    network(*inputs(batch=2)).square().mean().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_he_initialises_every_convolution() -> None:
    torch.manual_seed(0)
    for name, module in MattingNet(**NARROW).named_modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() >= 72:  # the head has so many
            fan_in = module.weight[0].numel()
            assert module.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.3), name
            assert module.bias is None or not module.bias.any(), name


@pytest.mark.parametrize("freeze_norm", [True, False])
def test_random_features_keep_their_scale(freeze_norm: bool) -> None:
    torch.manual_seed(0)
    network = MattingNet(freeze_norm=freeze_norm)
    scales: list[float] = []
    for part in (*network.encoder.stages, *network.decoder):
        part.register_forward_hook(lambda _, args, output: scales.append(output.square().mean().sqrt().item()))
    raw = network(*inputs())
    assert all(0.2 < scale < 8 for scale in scales), scales
    assert raw.std() > 0.03


def norm_values(network: MattingNet) -> list[Tensor]:
    norms = [module for module in network.encoder.modules() if isinstance(module, nn.BatchNorm2d)]
    return [value.clone() for norm in norms for value in norm.state_dict().values()]


@pytest.mark.parametrize("freeze_norm", [True, False])
def test_the_encoders_norms_are_fixed_or_ordinary(freeze_norm: bool) -> None:
    network = MattingNet(freeze_norm=freeze_norm, **NARROW)
    nn.Sequential(network).eval().train()
    before, weight = norm_values(network), network.encoder.stages[3][0].conv[1][0].weight.clone()
    optimizer = torch.optim.SGD(network.parameters(), 1.0, weight_decay=0.1)
    for _ in range(2):
        network(*inputs(batch=2)).mean().backward()
        optimizer.step()
    same = [torch.equal(a, b) for a, b in zip(before, norm_values(network), strict=True)]
    assert all(same) if freeze_norm else not any(same)
    assert not torch.equal(weight, network.encoder.stages[3][0].conv[1][0].weight)


def test_a_fixed_network_is_the_same_in_training_and_for_any_batch() -> None:
    network = MattingNet(**NARROW)
    image, trimap = inputs(batch=2)
    both = network.train()(image, trimap)
    torch.testing.assert_close(both, network.eval()(image, trimap))
    torch.testing.assert_close(both[:1], network(image[:1], trimap[:1]))


@pytest.mark.parametrize(
    ("fold", "freeze_norm", "lines"), [(True, False, 1), (True, True, 0), (False, False, 0)], ids=str
)
def test_folded_norms_that_are_to_be_trained_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fold: bool, freeze_norm: bool, lines: int
) -> None:
    state = trained().state_dict()
    file = saved(folded(state) if fold else state, tmp_path)
    MattingNet(weights=file, freeze_norm=freeze_norm)
    out = capsys.readouterr().out
    assert out.count("\n") == lines
    assert ("folded" in out and file in out) == bool(lines)


def test_random_norms_are_said_nothing_about(capsys: pytest.CaptureFixture[str]) -> None:
    MattingNet(freeze_norm=False, **NARROW)
    assert not capsys.readouterr().out


def test_a_state_dict_rebuilds_the_network_without_its_weights(tmp_path: Path) -> None:
    options = {"convention": "half", "freeze_norm": True}
    network = MattingNet(weights=saved(folded(trained().state_dict()), tmp_path), **options).eval()
    again = MattingNet(weights="none", **options).eval()
    again.load_state_dict(network.state_dict())
    assert torch.equal(network(*inputs()), again(*inputs()))


@pytest.mark.parametrize("classifier", [True, False])
def test_weights_of_half_precision_with_or_without_classifier(tmp_path: Path, classifier: bool) -> None:
    state = {key: value.half() if value.is_floating_point() else value for key, value in trained().state_dict().items()}
    state = {key: value for key, value in state.items() if classifier or not key.startswith("classifier.")}
    network = MattingNet(weights=saved(state, tmp_path))
    assert torch.equal(network.encoder.stages[5][0].conv[2].weight, state["features.15.conv.2.weight"].float())


Change = Callable[[dict[str, Tensor]], dict[str, Tensor]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: {k: v for k, v in state.items() if not k.startswith("features.16")}, r"16\.conv"),
        (
            lambda state: state | {"features.0.0.weight": torch.zeros(32, 4, 3, 3)},
            r"\(32, 4, 3, 3\).*\(32, 3",
        ),
        (lambda state: state | {"layer1.weight": torch.zeros(1)}, r"layer1\.weight"),
    ],
    ids=["missing", "shape", "extra"],
)
def test_a_file_that_does_not_fit(tmp_path: Path, change: Change, message: str) -> None:
    file = saved(change(MobileNetV2().state_dict()), tmp_path)
    with pytest.raises(UserError, match=message) as error:
        MattingNet(weights=file)
    assert file in str(error.value)
    assert "\n" not in str(error.value)


def test_imagenet_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args, **kwargs):
        raise URLError("no route")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "urlopen", refuse)
    with pytest.raises(UserError, match=r"mobilenet_v2 .*no route.*weights: none"):
        MattingNet(weights="imagenet")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attention": "all"}, "attention: .*none.*all"),
        ({"norm": "sum"}, "norm: .*sum"),
        ({"convention": "bgr"}, "convention: .*imagenet.*half.*bgr"),
        ({"weights": "imagenet", "width": 0.5}, r"width: 0\.5.*weights: none"),
        ({"weights": "nowhere.pth"}, r"nowhere\.pth"),
    ],
)
def test_refused_choices(options: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        MattingNet(**options)


def test_alpha_keeps_float32_levels_under_autocast() -> None:
    torch.manual_seed(0)
    network = MattingNet(**NARROW)
    nn.init.constant_(network.head.bias, 6.0)
    with torch.autocast("cpu", torch.bfloat16):
        raw = network(*inputs())
    assert ((raw > 0.9965) & (raw < 0.9995)).any()


def test_fuse_follows_a_hard_trimap_exactly() -> None:
    raw = torch.rand(1, 1, 3, 100)
    trimap = torch.tensor([0, 0.5, 1]).view(1, 1, 3, 1).expand_as(raw)
    fused = fuse(raw, trimap)
    assert not fused[..., 0, :].any()
    assert torch.equal(fused[..., 1, :], raw[..., 1, :])
    assert (fused[..., 2, :] == 1).all()


def test_fuse_mixes_between_and_converges_to_the_hard_rule() -> None:
    raw = torch.rand(1, 1, 8, 8)
    torch.testing.assert_close(fuse(raw, torch.full_like(raw, 0.25)), raw / 2)
    torch.testing.assert_close(fuse(raw, torch.full_like(raw, 0.75)), 0.5 + raw / 2)
    for value in (0.0, 0.5, 1.0):
        hard = torch.full_like(raw, value)
        for step in (1e-2, 1e-4):
            for soft in ((hard - step).clamp(0, 1), (hard + step).clamp(0, 1)):
                assert (fuse(raw, soft) - fuse(raw, hard)).abs().max() <= 2 * step + 1e-6


def test_fuse_passes_its_gradient_to_both() -> None:
    raw = torch.rand(1, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    trimap = (torch.rand(1, 1, 4, 4, dtype=torch.float64) * 0.4 + 0.05).requires_grad_()
    assert gradcheck(fuse, (raw, trimap))
    assert gradcheck(lambda raw, trimap: fuse(raw, trimap + 0.5), (raw, trimap))
    hard = torch.tensor([0, 0.5, 1]).view(1, 1, 3, 1).requires_grad_()
    fuse(torch.full((1, 1, 3, 1), 0.3), hard).sum().backward()
    torch.testing.assert_close(hard.grad.flatten(), torch.tensor([0.6, 1.0, 1.4]))
