"""LFM: one image to alpha by a late fusion of foreground and background (Zhang et al., CVPR 2019, section 3)."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.nets.late_fusion_keys import PUBLISHED as PUBLISHED
from matting.nets.norms import BatchNorm
from matting.nets.weights import init_he, load_trunk

MEAN = (127.156207, 115.917443, 106.031127)  # of the authors' images, in 0..255
FEATURES = 128  # least number of channels of a decoder's levels, and of the features that are fused


def symmetric(x: Tensor, margin: int) -> Tensor:
    """Pad by mirroring with the edge pixel, which no mode of `F.pad` does for more than one pixel."""
    for axis in (2, 3):
        first, last = x.narrow(axis, 0, margin), x.narrow(axis, x.shape[axis] - margin, margin)
        x = torch.cat([first.flip(axis), x, last.flip(axis)], axis)
    return x


class Encoder(nn.Module):
    """DenseNet-201, whose first convolutions see a mirrored margin.

    forward(x (B, 3, H, W)) -> features at 1/2, 1/4, 1/8, 1/16, before their transitions, and at 1/32.
    blocks, growth: layers of its blocks and channels that each adds. padding: `symmetric`, as trained, or `zero`.
    """

    def __init__(self, blocks: tuple[int, ...], growth: int, padding: str, weights: str) -> None:
        super().__init__()
        from torchvision.models import DenseNet

        layers = DenseNet(growth, blocks, 2 * growth).features  # type: ignore[arg-type]
        if weights != "none":
            load_trunk(layers, "densenet201", weights)
        self.padding = padding
        for layer in layers.modules():
            if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3) and padding == "symmetric":
                layer.padding_mode = "replicate"  # the same as symmetric for one pixel
            if isinstance(layer, nn.BatchNorm2d):
                layer.eps = 1.001e-5  # Keras'
        if padding == "symmetric":
            layers.conv0.padding = (0, 0)
        self.layers = layers
        self.channels = [layers.conv0.out_channels]
        for i in range(1, 5):
            norm = layers.norm5 if i == 4 else getattr(layers, f"transition{i}").norm
            self.channels.append(norm.num_features)

    def forward(self, x: Tensor) -> list[Tensor]:
        layers = self.layers
        if self.padding == "symmetric":
            x = symmetric(x, 3)
        x = F.relu(layers.norm0(layers.conv0(x)))
        features, x = [x], layers.pool0(x)
        for i in (1, 2, 3):
            x = getattr(layers, f"denseblock{i}")(x)
            features.append(x)
            x = getattr(layers, f"transition{i}")(x)
        return [*features, layers.norm5(layers.denseblock4(x))]


class Level(nn.Module):
    """Up-sample, concatenate the encoder's feature, reduce. forward(x, skip or None) -> (B, width, 2h, 2w)."""

    def __init__(self, in_channels: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, width, 1, bias=False)
        self.norm = BatchNorm(width, eps=1.001e-5)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        x = doubled(x)
        return F.relu(self.norm(self.conv(x if skip is None else torch.cat([x, skip], 1))))


class Side(nn.Module):
    """A side output. forward(x, feature of the level below) -> feature (B, 128, h, w) and logits (B, 1, h, w)."""

    def __init__(self, channels: int, padding: str) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, FEATURES, 1) if channels != FEATURES else nn.Identity()
        mode: Literal["replicate", "zeros"] = "replicate" if padding == "symmetric" else "zeros"
        self.merge = nn.Conv2d(FEATURES, FEATURES, 3, padding=1, padding_mode=mode)
        self.head = nn.Conv2d(FEATURES, 1, 1)

    def forward(self, x: Tensor, below: Tensor) -> tuple[Tensor, Tensor]:
        feature = self.merge(self.reduce(x) + below)
        return feature, self.head(feature)


class Decoder(nn.Module):
    """The probability of foreground, or of background, at four sizes.

    forward(features of the encoder) -> the feature at full size (B, 128, H, W) and logits at 1, 1/2, 1/4 and 1/8.
    """

    def __init__(self, channels: list[int], padding: str) -> None:
        super().__init__()
        *skips, below = channels
        widths = [max(width, FEATURES) for width in reversed(skips)] + [FEATURES]
        inputs = [a + b for a, b in zip([below, *widths], [*reversed(skips), 0], strict=False)]
        # Numbered by the powers of two by which they are smaller than the image.
        levels = zip((4, 3, 2, 1, 0), inputs, widths, strict=True)
        self.levels = nn.ModuleDict({str(i): Level(before, width) for i, before, width in levels})
        self.top = nn.Conv2d(widths[0], FEATURES, 1)
        sides = zip((3, 2, 1, 0), widths[1:], strict=True)
        self.sides = nn.ModuleDict({str(i): Side(width, padding) for i, width in sides})

    def forward(self, features: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        *skips, x = features
        x = self.levels["4"](x, skips.pop())
        below = doubled(F.relu(self.top(x)))
        outputs: list[Tensor] = []
        for i in ("3", "2", "1", "0"):
            x = self.levels[i](x, skips.pop() if skips else None)
            feature, logits = self.sides[i](x, below)
            below = doubled(feature)
            outputs.insert(0, logits)
        return feature, outputs


def doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Fusion(nn.Module):
    """The share of the foreground in alpha. forward(image, foreground's and background's feature) -> logits."""

    def __init__(self, widths: tuple[int, ...] = (256, 128, 128, 64, 256)) -> None:
        super().__init__()
        self.image = nn.Sequential(nn.Conv2d(3, FEATURES, 3, padding=1), BatchNorm(FEATURES, eps=1e-3))
        layers: list[nn.Module] = []
        for before, width in zip((3 * FEATURES, *widths), widths, strict=False):
            layers += [nn.Conv2d(before, width, 3, padding=1), BatchNorm(width, eps=1e-3), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Conv2d(widths[-1], 1, 1)

    def forward(self, image: Tensor, foreground: Tensor, background: Tensor) -> Tensor:
        return self.head(self.layers(torch.cat([foreground, background, self.image(image)], 1)))


class LateFusion(nn.Module):
    """A DenseNet, two decoders for foreground and background, and the fusion of their probabilities.

    forward(image (B, 3, H, W) in [0, 1], H and W multiples of 32) -> `alpha`, `foreground`, `background` and `beta`,
    the foreground's share, each (B, 1, H, W) in [0, 1], and `sides`: for foreground and background the probabilities
    at 1/2, 1/4 and 1/8, all float32.

    weights: of the encoder, as for `load_trunk` with densenet201. blocks, growth: as for `Encoder`.
    padding: `symmetric`, or `zero`, as the port to CoreML has it.
    """

    mean: Tensor

    def __init__(
        self,
        weights: str = "none",
        blocks: tuple[int, ...] = (6, 12, 48, 32),
        growth: int = 32,
        padding: str = "symmetric",
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.encoder = Encoder(tuple(blocks), growth, padding, weights)
        self.foreground = Decoder(self.encoder.channels, padding)
        self.background = Decoder(self.encoder.channels, padding)
        self.fusion = Fusion()
        for part in (self.foreground, self.background, self.fusion, *([self.encoder] if weights == "none" else [])):
            init_he(part)

    def forward(self, image: Tensor) -> dict[str, Tensor | dict[str, list[Tensor]]]:
        x = image * 255 - self.mean
        features = self.encoder(x)
        of_foreground, foreground = self.foreground(features)
        of_background, background = self.background(features)
        beta = self.fusion(x, of_foreground, of_background).float().sigmoid()
        probabilities = {
            name: [logits.float().sigmoid() for logits in outputs]
            for name, outputs in (("foreground", foreground), ("background", background))
        }
        full = {name: outputs[0] for name, outputs in probabilities.items()}
        alpha = beta * full["foreground"] + (1 - beta) * (1 - full["background"])
        sides = {name: outputs[1:] for name, outputs in probabilities.items()}
        return {"alpha": alpha, **full, "beta": beta, "sides": sides}
