"""FBA: image and trimap to alpha, foreground and background (Forte and Pitie, "F, B, Alpha Matting", 2020)."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.nets.backbone import CONVENTIONS
from matting.nets.norms import GroupNorm
from matting.nets.weights import init_he, load_trunk

POOLS = (1, 2, 3, 6)  # sides of the pyramid pooling's grids

# Patterns of the authors' keys -> our keys.
PUBLISHED = (
    (r"^decoder\.ppm\.(\d)\.1\.", r"decoder.pyramid.\1.0."),
    (r"^decoder\.ppm\.(\d)\.2\.", r"decoder.pyramid.\1.1."),
    (r"^decoder\.conv_up1\.", "decoder.at_8th."),
    (r"^decoder\.conv_up2\.", "decoder.at_4th."),
    (r"^decoder\.conv_up3\.", "decoder.at_half."),
    (r"^decoder\.conv_up4\.", "decoder.head."),
)


class StandardizedConv2d(nn.Conv2d):
    """A convolution whose weights have mean 0 and variance 1 for each output channel when they are used.

    The variance is the biased one, with 1e-5 added (Qiao et al., "Weight standardization", 2019).
    """

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight.float()
        variance, mean = torch.var_mean(weight, (1, 2, 3), correction=0, keepdim=True)
        weight = ((weight - mean) / torch.sqrt(variance + 1e-5)).to(self.weight.dtype)
        return self._conv_forward(x, weight, self.bias)


def standardize(module: nn.Module) -> None:
    """Make every convolution inside a module a `StandardizedConv2d` with the same parameters."""
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d):
            sizes = cast(tuple[int, int], child.kernel_size), cast(tuple[int, int], child.stride)
            padding, dilation = cast(tuple[int, int], child.padding), cast(tuple[int, int], child.dilation)
            other = StandardizedConv2d(
                child.in_channels, child.out_channels, *sizes, padding, dilation, bias=child.bias is not None
            )
            other.weight, other.bias = child.weight, child.bias
            setattr(module, name, other)
        else:
            standardize(child)


def norm(channels: int) -> nn.GroupNorm:
    return GroupNorm(min(32, channels // 2), channels)


def block(in_channels: int, out_channels: int, kernel: int) -> list[nn.Module]:
    conv = StandardizedConv2d(in_channels, out_channels, kernel, padding=kernel // 2)
    return [conv, norm(out_channels), nn.LeakyReLU()]


class Decoder(nn.Module):
    """Pyramid pooling and three up-samplings, to seven channels at the size of the image.

    forward(features: the encoder's at 1/2, 1/4 and 1/8; details (B, 8, H, W)) -> (B, 7, H, W).
    """

    def __init__(self, channels: tuple[int, int, int], width: int) -> None:
        super().__init__()
        half, quarter, last = channels
        self.pyramid = nn.ModuleList(nn.Sequential(*block(last, width, 1)) for _ in POOLS)
        self.at_8th = nn.Sequential(*block(last + len(POOLS) * width, width, 3), *block(width, width, 3))
        self.at_4th = nn.Sequential(*block(width + quarter, width, 3))
        self.at_half = nn.Sequential(*block(width + half, width // 4, 3))
        self.head = nn.Sequential(
            nn.Conv2d(width // 4 + 8, width // 8, 3, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(width // 8, width // 16, 3, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(width // 16, 7, 1),
        )
        init_he(self)

    def forward(self, features: list[Tensor], details: Tensor) -> Tensor:
        half, quarter, last = features
        size = last.shape[-2:]
        pools = [F.adaptive_avg_pool2d(last, side) for side in POOLS]
        levels = [resized(level(pool), size) for level, pool in zip(self.pyramid, pools, strict=True)]
        x = self.at_8th(torch.cat([last, *levels], 1))
        x = self.at_4th(torch.cat([resized(x, quarter.shape[-2:]), quarter], 1))
        x = self.at_half(torch.cat([resized(x, half.shape[-2:]), half], 1))
        return self.head(torch.cat([resized(x, details.shape[-2:]), details], 1))


def resized(x: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(x, tuple(size), mode="bilinear", align_corners=False)


class FBA(nn.Module):
    """FBA's network: a dilated ResNet-50 with group norms and standardized weights, a decoder and the fusion.

    forward(image (B, 3, H, W) in [0, 1], known (B, 2, H, W), 1 where the trimap is background and foreground,
    distances (B, 6, H, W) of `distance_maps`), H and W multiples of 8 -> `alpha` (B, 1, H, W), `foreground` and
    `background` (B, 3, H, W), float32 in [0, 1].

    arch: torchvision's name of the ResNet. weights: of it, as for `load_trunk`. The channels of trimap and distances
    begin at zero behind loaded weights. width: channels of the decoder, 256 in the published network.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, arch: str = "resnet50", weights: str = "none", width: int = 256) -> None:
        super().__init__()
        from torchvision.models import get_model

        mean, std = CONVENTIONS["imagenet"]
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)
        encoder = get_model(arch, weights=None, norm_layer=norm, replace_stride_with_dilation=[False, True, True])
        del encoder.fc
        init_he(encoder)
        if weights != "none":
            load_trunk(encoder, arch, weights)
        stem = nn.Conv2d(11, 64, 7, 2, 3, bias=False)
        with torch.no_grad():
            stem.weight[:, 3:] *= weights == "none"
            stem.weight[:, :3] = encoder.conv1.weight
        encoder.conv1 = stem
        standardize(encoder)
        self.encoder = encoder
        channels = (64, *(last_width(stage) for stage in (encoder.layer1, encoder.layer4)))
        self.decoder = Decoder(cast(tuple[int, int, int], channels), width)

    def forward(self, image: Tensor, known: Tensor, distances: Tensor) -> dict[str, Tensor]:
        encoder, normal = self.encoder, (image - self.mean) / self.std
        half = encoder.relu(encoder.bn1(encoder.conv1(torch.cat([normal, distances, known], 1))))
        quarter = encoder.layer1(encoder.maxpool(half))
        last = encoder.layer4(encoder.layer3(encoder.layer2(quarter)))
        raw = self.decoder([half, quarter, last], torch.cat([normal, image, known], 1)).float()
        alpha, foreground, background = raw.split((1, 3, 3), 1)
        found = fused(image.float(), alpha.clamp(0, 1), foreground.sigmoid(), background.sigmoid())
        return dict(zip(("alpha", "foreground", "background"), found, strict=True))


def last_width(stage: nn.Module) -> int:
    """Return the number of channels that a ResNet's stage ends with."""
    return [layer for layer in stage.modules() if isinstance(layer, nn.Conv2d)][-1].out_channels


def fused(image: Tensor, a: Tensor, f: Tensor, b: Tensor, weight: float = 0.1) -> tuple[Tensor, Tensor, Tensor]:
    """Return alpha, foreground and background after one step towards image = a f + (1 - a) b (section 3.3).

    The background is corrected with the new foreground, alpha with both. All are in [0, 1].
    """
    f = a * image + (1 - a**2) * f - a * (1 - a) * b
    b = (1 - a) * image + (2 * a - a**2) * b - a * (1 - a) * f
    f, b = f.clamp(0, 1), b.clamp(0, 1)
    along = ((image - b) * (f - b)).sum(1, keepdim=True)
    length = ((f - b) ** 2).sum(1, keepdim=True)
    return ((weight * a + along) / (length + weight)).clamp(0, 1), f, b
