"""The attention that guides pooling and un-pooling (AlphaNet III-B, figure 3)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.errors import UserError
from matting.nets.weights import init_he

NORMS = ("sigmoid_softmax", "softmax")


def branch(channels: int) -> nn.Sequential:
    """One map at half the size: 4x4 group convolution C -> 2C, group norm, ReLU, two pointwise ones 2C -> C -> 1."""
    wide = 2 * channels
    return nn.Sequential(
        nn.Conv2d(channels, wide, 4, stride=2, padding=1, groups=2, bias=False),
        nn.GroupNorm(math.gcd(32, wide), wide),
        nn.ReLU(inplace=True),
        nn.Conv2d(wide, channels, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels, 1, 1),
    )


class Attention(nn.Module):
    """Two maps from an encoder's feature before pooling, one to pool it by and one to un-pool the decoder's by.

    forward(feature (B, C, H, W), H and W even and not both 2) -> encoder map and decoder map, (B, 1, H, W) float32.
    Branch k, with weights of its own, gives position k (row by row) of every 2x2 region. The decoder map is the sigmoid
    of the four. The encoder map sums to 1 over each region: `norm: sigmoid_softmax` is the paper's sigmoid and then
    softmax, which bounds each weight to 1 / (1 + 3e) = 0.109 .. e / (e + 3) = 0.475; `softmax` leaves the sigmoid out.
    Raises ValueError for an odd C, since the convolutions have two groups, and UserError for another norm.

    The branches run one after the other: as one grouped convolution they are the same function and measured slower.
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
        logits = torch.cat([branch(feature) for branch in self.branches], 1).float()
        gates = torch.sigmoid(logits)
        weights = torch.softmax(gates if self.bounded else logits, 1)
        return F.pixel_shuffle(weights, 2), F.pixel_shuffle(gates, 2)


def attention_pool(feature: Tensor, encoder_map: Tensor) -> Tensor:
    """The sum over each 2x2 region of feature times map: (B, C, H, W) and (B, 1, H, W) -> (B, C, H/2, W/2)."""
    return F.avg_pool2d(feature * encoder_map.to(feature.dtype), 2, divisor_override=1)


def attention_unpool(feature: Tensor, decoder_map: Tensor) -> Tensor:
    """Nearest up-sampling times map: (B, C, H/2, W/2) and (B, 1, H, W) -> (B, C, H, W)."""
    return F.interpolate(feature, scale_factor=2.0, mode="nearest") * decoder_map.to(feature.dtype)
