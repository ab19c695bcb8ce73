"""AlphaNet's matting network: image and trimap to alpha (III-B)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.errors import UserError
from matting.nets.attention import UNPOOLS, Attention, attention_pool, attention_unpool
from matting.nets.backbone import MobileNetStages
from matting.nets.blocks import MapConv, crop_back, pad_to_multiple
from matting.nets.norms import GroupNorm
from matting.nets.weights import init_he

STRIDE = 32


def pointwise(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return a 1x1 convolution with group norm and ReLU. A group norm does not depend on the rest of the batch."""
    groups = math.gcd(8, out_channels)
    conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
    return nn.Sequential(conv, GroupNorm(groups, out_channels), nn.ReLU(inplace=True))


def separable(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return a depthwise 3x3 convolution and a `pointwise` block."""
    depthwise = nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False)
    return nn.Sequential(depthwise, *pointwise(in_channels, out_channels))


class DecoderLevel(nn.Module):
    """A level of the decoder: un-pool, concatenate the encoder's feature of that size, two separable convolutions.

    forward(x (B, in, H/2, W/2), skip (B, out, H, W), decoder map (B, 1, H, W) or None for bilinear up-sampling)
    -> (B, out, H, W). unpool: see `attention_unpool`.
    """

    def __init__(self, in_channels: int, out_channels: int, unpool: str = "nearest") -> None:
        super().__init__()
        self.unpool = unpool
        lateral = out_channels // 2
        # The encoder's features have no activation and several times the decoder's scale: normalise them first.
        self.lateral = pointwise(out_channels, lateral)
        self.merge = nn.Sequential(
            separable(in_channels + lateral, out_channels), separable(out_channels, out_channels)
        )

    def forward(self, x: Tensor, skip: Tensor, decoder_map: Tensor | None) -> Tensor:
        if decoder_map is None:
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        else:
            x = attention_unpool(x, decoder_map, self.unpool)
        return self.merge(torch.cat([x, self.lateral(skip)], 1))


class MattingNet(nn.Module):
    """A MobileNetV2 encoder and a light decoder, with attention at all five poolings and un-poolings.

    forward(image (B, 3, H, W) in [0, 1], trimap (B, 1, H, W) in [0, 1]) -> raw alpha (B, 1, H, W) float32 in [0, 1],
    any H and W: inputs are padded by reflection to a multiple of 32 (at least 64), and the result is cropped back.

    attention: `attention`, or `none` for the ablation with max-pooling and bilinear up-sampling.
    norm: of the encoder maps, `sigmoid_softmax` or `softmax` (see `Attention`).
    weights: of the encoder. `imagenet` are torchvision's, from the hub's cache or the network; `none` initialises by
    He's rule; else a file (.safetensors or a state dict) with torchvision's mobilenet_v2 keys, in any float dtype.
    convention: how the encoder's weights expect the image, `imagenet` (mean and deviation) or `half` (-1 to 1).
    freeze_norm: keep the encoder's batch norms in evaluation mode and untrained, as the paper does. Weights whose norms
    are folded into the convolutions need it.
    width: factor of the encoder's channels (MobileNetV2's width_mult); needs `weights: none` unless it is 1.
    unpool: how features are up-sampled before they are multiplied by the decoder map, `nearest` or `bilinear`.
    Raises UserError for another choice, and for weights that cannot be loaded.
    """

    def __init__(
        self,
        attention: str = "attention",
        norm: str = "sigmoid_softmax",
        weights: str = "none",
        convention: str = "imagenet",
        freeze_norm: bool = True,
        width: float = 1.0,
        unpool: str = "nearest",
    ) -> None:
        super().__init__()
        if unpool not in UNPOOLS:
            raise UserError(f"unpool: expected {' or '.join(UNPOOLS)}, got {unpool!r}")
        if attention not in ("attention", "none"):
            raise UserError(f"attention: expected attention or none, got {attention!r}")
        self.encoder = MobileNetStages(weights, convention, freeze_norm, width)
        *skips, bottom = self.encoder.channels
        guided = skips if attention == "attention" else []
        self.attentions = nn.ModuleList(Attention(channels, norm) for channels in guided)
        self.decoder = nn.ModuleList(
            DecoderLevel(below, channels, unpool) for channels, below in zip(skips, [*skips[1:], bottom], strict=True)
        )
        self.head = MapConv(skips[0], 3)
        init_he(self.decoder)
        init_he(self.head)

    @property
    def blocks(self) -> list[nn.Module]:
        """The modules that `recompute` runs again in the backward pass."""
        return [*self.encoder.stages, *self.attentions, *self.decoder, self.head]

    def forward(self, image: Tensor, trimap: Tensor) -> Tensor:
        padded, crop = pad_to_multiple(torch.cat([image, trimap], 1), STRIDE, 2 * STRIDE)
        x = self.encoder.inputs(padded[:, :3], padded[:, 3:])
        x = x.contiguous(memory_format=torch.channels_last)  # saves a quarter of the time on a CPU
        # Encoder: each stage's feature is kept for the decoder, with the map that will un-pool to its size.
        skips: list[tuple[Tensor, Tensor | None]] = []
        *stages, last = self.encoder.stages
        for i, stage in enumerate(stages):
            feature = stage(x)
            if self.attentions:
                encoder_map, decoder_map = self.attentions[i](feature)
                x = attention_pool(feature, encoder_map)
                skips.append((feature, decoder_map))
            else:
                x = F.max_pool2d(feature, 2)
                skips.append((feature, None))
        x = last(x)
        # Decoder: from the coarsest skip to the finest.
        for level in reversed(self.decoder):
            x = level(x, *skips.pop())
        return crop_back(torch.sigmoid(self.head(x)), crop)


def fuse(raw: Tensor, trimap: Tensor) -> Tensor:
    """Return alpha: 1 in the trimap's foreground, 0 in its background, raw alpha in the unknown (III, figure 2).

    raw, trimap: (B, 1, H, W) in [0, 1]; returns that shape and range. A soft trimap t mixes the three linearly, with
    the shares max(0, 1 - 2t) of background, 1 - |2t - 1| of unknown and max(0, 2t - 1) of foreground, so that a
    gradient reaches it. At t = 0.5 the gradient is 1, the mean of its one-sided values 2 raw and 2 - 2 raw.
    """
    side = 2 * trimap - 1  # -1 background, 0 unknown, 1 foreground
    return (side + side.abs()) / 2 + (1 - side.abs()) * raw
