"""Tests of AlphaNet as one network."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.nets.alphanet import AlphaNet
from matting.nets.matting_net import MattingNet, fuse
from matting.nets.person import PersonSegmentation
from matting.ops.resample import resample


class Brightness(nn.Module):
    """A segmentation network: logits that are positive where the image is bright."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(8.0))
        self.sizes: list[tuple[int, int]] = []

    def forward(self, image: Tensor) -> Tensor:
        self.sizes.append(tuple(image.shape[-2:]))
        return (image.mean(1, keepdim=True) - 0.5) * self.gain


class Bands(nn.Module):
    """A trimap layer: a hard trimap from probabilities."""

    def forward(self, mask: Tensor) -> Tensor:
        return (mask > 0.3).float() / 2 + (mask > 0.7).float() / 2


class Soft(nn.Module):
    def forward(self, mask: Tensor) -> Tensor:
        return mask


class Mean(nn.Module):
    """A matting network: a raw alpha that depends on both inputs."""

    def forward(self, image: Tensor, trimap: Tensor) -> Tensor:
        return (image[:, :1] + trimap) / 2


def test_the_three_are_chained() -> None:
    segmentation = Brightness()
    image = torch.rand(2, 3, 12, 20)
    maps = AlphaNet(segmentation, Mean(), Bands())(image)
    mask = torch.sigmoid(segmentation(image))
    trimap = Bands()(mask)
    raw = (image[:, :1] + trimap) / 2
    expected = {"mask": mask, "trimap": trimap, "raw": raw, "alpha": fuse(raw, trimap)}
    assert maps.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(maps[name], value), name
    assert set(trimap.unique().tolist()) == {0, 0.5, 1}


@pytest.mark.parametrize(
    ("size", "inner"), [((60, 90), (27, 40)), ((90, 60), (40, 27)), ((40, 39), (40, 39)), ((1, 400), (1, 40))], ids=str
)
def test_a_long_side_is_capped_and_the_results_scaled_back(size: tuple[int, int], inner: tuple[int, int]) -> None:
    segmentation = Brightness()
    image = F.interpolate(torch.rand(1, 3, 6, 9), size, mode="bilinear")
    maps = AlphaNet(segmentation, Mean(), Bands(), max_side=40)(image)
    assert segmentation.sizes == [inner]
    small = AlphaNet(segmentation, Mean(), Bands())(resample(image, *inner))
    for name, value in maps.items():
        assert value.shape == (1, 1, *size)
        assert value.dtype == torch.float32
        assert 0 <= value.min() <= value.max() <= 1
        if name != "trimap":
            torch.testing.assert_close(value, resample(small[name], *size))
    assert set(maps["trimap"].unique().tolist()) <= {0, 0.5, 1}
    torch.testing.assert_close(maps["trimap"], F.interpolate(small["trimap"], size, mode="nearest-exact"))


def test_the_papers_cap_is_the_default() -> None:
    segmentation = Brightness()
    AlphaNet(segmentation, Mean(), Bands())(torch.rand(1, 3, 20, 1600))
    assert segmentation.sizes == [(19, 1500)]


def test_gradient_reaches_the_segmentation_through_a_soft_trimap_alone() -> None:
    image = torch.rand(1, 3, 50, 20)
    for layer, reached in ((Soft(), True), (Bands(), False)):
        segmentation = Brightness()
        alpha = AlphaNet(segmentation, MattingNet(width=0.25), layer, max_side=40)(image)["alpha"]
        alpha.mean().backward()
        assert (segmentation.gain.grad is not None and bool(segmentation.gain.grad)) == reached


def test_the_real_networks_fit() -> None:
    network = AlphaNet(PersonSegmentation(size=64), MattingNet(width=0.25), Bands(), max_side=64).eval()
    maps = network(torch.rand(1, 3, 80, 50))
    assert {tuple(value.shape) for value in maps.values()} == {(1, 1, 80, 50)}
    again = AlphaNet(PersonSegmentation(size=64), MattingNet(width=0.25), Bands(), max_side=64).eval()
    again.load_state_dict(network.state_dict())
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(network(image)["alpha"], again(image)["alpha"])
