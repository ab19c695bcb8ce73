"""Deep Image Matting: image and trimap to alpha, and its refinement (Xu et al., CVPR 2017, section 4)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.nets.backbone import CONVENTIONS
from matting.nets.weights import init_he, load_trunk

DEPTHS = (2, 2, 3, 3, 3)  # convolutions of VGG-16's levels
WIDTHS = (64, 128, 256, 512, 512)

# Patterns of the keys of both published implementations -> our keys.
PUBLISHED = (
    (r"^backbone\.encoder\.layer(\d)\.", r"encoder.\1."),
    (r"^backbone\.encoder\.conv6\.", "neck.0."),
    (r"^backbone\.decoder\.", ""),
    (r"^conv([1-5])_([123])\.", lambda found: f"encoder.{found[1]}.{2 * int(found[2]) - 2}."),
    (r"^conv6_1\.", "neck.0."),
    (r"^deconv6_1\.", "neck.2."),
    (r"^deconv([1-5])_1\.", r"decoder.\1."),
    (r"^deconv1\.", "head."),
    (r"^(?:refiner\.)?refine_conv([123])\.", lambda found: f"refiner.{2 * int(found[1]) - 2}."),
    (r"^(?:refiner\.)?refine_pred\.", "refiner.6."),
)


class DIM(nn.Module):
    """An encoder-decoder with the convolutions of VGG-16 and max-unpooling, and a small refiner.

    forward(image (B, 3, H, W) in [0, 1], trimap (B, 1, H, W) of 0, 128/255 and 1), H and W multiples of 32 ->
    `coarse`, the encoder-decoder's alpha, and `alpha`, the refined one, (B, 1, H, W) float32 in [0, 1].

    weights: of the encoder, as for `load_trunk` with vgg16; the trimap's channel begins at zero behind loaded ones.
    neck: side of the convolution after the encoder, 1, or 3 as in the layout with skips.
    skips: add the encoder's last feature of each level after the un-pooling. width: factor of all channels, 1 with
    weights.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, weights: str = "none", neck: int = 1, skips: bool = False, width: float = 1.0) -> None:
        super().__init__()
        mean, std = CONVENTIONS["imagenet"]
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)
        self.skips = skips
        widths = [max(1, round(width * channels)) for channels in WIDTHS]
        levels = zip((4, *widths), widths, DEPTHS, strict=False)
        # Numbered from 1, as levels are in the paper.
        self.encoder = nn.ModuleDict({str(i): level(*sizes) for i, sizes in enumerate(levels, 1)})
        last = widths[-1]
        self.neck = nn.Sequential(
            nn.Conv2d(last, last, neck, padding=neck // 2), nn.ReLU(), nn.Conv2d(last, last, 1), nn.ReLU()
        )
        outputs = (widths[0], *widths[:-1])
        self.decoder = nn.ModuleDict(
            {str(i): nn.Conv2d(widths[i - 1], outputs[i - 1], 5, padding=2) for i in range(5, 0, -1)}
        )
        self.head = nn.Conv2d(widths[0], 1, 5, padding=2)
        init_he(self)
        if weights != "none":
            load_encoder(self.encoder, weights)
        self.refiner = nn.Sequential(*level(4, widths[0], 3), nn.Conv2d(widths[0], 1, 3, padding=1))
        init_he(self.refiner)

    def forward(self, image: Tensor, trimap: Tensor) -> dict[str, Tensor]:
        normal = (image - self.mean) / self.std
        x, kept = torch.cat([normal, trimap], 1), []
        for convolutions in self.encoder.values():
            feature = convolutions(x)
            x, indices = F.max_pool2d(feature, 2, return_indices=True)
            kept.append((feature, indices))
        x = self.neck(x)
        for convolution in self.decoder.values():
            feature, indices = kept.pop()
            x = F.max_unpool2d(x, indices, (2, 2))
            if self.skips:
                x = x + feature
            x = F.relu(convolution(x))
        raw = self.head(x).float()
        coarse = raw.sigmoid()
        refined = raw + self.refiner(torch.cat([normal, coarse.to(normal.dtype)], 1)).float()
        return {"coarse": coarse, "alpha": refined.sigmoid()}


def level(in_channels: int, out_channels: int, depth: int) -> nn.Sequential:
    """Return `depth` convolutions of 3x3 with ReLUs."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU()]
        in_channels = out_channels
    return nn.Sequential(*layers)


def load_encoder(encoder: nn.ModuleDict, weights: str) -> None:
    """Load VGG-16 into the encoder; the trimap's channel of the first convolution begins at zero."""
    from torchvision.models import vgg16

    trunk = vgg16(weights=None).features
    load_trunk(trunk, "vgg16", weights)
    ours = [layer for layer in encoder.modules() if isinstance(layer, nn.Conv2d)]
    theirs = [layer for layer in trunk if isinstance(layer, nn.Conv2d)]
    with torch.no_grad():
        for own, other in zip(ours, theirs, strict=True):
            own.weight.zero_()
            own.weight[:, : other.in_channels] = other.weight
            own.bias.copy_(other.bias)  # type: ignore[union-attr, arg-type]
