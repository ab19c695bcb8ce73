"""Frozen VGG features for the perceptual loss (POMAGAN eq. 3)."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from matting.errors import UserError
from matting.nets.weights import init_he, load_trunk

# By choice of taps: (block, convolution in it) of the ReLUs that are features.
TAPS = {
    "first": ((1, 1), (2, 1), (3, 1), (4, 1), (5, 1)),
    "johnson": ((1, 2), (2, 2), (3, 3), (4, 3), (5, 3)),  # the four of Johnson et al. 2016, and that of the next block
}
# By convention: whether the channels are reversed to BGR, and mean and standard deviation of inputs in [0, 1].
CONVENTIONS = {
    "imagenet": (False, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "bgr_mean": (True, (104.007 / 255, 116.669 / 255, 122.679 / 255), (1 / 255,) * 3),
}


class VGGFeatures(nn.Module):
    """Five features of a frozen VGG, always in evaluation mode.

    forward(x (B, 3, H, W) RGB in [0, 1], sides at least 16) -> five maps, finest first, (B, 64, H, W) to
    (B, 512, H // 16, W // 16), in the compute dtype (bf16 under autocast). Gradients reach x, not the weights.

    arch: `vgg19` or `vgg16`.
    weights: `imagenet` are torchvision's, from the hub's cache or the network; `none` are random by He's rule from a
    fixed seed, the same in every run; else a file (.safetensors or a state dict) with torchvision's keys, with or
    without `features.` in front, in any float dtype, that reaches the last feature.
    convention: `imagenet` (mean and deviation) or `bgr_mean` (BGR * 255 minus a mean, for weights ported from Caffe).
    width: factor of the channels; needs `weights: none` unless it is 1. Small runs spend most of their time here.
    taps: `first` gives relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1; `johnson` gives relu1_2, relu2_2, relu3_3,
    relu4_3 and relu5_3.
    Raises UserError for another choice, and for weights that cannot be loaded.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        arch: str = "vgg19",
        weights: str = "none",
        convention: str = "imagenet",
        width: float = 1.0,
        taps: str = "first",
    ) -> None:
        super().__init__()
        if arch not in ("vgg16", "vgg19"):
            raise UserError(f"arch: expected vgg16 or vgg19, got {arch!r}")
        if convention not in CONVENTIONS:
            raise UserError(f"convention: expected {' or '.join(CONVENTIONS)}, got {convention!r}")
        if taps not in TAPS:
            raise UserError(f"taps: expected {' or '.join(TAPS)}, got {taps!r}")
        self.reverse, mean, std = CONVENTIONS[convention]
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)
        if width != 1 and weights != "none":
            raise UserError(f"width: {width} needs weights: none; the weights of {weights} have the full width, 1")
        full = narrowed(empty_trunk(arch), width)
        pools = [i for i, layer in enumerate(full) if isinstance(layer, nn.MaxPool2d)]
        # A feature ends behind its ReLU. A block begins behind the pool before it; a convolution and its ReLU are two.
        starts = [0, *(pool + 1 for pool in pools)]
        ends = [starts[block - 1] + 2 * number for block, number in TAPS[taps]]
        self.trunk = full[: ends[-1]].to_empty(device="cpu")
        if weights == "none":
            init_he(self.trunk, torch.Generator().manual_seed(0))
        else:
            # The file may also have deeper layers of the architecture.
            load_trunk(self.trunk, arch, weights, known=full.state_dict().keys())
        self.trunk.to(memory_format=torch.channels_last)  # the layout of the maps: else each pass copies them
        layers = list(self.trunk)
        # Swap each ReLU with the pool behind it: the result is the same, from a quarter of the elements. Not the ReLU
        # of a feature, which is wanted at its full size.
        for pool in pools:
            if pool < ends[-1] and pool not in ends:
                layers[pool - 1 : pool + 1] = layers[pool], layers[pool - 1]
        # Parts of the trunk, each up to a feature. A plain list: the trunk has registered the layers.
        self.blocks = [nn.Sequential(*layers[start:end]) for start, end in pairwise([0, *ends])]
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> "VGGFeatures":
        """Stay in evaluation mode, whatever `mode` is."""
        return super().train(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = ((x.flip(1) if self.reverse else x) - self.mean) / self.std
        x = x.contiguous(memory_format=torch.channels_last)  # faster on a CPU for a network without norms
        features = []
        # In-place ReLUs are safe: each feature is a ReLU's output, and no gradient needs a ReLU's input.
        for block in self.blocks:
            x = block(x)
            features.append(x)
        return features


def empty_trunk(arch: str) -> nn.Sequential:
    """Return torchvision's convolutional layers without storage.

    Its own initialisation takes seconds and draws from the global generator.
    """
    from torchvision.models import get_model

    with torch.device("meta"):
        return get_model(arch, weights=None).features


def narrowed(trunk: nn.Sequential, width: float) -> nn.Sequential:
    """Return the trunk with `width` times the channels in every convolution, except for the RGB input."""
    if width == 1:
        return trunk
    layers = []
    for layer in trunk:
        if isinstance(layer, nn.Conv2d):
            in_channels = 3 if layer.in_channels == 3 else round(layer.in_channels * width)
            layer = nn.Conv2d(in_channels, round(layer.out_channels * width), 3, padding=1, device="meta")
        layers.append(layer)
    return nn.Sequential(*layers)
