"""BackgroundMattingV2: image and clean background to alpha and foreground (Lin et al., CVPR 2021, section 3)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.nets.bgm_v2_refiner import Refiner, resized
from matting.nets.norms import BatchNorm
from matting.nets.weights import init_he, load_trunk

HIDDEN = 32  # channels that the base network hands to the refiner
DECODER_WIDTHS = (128, 64, 48)

# Patterns of the authors' keys -> our keys.
PUBLISHED = (
    (r"^backbone\.", "base.encoder.trunk."),
    (r"^aspp\.", "base.pyramid."),
    (r"^decoder\.conv4\.", "base.decoder.head."),
    (r"^decoder\.conv(\d)\.", r"base.decoder.convs.\1."),
    (r"^decoder\.bn(\d)\.", r"base.decoder.norms.\1."),
    (r"^refiner\.conv4\.", "refiner.head."),
    (r"^refiner\.conv(\d)\.", r"refiner.convs.\1."),
    (r"^refiner\.bn(\d)\.", r"refiner.norms.\1."),
)


class ResNetEncoder(nn.Module):
    """A ResNet whose last stage is dilated, to 1/16 of the input.

    forward(x (B, 6, H, W)) -> features after its stem (1/2), its first two stages (1/4, 1/8) and its last (1/16).
    arch: resnet50 or resnet101, as torchvision names them.
    """

    def __init__(self, arch: str, weights: str) -> None:
        super().__init__()
        from torchvision.models import get_model

        trunk = get_model(arch, weights=None, replace_stride_with_dilation=[False, False, True])
        del trunk.fc
        if weights != "none":
            load_trunk(trunk, arch, weights)
        trunk.conv1 = six_channels(trunk.conv1, weights)
        self.trunk = trunk
        self.channels = (64, 256, 512, 2048)

    def forward(self, x: Tensor) -> list[Tensor]:
        trunk = self.trunk
        features = [trunk.relu(trunk.bn1(trunk.conv1(x)))]
        x = trunk.maxpool(features[0])
        for stage in (trunk.layer1, trunk.layer2):
            x = stage(x)
            features.append(x)
        return [*features, trunk.layer4(trunk.layer3(x))]


class MobileNetEncoder(nn.Module):
    """A MobileNetV2 without its last convolution, its last stage dilated. Arguments and result: as `ResNetEncoder`.

    width: factor of its channels, 1 with weights.
    """

    def __init__(self, weights: str, width: float = 1.0) -> None:
        super().__init__()
        from torchvision.models.mobilenetv2 import MobileNetV2

        layers = MobileNetV2(width_mult=width).features
        if weights != "none":
            load_trunk(layers, "mobilenet_v2", weights)
        layers = layers[:18]
        layers[0][0] = six_channels(layers[0][0], weights)
        # The stride of the last stage becomes a dilation of what follows it.
        layers[14].conv[1][0].stride = (1, 1)
        for layer in layers[15:]:
            layer.conv[1][0].dilation = layer.conv[1][0].padding = (2, 2)
        self.trunk = nn.ModuleDict({"features": layers})
        self.taps = (1, 3, 6, 17)
        self.channels = tuple(layers[tap].out_channels for tap in self.taps)

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        for i, layer in enumerate(self.trunk["features"].children()):
            x = layer(x)
            if i in self.taps:
                features.append(x)
        return features


def six_channels(conv: nn.Conv2d, weights: str) -> nn.Conv2d:
    """Return a first convolution for image and background, whose weights for the background begin at zero if loaded."""
    wider = nn.Conv2d(6, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, bias=False)  # type: ignore[arg-type]
    if weights != "none":
        with torch.no_grad():
            wider.weight.copy_(torch.cat([conv.weight, torch.zeros_like(conv.weight)], 1))
    return wider


class Decoder(nn.Module):
    """Four times: resize to the size of the next finer feature, concatenate it, convolve.

    forward(image and background (B, 6, H, W), features of the encoder, finest first, the last (B, 256, h, w)) ->
    (B, 37, H, W).
    """

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        skips = (*channels[2::-1], 6)
        inputs = (256, *DECODER_WIDTHS)
        sizes = list(zip(inputs, skips, DECODER_WIDTHS, strict=False))
        # Numbered from 1, as in the checkpoints.
        self.convs = nn.ModuleDict(
            {
                str(i): nn.Conv2d(below + skip, width, 3, padding=1, bias=False)
                for i, (below, skip, width) in enumerate(sizes, 1)
            }
        )
        self.norms = nn.ModuleDict({str(i): BatchNorm(width) for i, width in enumerate(DECODER_WIDTHS, 1)})
        self.head = nn.Conv2d(inputs[-1] + 6, 5 + HIDDEN, 3, padding=1)

    def forward(self, scene: Tensor, features: list[Tensor]) -> Tensor:
        *finer, x = features
        for i, skip in enumerate(reversed(finer), 1):
            x = torch.cat([resized(x, skip.shape[-2:]), skip], 1)
            x = F.relu(self.norms[str(i)](self.convs[str(i)](x)))
        return self.head(torch.cat([resized(x, scene.shape[-2:]), scene], 1))


class BackgroundBase(nn.Module):
    """The base network: alpha, foreground and error at the size of its input (section 3.1).

    forward(image, background, both (B, 3, H, W) in [0, 1]) -> `alpha`, `error` (B, 1, H, W) in [0, 1], `residual`
    (B, 3, H, W), to be added to the image, `foreground` (B, 3, H, W) in [0, 1], `hidden` (B, 32, H, W).

    backbone: mobilenetv2, resnet50 or resnet101. weights: of the backbone, as for `load_trunk`. width: factor of
    MobileNetV2's channels.
    """

    def __init__(self, backbone: str = "resnet50", weights: str = "none", width: float = 1.0) -> None:
        super().__init__()
        from torchvision.models.segmentation.deeplabv3 import ASPP

        self.encoder: ResNetEncoder | MobileNetEncoder
        if backbone == "mobilenetv2":
            self.encoder = MobileNetEncoder(weights, width)
        else:
            self.encoder = ResNetEncoder(backbone, weights)
        self.pyramid = ASPP(self.encoder.channels[-1], [3, 6, 9])
        self.decoder = Decoder(self.encoder.channels)
        if weights == "none":
            init_he(self.encoder)
        init_he(self.pyramid)
        init_he(self.decoder)

    def forward(self, image: Tensor, background: Tensor) -> dict[str, Tensor]:
        scene = torch.cat([image, background], 1)
        *finer, last = self.encoder(scene)
        raw = self.decoder(scene, [*finer, self.pyramid(last)]).float()
        alpha, residual, error, hidden = raw.split((1, 3, 1, HIDDEN), 1)
        return {
            "alpha": alpha.clamp(0, 1),
            "foreground": (residual + image).clamp(0, 1),
            "residual": residual,
            "error": error.clamp(0, 1),
            "hidden": hidden.relu(),
        }


class BackgroundMattingV2(nn.Module):
    """Base network at a fraction of the size, and the refiner where the base expects errors (section 3.2).

    forward(image, background, both (B, 3, H, W) in [0, 1], any H and W) -> `alpha` (B, 1, H, W), `foreground`
    (B, 3, H, W), `refined` (B, 1, ceil(H/4), ceil(W/4)), 1 where a patch was refined, and the base's `alpha_small`,
    `foreground_small` and `error_small`. Sizes that are no multiple of 4 are padded by replication and cropped back.

    scale: size of the base network's input, as a share of the whole: 1/4 for HD, 1/8 for 4K.
    mode, pixels, threshold, kernel: as for `Refiner`. backbone, weights, width: as for `BackgroundBase`.
    """

    def __init__(
        self,
        backbone: str = "resnet50",
        weights: str = "none",
        width: float = 1.0,
        scale: float = 0.25,
        mode: str = "sampling",
        pixels: int = 80_000,
        threshold: float = 0.7,
        kernel: int = 3,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.base = BackgroundBase(backbone, weights, width)
        self.refiner = Refiner(mode, pixels, threshold, kernel)

    def forward(self, image: Tensor, background: Tensor) -> dict[str, Tensor]:
        height, width = image.shape[-2:]
        bottom, right = -height % 4, -width % 4
        scene = F.pad(torch.cat([image, background], 1), (0, right, 0, bottom), mode="replicate")
        rows, columns = scene.shape[-2:]
        small = resized(scene, (int(rows * self.scale), int(columns * self.scale)))
        base = self.base(small[:, :3], small[:, 3:])
        alpha, residual, refined = self.refiner(scene, base)
        foreground = scene[:, :3] + residual
        return {
            "alpha": alpha[..., :height, :width].clamp(0, 1),
            "foreground": foreground[..., :height, :width].clamp(0, 1),
            "refined": refined,
            "alpha_small": base["alpha"],
            "foreground_small": base["foreground"],
            "error_small": base["error"],
        }
