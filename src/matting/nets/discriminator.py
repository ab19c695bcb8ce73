"""The multi-scale conditional discriminator of both GAN stages (POMAGAN 3.1, with the 70x70 patches of pix2pix)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.nets.blocks import init_gan, make_norm, pad_to_multiple, signed

SLOPE = 0.2


class PatchDiscriminator(nn.Sequential):
    """A discriminator of patches: one logit for each, 70x70 pixels with 3 layers.

    (B, in_channels, H, W), sides at least 3 * 2**layers -> logits (B, 1, about H / 2**layers, about W / 2**layers).
    4x4 convolutions: `layers` of stride 2, one of stride 1 and the output. Channels double up to 8 * width. The first
    convolution has no norm.
    """

    def __init__(self, in_channels: int, width: int, layers: int, norm: str) -> None:
        modules: list[nn.Module] = [nn.Conv2d(in_channels, width, 4, 2, 1), nn.LeakyReLU(SLOPE, inplace=True)]
        channels = width
        for i in range(1, layers + 1):
            wider = width * min(2**i, 8)
            stride = 2 if i < layers else 1
            modules += [
                nn.Conv2d(channels, wider, 4, stride, 1, bias=False),
                make_norm(norm, wider),
                nn.LeakyReLU(SLOPE, inplace=True),
            ]
            channels = wider
        super().__init__(*modules, nn.Conv2d(channels, 1, 4, 1, 1))


class MultiScaleDiscriminator(nn.Module):
    """Patch discriminators with the same layers, one for each scale of the image: 1, 1/2, 1/4, ...

    forward(image (B, 3, H, W), target (B, C, H, W), both in [0, 1]) -> float32 logits (B, 1, h, w), finest first.
    in_channels: 3 + C. A level with a side below 3 * 2**layers (24 pixels with 3 layers) is padded to it, so that no
    scale drops out for a small image.
    """

    def __init__(
        self, in_channels: int, width: int = 64, layers: int = 3, scales: int = 3, norm: str = "instance"
    ) -> None:
        super().__init__()
        self.minimum = 3 * 2**layers
        self.scales = nn.ModuleList(PatchDiscriminator(in_channels, width, layers, norm) for _ in range(scales))
        init_gan(self)

    @property
    def blocks(self) -> list[nn.Module]:
        """The modules that `recompute` runs again in the backward pass."""
        return list(self.scales)

    def forward(self, image: Tensor, target: Tensor) -> list[Tensor]:
        level = signed(torch.cat([image, target], 1))
        logits = []
        for i, discriminator in enumerate(self.scales):
            if i:
                level = F.avg_pool2d(level, 3, 2, 1, count_include_pad=False)
            padded, _ = pad_to_multiple(level, 1, self.minimum)
            logits.append(discriminator(padded).float())
        return logits
