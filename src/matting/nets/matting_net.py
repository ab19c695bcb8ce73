"""AlphaNet's matting network: image and trimap to alpha (III-B)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.errors import UserError
from matting.nets.attention import Attention, attention_pool, attention_unpool
from matting.nets.backbone import MobileNetStages
from matting.nets.blocks import MapConv, crop_back, pad_to_multiple
from matting.nets.weights import init_he

STRIDE = 32


def pointwise(in_channels: int, out_channels: int) -> nn.Sequential:
    """1x1 convolution, group norm (the same for any batch, in training and evaluation), ReLU."""
    groups = math.gcd(8, out_channels)
    conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
    return nn.Sequential(conv, nn.GroupNorm(groups, out_channels), nn.ReLU(inplace=True))


def separable(in_channels: int, out_channels: int) -> nn.Sequential:
    """A depthwise 3x3 convolution before a pointwise block."""
    depthwise = nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False)
    return nn.Sequential(depthwise, *pointwise(in_channels, out_channels))


class DecoderLevel(nn.Module):
    """Un-pool, join the encoder's feature of that size, two separable convolutions.

    forward(x (B, in, H/2, W/2), skip (B, out, H, W), decoder map (B, 1, H, W) or None for bilinear up-sampling)
    -> (B, out, H, W). The skip is normalised first: the encoder's features are linear, at several times the
    decoder's scale.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        lateral = out_channels // 2
        self.lateral = pointwise(out_channels, lateral)
        self.merge = nn.Sequential(
            separable(in_channels + lateral, out_channels), separable(out_channels, out_channels)
        )

    def forward(self, x: Tensor, skip: Tensor, decoder_map: Tensor | None) -> Tensor:
        if decoder_map is None:
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        else:
            x = attention_unpool(x, decoder_map)
        return self.merge(torch.cat([x, self.lateral(skip)], 1))


class MattingNet(nn.Module):
    """MobileNetV2 encoder and a light decoder, with attention at all five pools and un-pools.

    forward(image (B, 3, H, W) in [0, 1], trimap (B, 1, H, W) in {0, 0.5, 1} or between) -> raw alpha (B, 1, H, W)
    float32 in [0, 1], any H and W: padded by reflection to a multiple of 32 (of 64 at least) and cropped back.

    attention: `attention`, or `none` for the ablation with max-pooling and bilinear up-sampling.
    norm: of the encoder's maps, `sigmoid_softmax` or `softmax` (see `Attention`).
    weights: of the encoder. `imagenet`, torchvision's, from the hub's cache or the network; `none`, random by He's
    rule as everything else; or a file (.safetensors, else a state dict that loads with weights_only) with torchvision's
    mobilenet_v2 keys, with or without the classifier, any float dtype.
    convention: the image as the encoder's weights want it, `imagenet` (mean and deviation) or `half` (-1 .. 1).
    freeze_norm: the encoder's batch norms stay in evaluation mode and are not trained, as in the paper; needed with
    weights whose norms are folded into the convolutions.
    width: of the encoder's channels (MobileNetV2's width_mult), other than 1 with random weights only; the decoder has
    the encoder's channels.
    UserError for another choice, and for weights that cannot be had or do not fit.
    """

    def __init__(
        self,
        attention: str = "attention",
        norm: str = "sigmoid_softmax",
        weights: str = "none",
        convention: str = "imagenet",
        freeze_norm: bool = True,
        width: float = 1.0,
    ) -> None:
        super().__init__()
        if attention not in ("attention", "none"):
            raise UserError(f"attention: expected attention or none, got {attention!r}")
        self.encoder = MobileNetStages(weights, convention, freeze_norm, width)
        *skips, bottom = self.encoder.channels
        guided = skips if attention == "attention" else []
        self.attentions = nn.ModuleList(Attention(channels, norm) for channels in guided)
        self.decoder = nn.ModuleList(
            DecoderLevel(below, channels) for channels, below in zip(skips, [*skips[1:], bottom], strict=True)
        )
        self.head = MapConv(skips[0], 3)
        init_he(self.decoder)
        init_he(self.head)

    @property
    def blocks(self) -> list[nn.Module]:
        return [*self.encoder.stages, *self.attentions, *self.decoder, self.head]

    def forward(self, image: Tensor, trimap: Tensor) -> Tensor:
        padded, crop = pad_to_multiple(torch.cat([image, trimap], 1), STRIDE, 2 * STRIDE)
        x = self.encoder.inputs(padded[:, :3], padded[:, 3:])
        x = x.contiguous(memory_format=torch.channels_last)  # a quarter less time, forward and backward, on a CPU
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
        for level in reversed(self.decoder):
            x = level(x, *skips.pop())
        return crop_back(torch.sigmoid(self.head(x)), crop)


def fuse(raw: Tensor, trimap: Tensor) -> Tensor:
    """Alpha from raw alpha and trimap (III, figure 2): 1 in the foreground, 0 in the background, raw in the unknown.

    raw, trimap: (B, 1, H, W) in [0, 1]; returns the same. A trimap t between the three values mixes them linearly, by
    max(0, 1 - 2t) background, 1 - |2t - 1| unknown and max(0, 2t - 1) foreground, so that the hard rule is the limit
    and the gradient reaches a soft trimap. At t = 0.5 that gradient is 1, the mean of both sides' (2 raw below,
    2 - 2 raw above).
    """
    side = 2 * trimap - 1
    return (side + side.abs()) / 2 + (1 - side.abs()) * raw
