"""Attention maps that guide pooling and un-pooling (AlphaNet III-B, figure 3)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.errors import UserError
from matting.nets.norms import GroupNorm
from matting.nets.weights import init_he

NORMS = ("sigmoid_softmax", "softmax")
UNPOOLS = ("nearest", "bilinear")


def branch(channels: int) -> nn.Sequential:
    """Return a branch of the attention module: (B, C, H, W) -> one map of logits (B, 1, H/2, W/2).

    A 4x4 convolution in two groups C -> 2C, group norm, ReLU, and pointwise convolutions 2C -> C -> 1.
    """
    wide = 2 * channels
    return nn.Sequential(
        nn.Conv2d(channels, wide, 4, stride=2, padding=1, groups=2, bias=False),
        GroupNorm(math.gcd(32, wide), wide),
        nn.ReLU(inplace=True),
        nn.Conv2d(wide, channels, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels, 1, 1),
    )


class Attention(nn.Module):
    """Two maps from an encoder's feature: the encoder map weights its pooling, the decoder map the un-pooling.

    forward(feature (B, C, H, W), H and W even and not both 2) -> encoder map and decoder map, (B, 1, H, W) float32.
    Branch k of four makes position k (row by row) of every 2x2 region. The decoder map is the sigmoid of the branches.
    The encoder map sums to 1 over each region. Its `norm` is the paper's `sigmoid_softmax`, which bounds each weight to
    1 / (1 + 3e) = 0.109 .. e / (e + 3) = 0.475, or `softmax` alone.
    Raises ValueError for an odd C (the convolutions have two groups) and UserError for another norm.
    """

    def __init__(self, channels: int, norm: str = "sigmoid_softmax") -> None:
        super().__init__()
        if norm not in NORMS:
            raise UserError(f"norm: expected {' or '.join(NORMS)}, got {norm!r}")
        if channels % 2:
            raise ValueError(f"channels: the two groups of the convolutions need an even number, got {channels}")
        self.bounded = norm == "sigmoid_softmax"
        self.branches = nn.ModuleList(branch(channels) for _ in range(4))
        init_he(self)

    def forward(self, feature: Tensor) -> tuple[Tensor, Tensor]:
        # One branch after the other: fused into one grouped convolution they measured slower.
        logits = torch.cat([branch(feature) for branch in self.branches], 1).float()
        gates = torch.sigmoid(logits)
        weights = torch.softmax(gates if self.bounded else logits, 1)
        # (B, 4, H/2, W/2) -> (B, 1, H, W): the four values of a pixel become a 2x2 region.
        return F.pixel_shuffle(weights, 2), F.pixel_shuffle(gates, 2)


def attention_pool(feature: Tensor, encoder_map: Tensor) -> Tensor:
    """Return the sum over each 2x2 region of feature (B, C, H, W) times map (B, 1, H, W): (B, C, H/2, W/2)."""
    return F.avg_pool2d(feature * encoder_map.to(feature.dtype), 2, divisor_override=1)


def attention_unpool(feature: Tensor, decoder_map: Tensor, mode: str = "nearest") -> Tensor:
    """Return the feature (B, C, H/2, W/2), up-sampled, times map (B, 1, H, W): (B, C, H, W). mode: one of UNPOOLS."""
    align = None if mode == "nearest" else False
    return F.interpolate(feature, scale_factor=2.0, mode=mode, align_corners=align) * decoder_map.to(feature.dtype)
