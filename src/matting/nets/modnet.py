"""MODNet: one image to alpha through a semantic, a detail and a fusion branch (Ke et al., AAAI 2022, section 3)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.nets.norms import BatchNorm
from matting.nets.weights import init_he, load_trunk

TAPS = (1, 3, 18)  # MobileNetV2's blocks whose outputs are used: 1/2, 1/4 and 1/32 of the input

# Patterns of the authors' keys -> our keys. The backbone is stored twice, under two names; both are one here.
TRUNK = r"^(?:lr_branch\.)?backbone\.model\.features\."
PUBLISHED = (
    (TRUNK + r"1\.conv\.([01])\.", r"encoder.1.conv.0.\1."),
    (TRUNK + r"1\.conv\.3\.", r"encoder.1.conv.1."),
    (TRUNK + r"1\.conv\.4\.", r"encoder.1.conv.2."),
    (TRUNK + r"(\d+)\.conv\.([01])\.", r"encoder.\1.conv.0.\2."),
    (TRUNK + r"(\d+)\.conv\.3\.", r"encoder.\1.conv.1.0."),
    (TRUNK + r"(\d+)\.conv\.4\.", r"encoder.\1.conv.1.1."),
    (TRUNK + r"(\d+)\.conv\.6\.", r"encoder.\1.conv.2."),
    (TRUNK + r"(\d+)\.conv\.7\.", r"encoder.\1.conv.3."),
    (TRUNK, "encoder."),
    (r"^lr_branch\.se_block\.fc\.0\.", "semantic_branch.attention.squeeze."),
    (r"^lr_branch\.se_block\.fc\.2\.", "semantic_branch.attention.excite."),
    (r"^lr_branch\.conv_lr16x\.layers\.", "semantic_branch.to_16th."),
    (r"^lr_branch\.conv_lr8x\.layers\.", "semantic_branch.to_8th."),
    (r"^lr_branch\.conv_lr\.layers\.0\.", "semantic_branch.head."),
    (r"^hr_branch\.tohr_enc2x\.layers\.", "detail_branch.lateral_half."),
    (r"^hr_branch\.conv_enc2x\.layers\.", "detail_branch.down."),
    (r"^hr_branch\.tohr_enc4x\.layers\.", "detail_branch.lateral_quarter."),
    (r"^hr_branch\.conv_enc4x\.layers\.", "detail_branch.merge."),
    (r"^hr_branch\.conv_hr4x\.(\d)\.layers\.", r"detail_branch.at_quarter.\1."),
    (r"^hr_branch\.conv_hr2x\.(\d)\.layers\.", r"detail_branch.at_half.\1."),
    (r"^hr_branch\.conv_hr\.0\.layers\.", "detail_branch.at_full."),
    (r"^hr_branch\.conv_hr\.1\.layers\.0\.", "detail_branch.head."),
    (r"^f_branch\.conv_lr4x\.layers\.", "fusion_branch.semantic."),
    (r"^f_branch\.conv_f2x\.layers\.", "fusion_branch.at_half."),
    (r"^f_branch\.conv_f\.0\.layers\.", "fusion_branch.at_full."),
    (r"^f_branch\.conv_f\.1\.layers\.0\.", "fusion_branch.head."),
    (r"\.1\.bnorm\.", ".1.batch."),
)


class HalfInstanceNorm(nn.Module):
    """Batch norm of the first half of the channels, instance norm without parameters of the others (IBN).

    forward(x (B, C, H, W)) -> that shape.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.split = (channels // 2, channels - channels // 2)
        self.batch = BatchNorm(self.split[0])

    def forward(self, x: Tensor) -> Tensor:
        first, second = x.split(self.split, 1)
        return torch.cat([self.batch(first), F.instance_norm(second.contiguous())], 1)


def block(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return a convolution with bias, a `HalfInstanceNorm` and a ReLU."""
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2)
    return nn.Sequential(conv, HalfInstanceNorm(out_channels), nn.ReLU(inplace=True))


def scaled(x: Tensor, factor: float) -> Tensor:
    """Resize features bilinearly without antialiasing, as the published weights expect."""
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


class ChannelAttention(nn.Module):
    """Scale channels by a gate from their means (squeeze and excitation). forward(x (B, C, H, W)) -> that shape."""

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // reduction, bias=False)
        self.excite = nn.Linear(channels // reduction, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3))))))
        return x * gate[:, :, None, None]


class SemanticBranch(nn.Module):
    """Where the person is, from the encoder's last feature at 1/32.

    forward(x (B, C, H/32, W/32)) -> (B, width, H/8, W/8). head maps it to the semantic map's logits at 1/16.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.attention = ChannelAttention(channels)
        self.to_16th = block(channels, 3 * width, 5)
        self.to_8th = block(3 * width, width, 5)
        self.head = nn.Conv2d(width, 1, 3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.to_8th(scaled(self.to_16th(scaled(self.attention(x), 2)), 2))


class DetailBranch(nn.Module):
    """The person's boundary, from the image and the encoder's fine features.

    forward(image (B, 3, H, W), half (B, C2, H/2, W/2), quarter (B, C4, H/4, W/4), semantic (B, width, H/8, W/8)) ->
    (B, width, H/2, W/2). detail(feature, image) maps it to the detail map's logits (B, 1, H, W).
    """

    def __init__(self, half: int, quarter: int, width: int) -> None:
        super().__init__()
        self.lateral_half = block(half, width, 1)
        self.down = block(width + 3, width, 3, stride=2)
        self.lateral_quarter = block(quarter, width, 1)
        self.merge = block(2 * width, 2 * width, 3)
        self.at_quarter = nn.Sequential(
            block(3 * width + 3, 2 * width, 3), block(2 * width, 2 * width, 3), block(2 * width, width, 3)
        )
        self.at_half = nn.Sequential(
            block(2 * width, 2 * width, 3), block(2 * width, width, 3), block(width, width, 3), block(width, width, 3)
        )
        self.at_full = block(width + 3, width, 3)
        self.head = nn.Conv2d(width, 1, 1)

    def forward(self, image: Tensor, half: Tensor, quarter: Tensor, semantic: Tensor) -> Tensor:
        half = self.lateral_half(half)
        x = self.down(torch.cat([scaled(image, 0.5), half], 1))
        x = self.merge(torch.cat([x, self.lateral_quarter(quarter)], 1))
        x = self.at_quarter(torch.cat([x, scaled(semantic, 2), scaled(image, 0.25)], 1))
        return self.at_half(torch.cat([scaled(x, 2), half], 1))

    def detail(self, feature: Tensor, image: Tensor) -> Tensor:
        return self.head(self.at_full(torch.cat([scaled(feature, 2), image], 1)))


class FusionBranch(nn.Module):
    """Alpha from both branches. forward(semantic, detail, image) -> logits (B, 1, H, W)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.semantic = block(width, width, 5)
        self.at_half = block(2 * width, width, 3)
        self.at_full = block(width + 3, width // 2, 3)
        self.head = nn.Conv2d(width // 2, 1, 1)

    def forward(self, semantic: Tensor, detail: Tensor, image: Tensor) -> Tensor:
        semantic = scaled(self.semantic(scaled(semantic, 2)), 2)
        x = scaled(self.at_half(torch.cat([semantic, detail], 1)), 2)
        return self.head(self.at_full(torch.cat([x, image], 1)))


class ModNet(nn.Module):
    """MODNet as its published checkpoints hold it, with a MobileNetV2 encoder.

    forward(image (B, 3, H, W) in [0, 1], H and W multiples of 32) -> `alpha` (B, 1, H, W) and, in training, `semantic`
    (B, 1, H/16, W/16) and `detail` (B, 1, H, W), all float32 in [0, 1].

    weights: of the encoder, as for `load_trunk`: imagenet, none or a file. encoder_width: factor of the encoder's
    channels (MobileNetV2's width_mult), 1 with weights. width: channels of the branches, 32 in the paper.
    """

    def __init__(self, weights: str = "none", encoder_width: float = 1.0, width: int = 32) -> None:
        super().__init__()
        from torchvision.models.mobilenetv2 import MobileNetV2

        self.encoder = MobileNetV2(width_mult=encoder_width).features
        half, quarter, last = (self.encoder[tap].out_channels for tap in TAPS)
        self.semantic_branch = SemanticBranch(last, width)
        self.detail_branch = DetailBranch(half, quarter, width)
        self.fusion_branch = FusionBranch(width)
        init_he(self)
        if weights != "none":
            load_trunk(self.encoder, "mobilenet_v2", weights)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        x = image = (image - 0.5) / 0.5
        taps = []
        for i, stage in enumerate(self.encoder):
            x = stage(x)
            if i in TAPS:
                taps.append(x)
        half, quarter, last = taps
        semantic = self.semantic_branch(last)
        detail = self.detail_branch(image, half, quarter, semantic)
        found = {"alpha": self.fusion_branch(semantic, detail, image)}
        if self.training:
            found["semantic"] = self.semantic_branch.head(semantic)
            found["detail"] = self.detail_branch.detail(detail, image)
        return {name: logits.float().sigmoid() for name, logits in found.items()}
