"""Norms that are as exact in channels_last as in NCHW.

On a CPU, torch's group norm and training batch norm add up a whole channels_last map in one float32 sum: the error
grows with the number of pixels, to 5e-2 at 4K (findings/torch_norms_in_channels_last.sh). Here they get NCHW. Their
result stays NCHW: on a CPU that is faster than to turn it back, and costs a training nothing.
"""

from torch import Tensor, nn
from torch.nn import functional as F


class GroupNorm(nn.GroupNorm):
    """Group normalisation with scale and shift: (B, C, H, W) -> (B, C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(on_cpu_contiguous(input))


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation with scale and shift: (B, C, H, W) -> (B, C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(on_cpu_contiguous(input) if self.training else input)


class InstanceNorm(nn.InstanceNorm2d):
    """Instance normalisation with scale and shift: (B, C, H, W) -> (B, C, H, W), H * W at least 2."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=True)

    def forward(self, input: Tensor) -> Tensor:
        if input.device.type != "cpu":
            return super().forward(input)
        # Groups of one channel are the same function; on a CPU torch's instance norm takes two to five times as long.
        return F.group_norm(input.contiguous(), self.num_features, self.weight, self.bias, self.eps)


def on_cpu_contiguous(x: Tensor) -> Tensor:
    return x.contiguous() if x.device.type == "cpu" else x
