"""Tests of the person segmentation network."""

import socket
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from segmentation_models_pytorch import DeepLabV3Plus, encoders
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import resnet18

from matting.errors import UserError
from matting.nets.person import PersonSegmentation, PooledNorm
from matting.ops.resample import resample


def saved(state: dict[str, Tensor], folder: Path) -> str:
    torch.save(state, folder / "weights.pth")
    return str(folder / "weights.pth")


def trained_resnet() -> nn.Module:
    torch.manual_seed(0)
    network = resnet18()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
    return network


@pytest.mark.parametrize("size", [64, None])
@pytest.mark.parametrize("shape", [(50, 70), (1, 5), (64, 96)], ids=str)
def test_logits_have_the_images_size(size: int | None, shape: tuple[int, int]) -> None:
    logits = PersonSegmentation(size=size).eval()(torch.rand(2, 3, *shape))
    assert logits.shape == (2, 1, *shape)
    assert logits.dtype == torch.float32


def test_the_image_is_normalised_and_stretched_and_logits_resized_back() -> None:
    network = PersonSegmentation(size=48).eval()
    given: list[Tensor] = []
    network.network.register_forward_hook(lambda _, args, output: given.extend((args[0], output)))
    image = torch.rand(1, 3, 100, 60)
    logits = network(image)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = (resample(image, 48, 48) - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    torch.testing.assert_close(given[0], expected)
    assert torch.equal(logits, resample(given[1], 100, 60))


def test_the_papers_size_is_the_default() -> None:
    network = PersonSegmentation().eval()
    given: list[torch.Size] = []
    network.network.register_forward_pre_hook(lambda _, args: given.append(args[0].shape))
    network(torch.rand(1, 3, 32, 48))
    assert given == [(1, 3, 496, 496)]


def test_own_size_is_padded_around_and_cropped_back() -> None:
    network = PersonSegmentation(size=None).eval()
    image = torch.rand(1, 3, 50, 61)
    padded = network(F.pad(image, (1, 2, 7, 7), mode="reflect"))
    torch.testing.assert_close(network(image), padded[..., 7:57, 1:62])


@pytest.mark.parametrize("size", [32, None])
def test_a_batch_of_one_trains(size: int | None) -> None:
    torch.manual_seed(0)
    network = PersonSegmentation(size=size).train()
    (pooled,) = (module for module in network.modules() if isinstance(module, PooledNorm))
    network(torch.rand(1, 3, 20, 20)).mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert bool(module.running_mean.any()) == (module is not pooled)
    network(torch.rand(2, 3, 20, 20))
    assert pooled.running_mean.any()


def test_the_pooled_norm_is_batch_norm_but_for_a_single_pixel() -> None:
    torch.manual_seed(0)
    ours, plain = PooledNorm(4), nn.BatchNorm2d(4)
    for x in (torch.randn(3, 4, 1, 1), torch.randn(1, 4, 2, 2)):
        assert torch.equal(ours(x), plain(x))
    single = torch.randn(1, 4, 1, 1)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        plain(single)
    assert torch.equal(ours(single), plain.eval()(single))
    assert ours.state_dict().keys() == plain.state_dict().keys()
    assert torch.equal(ours.running_mean, plain.running_mean)
    assert torch.equal(ours.running_var, plain.running_var)


@pytest.mark.parametrize("prefix", ["", "encoder."])
def test_weights_of_the_encoder_alone(tmp_path: Path, prefix: str) -> None:
    state = {prefix + key: value for key, value in trained_resnet().state_dict().items()}
    if prefix:
        state = {key: value.half() for key, value in state.items() if "fc." not in key}
    encoder = PersonSegmentation(weights=saved(state, tmp_path)).network.encoder
    for key, value in encoder.state_dict().items():
        assert torch.equal(value, state[prefix + key].to(value.dtype))


@pytest.mark.parametrize("ours", [True, False])
def test_weights_of_the_whole_network(tmp_path: Path, ours: bool) -> None:
    torch.manual_seed(0)
    source = PersonSegmentation() if ours else DeepLabV3Plus("resnet18", encoder_weights=None, classes=1)
    state = source.state_dict()
    network = PersonSegmentation(weights=saved(state, tmp_path))
    for a, b in zip(network.state_dict().values(), state.values(), strict=True):
        assert torch.equal(a, b)


def test_a_state_dict_rebuilds_the_network() -> None:
    network, again = PersonSegmentation(size=32).eval(), PersonSegmentation(size=32).eval()
    image = torch.rand(1, 3, 40, 40)
    assert not torch.equal(network(image), again(image))
    again.load_state_dict(network.state_dict())
    assert torch.equal(network(image), again(image))


def whole_for_two_classes() -> dict[str, Tensor]:
    return DeepLabV3Plus("resnet18", encoder_weights=None, classes=2).state_dict()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (lambda: {"conv1.weight": torch.zeros(64, 3, 3, 3)}, r"conv1\.weight.*encoder"),
        (whole_for_two_classes, r"segmentation_head\.0\.weight.*\(2, 256, 1, 1\)"),
        (lambda: resnet18().state_dict() | {"layer5.weight": torch.zeros(1)}, r"layer5\.weight"),
    ],
    ids=["encoder", "whole", "extra"],
)
def test_a_file_that_does_not_fit(tmp_path: Path, state, message: str) -> None:
    file = saved(state(), tmp_path)
    with pytest.raises(UserError, match=message) as error:
        PersonSegmentation(weights=file)
    assert file in str(error.value)
    assert "\n" not in str(error.value)


def test_imagenet_of_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    state = trained_resnet().state_dict()
    monkeypatch.setattr("matting.nets.person.hub_state", lambda arch: {"resnet18": state}[arch])
    encoder = PersonSegmentation(weights="imagenet").network.encoder
    assert torch.equal(encoder.bn1.running_mean, state["bn1.running_mean"])


@pytest.mark.parametrize("encoder", ["resnet18", "mobilenet_v2"])
def test_imagenet_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: str) -> None:
    def refuse(*args, **kwargs):
        raise URLError("no route\nat all")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "urlopen", refuse)
    monkeypatch.setattr(encoders, "hf_hub_download", refuse)
    with pytest.raises(UserError, match=rf"{encoder} .*no route.*weights: none") as error:
        PersonSegmentation(encoder, weights="imagenet")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("encoder", ["resnet18", "mobilenet_v2", "tu-resnet18"])
def test_random_weights_ask_no_network(monkeypatch: pytest.MonkeyPatch, encoder: str) -> None:
    def refuse(*args, **kwargs):
        raise AssertionError("asks the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    network = PersonSegmentation(encoder, size=32).eval()
    assert network(torch.rand(1, 3, 32, 32)).shape == (1, 1, 32, 32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoder": "resnet81"}, "resnet81.*resnet18"),
        ({"encoder": "tu-resnet8"}, "tu-resnet8.*tu-resnet18"),
        ({"encoder": "vgg11"}, "vgg11"),
        ({"weights": "nowhere.pth"}, r"nowhere\.pth"),
        ({"size": 500}, "size: .*16.*32.*500"),
        ({"size": 16}, "size: .*16"),
    ],
)
def test_refused_choices(options: dict, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        PersonSegmentation(**options)
    assert "\n" not in str(error.value)


def test_logits_are_float32_under_autocast() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert PersonSegmentation(size=32).eval()(torch.rand(1, 3, 32, 32)).dtype == torch.float32
