"""Tests of the VGG features of the perceptual loss."""

from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from matting.errors import UserError
from matting.nets.vgg import VGGFeatures

DEPTHS = {"vgg16": (2, 2, 3, 3, 1), "vgg19": (2, 2, 4, 4, 1)}  # convolutions of each block, up to the last feature
FIRST, JOHNSON = (1, 1, 1, 1, 1), (2, 2, 3, 3, 3)


def reference(network: VGGFeatures, x: Tensor, depths: tuple[int, ...], taps: tuple[int, ...] = FIRST) -> list[Tensor]:
    """Return the features, computed without in-place operations. taps: the convolution of each block that has one."""
    convs = iter([layer for layer in network.trunk if isinstance(layer, nn.Conv2d)])
    features = []
    for stage, depth in enumerate(depths):
        x = F.max_pool2d(x, 2) if stage else x
        for i in range(depth):
            conv = next(convs)
            x = torch.relu(F.conv2d(x, conv.weight, conv.bias, padding=1))
            if i + 1 == taps[stage]:
                features.append(x)
    assert next(convs, None) is None, "the trunk computes more than it gives"
    return features


def random_state(arch: str, dtype: torch.dtype = torch.float32, prefix: str = "features.") -> dict[str, Tensor]:
    state = VGGFeatures(arch).trunk.state_dict()
    return {prefix + key: (value + 0.001).to(dtype).contiguous() for key, value in state.items()}


@pytest.mark.parametrize("arch", DEPTHS)
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("taps", ["first", "johnson"])
def test_features_are_those_of_the_taps(arch: str, grad: bool, taps: str) -> None:
    numbers, depths = (FIRST, DEPTHS[arch]) if taps == "first" else (JOHNSON, (*DEPTHS[arch][:4], 3))
    network = VGGFeatures(arch, taps=taps).double()  # the order of float32 sums differs by layout
    x = torch.rand(1, 3, 32, 48, dtype=torch.float64).requires_grad_(grad)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = reference(network, (x - mean.view(3, 1, 1)) / std.view(3, 1, 1), depths, numbers)
    for a, b in zip(network(x), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)


def test_bgr_mean_convention() -> None:
    network = VGGFeatures("vgg16", convention="bgr_mean")
    x = torch.rand(1, 3, 32, 32)
    bgr = torch.stack([x[:, 2] * 255 - 104.007, x[:, 1] * 255 - 116.669, x[:, 0] * 255 - 122.679], 1)
    for a, b in zip(network(x), reference(network, bgr, DEPTHS["vgg16"]), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)


def test_frozen_and_always_in_evaluation() -> None:
    network = VGGFeatures()
    nn.Sequential(network).train()
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not any(feature.requires_grad for feature in network(torch.rand(1, 3, 16, 16)))


def test_random_weights_keep_the_scale_and_the_global_generator() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    network = VGGFeatures()
    assert torch.equal(before, torch.get_rng_state())
    scales = [feature.square().mean().sqrt().item() for feature in network(torch.rand(1, 3, 64, 64))]
    assert all(0.5 < scale < 5 for scale in scales), scales


@pytest.mark.parametrize("prefix", ["features.", ""])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_from_a_file(tmp_path: Path, prefix: str, suffix: str) -> None:
    state = random_state("vgg16", torch.float16, prefix)
    file = tmp_path / f"trunk{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(state, file)
    trunk = VGGFeatures("vgg16", str(file)).trunk
    for key, value in trunk.state_dict().items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, state[prefix + key].float(), rtol=0, atol=0)


def test_deeper_layers_and_the_classifier_may_be_in_the_file(tmp_path: Path) -> None:
    state = random_state("vgg16") | {"features.26.weight": torch.zeros(1), "classifier.0.bias": torch.zeros(1)}
    torch.save(state, tmp_path / "full.pth")
    trunk = VGGFeatures("vgg16", str(tmp_path / "full.pth")).trunk
    assert all(torch.equal(value, state[f"features.{key}"]) for key, value in trunk.state_dict().items())


def without_one(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if key != "features.7.bias"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_one, r"features\.7\.bias"),
        (lambda state: state | {"features.3.weight": torch.zeros(1)}, r"3\.weight"),
        (lambda state: state | {"features.2.weight": torch.zeros(1)}, r"features\.2\.weight.*\(1,\)"),
        (lambda state: {"state_dict": state}, "state dict"),
    ],
    ids=["missing", "extra", "shape", "nested"],
)
def test_a_file_that_does_not_fit(tmp_path: Path, change, message: str) -> None:
    file = tmp_path / "odd.pth"
    torch.save(change(random_state("vgg16")), file)
    with pytest.raises(UserError, match=message) as error:
        VGGFeatures("vgg16", str(file))
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["broken.pth", "broken.safetensors", "empty.pth"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"" if name.startswith("empty") else b"no weights at all")
    with pytest.raises(UserError, match=name) as error:
        VGGFeatures("vgg16", str(tmp_path / name))
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"imagenet, none.*nowhere\.pth"):
        VGGFeatures(weights=str(tmp_path / "nowhere.pth"))


def test_imagenet_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args, **kwargs):
        raise URLError("no route")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "urlopen", refuse)
    with pytest.raises(UserError, match=r"vgg19 .*no route.*weights: none") as error:
        VGGFeatures(weights="imagenet")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"arch": "vgg11"}, "arch: .*vgg11"), ({"convention": "rgb"}, "convention: .*rgb")],
)
def test_unknown_choice(options: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        VGGFeatures(**options)


def test_a_narrow_trunk_has_fewer_channels_and_random_weights_only():
    features = VGGFeatures(width=0.25)(torch.rand(1, 3, 32, 32))
    assert [f.shape[1] for f in features] == [16, 32, 64, 128, 128]
    assert all(0.1 < f.pow(2).mean().sqrt() < 10 for f in features)
    with pytest.raises(UserError, match=r"width: 0\.25.*weights: none"):
        VGGFeatures(weights="imagenet", width=0.25)
