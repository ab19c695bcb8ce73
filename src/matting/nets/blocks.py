"""Building blocks of the networks. Tensors are (B, C, H, W); sizes are (height, width)."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.errors import UserError
from matting.nets.norms import BatchNorm, GroupNorm, InstanceNorm

Crop = tuple[slice, slice]
INIT_STD = 0.02


def pad_to_multiple(x: Tensor, multiple: int, minimum: int = 1) -> tuple[Tensor, Crop]:
    """Pad both sides of x (B, C, H, W) to a multiple of `multiple`, at least `minimum`, evenly on both ends.

    The padding is a reflection, or a replication where a side is too short to be reflected that far.
    Returns the padded tensor and the crop with which `crop_back` undoes the padding.
    """
    height, width = x.shape[-2:]
    total_y, total_x = ((-(-max(side, minimum) // multiple)) * multiple - side for side in (height, width))
    top, left = total_y // 2, total_x // 2
    crop = (slice(top, top + height), slice(left, left + width))
    if total_y == total_x == 0:
        return x, crop
    if total_y - top < height and total_x - left < width:
        return F.pad(x, (left, total_x - left, top, total_y - top), mode="reflect"), crop
    # Not F.pad's replication: torch.compile refuses its gradient, which has another memory layout than it expects.
    rows = torch.arange(-top, height + total_y - top, device=x.device).clamp_(0, height - 1)
    columns = torch.arange(-left, width + total_x - left, device=x.device).clamp_(0, width - 1)
    return x.index_select(-2, rows).index_select(-1, columns), crop


def crop_back(x: Tensor, crop: Crop) -> Tensor:
    """Return a tensor of the padded size without the padding of `pad_to_multiple`."""
    return x[..., crop[0], crop[1]]


def signed(x: Tensor) -> Tensor:
    """Map [0, 1] to [-1, 1], the range of inputs to the GAN networks."""
    return x * 2 - 1


def make_norm(kind: str, channels: int) -> nn.Module:
    """Return a normalisation with scale and shift. Raises UserError for another kind.

    `instance` uses the statistics of the sample in evaluation too. `group` has up to 32 groups, `wide_group` as well,
    but each of at least four channels (or one group of all): from a map of one level, groups of one channel and an
    instance norm leave nothing, wide groups leave the differences between their channels.
    """
    if kind == "instance":
        return InstanceNorm(channels)
    if kind == "batch":
        return BatchNorm(channels)
    if kind == "group":
        return GroupNorm(math.gcd(32, channels), channels)
    if kind == "wide_group":
        return GroupNorm(1 if channels % 4 else math.gcd(32, channels // 4), channels)
    raise UserError(f"norm: expected instance, batch, group or wide_group, got {kind!r}")


def conv_block(
    in_channels: int,
    out_channels: int,
    kernel: int,
    norm: str,
    stride: int = 1,
    dilation: int = 1,
    padding_mode: Literal["reflect", "zeros"] = "reflect",
) -> nn.Sequential:
    """Return a convolution with norm (`none`: without) and ReLU. It divides the sides by the stride, rounded up."""
    padding = dilation * (kernel // 2)
    bare = norm == "none"
    # No bias before a norm, which would subtract it again.
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, dilation, bias=bare, padding_mode=padding_mode)
    return nn.Sequential(conv, *(() if bare else (make_norm(norm, out_channels),)), nn.ReLU(inplace=True))


class ResidualBlock(nn.Module):
    """ReLU(x + conv-norm-ReLU-conv-norm(x)) with 3x3 convolutions, (B, C, H, W) -> (B, C, H, W), sides at least 2.

    The outer ReLU is ResNet's, which POMAGAN cites. Without it the last norm's shift would stay a constant, which the
    next instance norm subtracts.
    """

    def __init__(self, channels: int, norm: str) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv_block(channels, channels, 3, norm),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False, padding_mode="reflect"),
            make_norm(norm, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return (x + self.body(x)).relu_()


class MapConv(nn.Conv2d):
    """A k x k convolution with reflection padding to one map: (B, C, H, W) -> (B, 1, H, W) float32."""

    def __init__(self, in_channels: int, kernel: int) -> None:
        super().__init__(in_channels, 1, kernel, padding=kernel // 2, padding_mode="reflect")

    def forward(self, x: Tensor) -> Tensor:
        kernel, height = self.kernel_size[0], x.shape[-2]
        x = F.pad(x, (kernel // 2,) * 4, mode="reflect")
        # A 1 x k convolution for each row of the kernel, then the sum of the k maps, each shifted by its row. A plain
        # convolution to one channel leaves most of a vector register unused, and took a quarter of a small step.
        by_row = F.conv2d(x, self.weight[0].transpose(0, 1).unsqueeze(2)).float()
        shifted = torch.stack([by_row[:, i, i : i + height] for i in range(kernel)])
        assert self.bias is not None
        return (shifted.sum(0) + self.bias).unsqueeze(1)


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: a 3x3 convolution for each dilation rate, and the mean over the image.

    (B, C, H, W) -> (B, C, H, W), a quarter of the channels in each branch. Pads with zeros, since a rate may exceed the
    side of the map.
    """

    def __init__(self, channels: int, rates: tuple[int, ...], norm: str) -> None:
        super().__init__()
        hidden = channels // 4
        self.branches = nn.ModuleList(
            conv_block(channels, hidden, 3, norm, dilation=rate, padding_mode="zeros") for rate in rates
        )
        # No norm on the mean over the image: it is a single pixel.
        self.pooled = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(inplace=True))
        # Nor here: the pooled branch adds a constant to each map, and an instance norm would subtract it.
        self.project = nn.Sequential(nn.Conv2d(hidden * (len(rates) + 1), channels, 1), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.pooled(x.mean((2, 3), keepdim=True)).expand(-1, -1, *x.shape[-2:])
        return self.project(torch.cat([*(branch(x) for branch in self.branches), pooled], 1))


def up_block(in_channels: int, out_channels: int, norm: str, up: str) -> nn.Sequential:
    """Return a block that doubles both sides, with norm and ReLU. Raises UserError for another kind of `up`.

    up: `deconv` is a 3x3 transposed convolution of stride 2; `resize` is nearest up-sampling and a 3x3 convolution,
    which leaves no checkerboard pattern.
    """
    if up == "resize":
        return nn.Sequential(nn.Upsample(scale_factor=2.0), *conv_block(in_channels, out_channels, 3, norm))
    if up == "deconv":
        conv = nn.ConvTranspose2d(in_channels, out_channels, 3, 2, 1, output_padding=1, bias=False)
        return nn.Sequential(conv, make_norm(norm, out_channels), nn.ReLU(inplace=True))
    raise UserError(f"up: expected deconv or resize, got {up!r}")


def init_gan(network: nn.Module) -> None:
    """Initialise convolutions from N(0, 0.02) and biases with 0, as DCGAN and pix2pix do."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, INIT_STD)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
