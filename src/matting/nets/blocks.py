"""What the networks are built from. Tensors are (B, C, H, W); sizes are (height, width)."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.errors import UserError

Crop = tuple[slice, slice]
INIT_STD = 0.02


def pad_to_multiple(x: Tensor, multiple: int, minimum: int = 1) -> tuple[Tensor, Crop]:
    """Grow both sides of x (B, C, H, W) to a multiple of `multiple`, at least `minimum`, evenly around the middle.

    Pads by reflection; by replication when a side is too short to be reflected that far.
    Returns the padded tensor and the crop that `crop_back` takes to undo it.
    """
    height, width = x.shape[-2:]
    total_y, total_x = ((-(-max(side, minimum) // multiple)) * multiple - side for side in (height, width))
    top, left = total_y // 2, total_x // 2
    crop = (slice(top, top + height), slice(left, left + width))
    if total_y == total_x == 0:
        return x, crop
    if total_y - top < height and total_x - left < width:
        return F.pad(x, (left, total_x - left, top, total_y - top), mode="reflect"), crop
    # not F.pad's replication: compiled, its gradient comes in another layout than torch foresees, and is refused
    rows = torch.arange(-top, height + total_y - top, device=x.device).clamp_(0, height - 1)
    columns = torch.arange(-left, width + total_x - left, device=x.device).clamp_(0, width - 1)
    return x.index_select(-2, rows).index_select(-1, columns), crop


def crop_back(x: Tensor, crop: Crop) -> Tensor:
    """Undo `pad_to_multiple` on a tensor of the padded size."""
    return x[..., crop[0], crop[1]]


def signed(x: Tensor) -> Tensor:
    """[0, 1] to [-1, 1]: mean and standard deviation 0.5, the input convention of the GAN networks."""
    return x * 2 - 1


class InstanceNorm(nn.InstanceNorm2d):
    """Instance normalisation with scale and shift: (B, C, H, W) -> (B, C, H, W), H * W at least 2.

    Computed as groups of one channel on a CPU, where torch's own kernel takes two to five times as long; of maps in
    channels_last it is the more exact one, and groups have no faster gradient.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=True)

    def forward(self, input: Tensor) -> Tensor:
        if input.device.type == "cpu" and input.is_contiguous():
            return F.group_norm(input, self.num_features, self.weight, self.bias, self.eps)
        return super().forward(input)


def make_norm(kind: str, channels: int) -> nn.Module:
    """`instance`, `batch` or `group` normalisation with scale and shift; UserError for another kind.

    Instance statistics come from the sample itself in training and evaluation alike.
    """
    if kind == "instance":
        return InstanceNorm(channels)
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "group":
        return nn.GroupNorm(math.gcd(32, channels), channels)
    raise UserError(f"norm: expected instance, batch or group, got {kind!r}")


def conv_block(
    in_channels: int,
    out_channels: int,
    kernel: int,
    norm: str,
    stride: int = 1,
    dilation: int = 1,
    padding_mode: Literal["reflect", "zeros"] = "reflect",
) -> nn.Sequential:
    """Convolution, norm, ReLU. The side stays (stride 1) or is divided by the stride, rounded up."""
    padding = dilation * (kernel // 2)
    # No bias: the norm takes the mean off again.
    conv = nn.Conv2d(
        in_channels, out_channels, kernel, stride, padding, dilation, bias=False, padding_mode=padding_mode
    )
    return nn.Sequential(conv, make_norm(norm, out_channels), nn.ReLU(inplace=True))


class ResidualBlock(nn.Module):
    """ReLU(x + conv-norm-ReLU-conv-norm(x)), 3x3, the shape stays. Sides must be at least 2 (reflection).

    As in ResNet, which POMAGAN cites: without the outer ReLU the shift of the last norm would stay a constant up to the
    next instance norm, which removes it.
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
    """A k x k reflecting convolution to one map, float32: (B, C, H, W) -> (B, 1, H, W).

    Computed as a 1 x k convolution to k maps that are added with a shift of a row each: the same products. With a
    single output channel the libraries' kernels leave most of a vector unused, and took a quarter of a small step.
    """

    def __init__(self, in_channels: int, kernel: int) -> None:
        super().__init__(in_channels, 1, kernel, padding=kernel // 2, padding_mode="reflect")

    def forward(self, x: Tensor) -> Tensor:
        kernel, height = self.kernel_size[0], x.shape[-2]
        x = F.pad(x, (kernel // 2,) * 4, mode="reflect")
        by_row = F.conv2d(x, self.weight[0].transpose(0, 1).unsqueeze(2)).float()
        shifted = torch.stack([by_row[:, i, i : i + height] for i in range(kernel)])
        assert self.bias is not None
        return (shifted.sum(0) + self.bias).unsqueeze(1)


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: one 3x3 convolution a rate and the image's mean, a quarter of the channels each.

    (B, C, H, W) -> (B, C, H, W). Zero padding, since a rate may exceed the map's side.
    """

    def __init__(self, channels: int, rates: tuple[int, ...], norm: str) -> None:
        super().__init__()
        hidden = channels // 4
        self.branches = nn.ModuleList(
            conv_block(channels, hidden, 3, norm, dilation=rate, padding_mode="zeros") for rate in rates
        )
        # The image's mean is one pixel: it has no statistics to normalise by.
        self.pooled = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(inplace=True))
        # No norm here either: an instance norm would take off exactly what the pooled branch adds, a constant.
        self.project = nn.Sequential(nn.Conv2d(hidden * (len(rates) + 1), channels, 1), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.pooled(x.mean((2, 3), keepdim=True)).expand(-1, -1, *x.shape[-2:])
        return self.project(torch.cat([*(branch(x) for branch in self.branches), pooled], 1))


def up_block(in_channels: int, out_channels: int, norm: str, up: str) -> nn.Sequential:
    """Double both sides, then norm and ReLU.

    up: `deconv` is a 3x3 transposed convolution of stride 2; `resize` is nearest up-sampling and a 3x3 convolution,
    free of the checkerboard that the first may leave. UserError for another kind.
    """
    if up == "resize":
        return nn.Sequential(nn.Upsample(scale_factor=2.0), *conv_block(in_channels, out_channels, 3, norm))
    if up == "deconv":
        conv = nn.ConvTranspose2d(in_channels, out_channels, 3, 2, 1, output_padding=1, bias=False)
        return nn.Sequential(conv, make_norm(norm, out_channels), nn.ReLU(inplace=True))
    raise UserError(f"up: expected deconv or resize, got {up!r}")


def init_gan(network: nn.Module) -> None:
    """Convolutions from N(0, 0.02), biases 0, as DCGAN and pix2pix; norms keep scale 1 and shift 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, INIT_STD)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
