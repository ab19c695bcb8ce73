"""MobileNetV2 cut into stages at its strides, for an encoder with its own pooling between them."""

import torch
from torch import Tensor, nn

from matting.errors import UserError
from matting.nets.norms import BatchNorm
from matting.nets.weights import init_he, load_trunk
from matting.utils.console import say

# First and last torchvision block of each stage. Each stage but the last ends with a block that had a stride of 2. The
# 1x1 convolution to 1280 channels before the classifier is left out.
STAGES = ((0, 1), (1, 3), (3, 5), (5, 8), (8, 15), (15, 18))
# Mean and standard deviation by which inputs in [0, 1] are normalised; `half` is (x * 255 - 128) / 128.
CONVENTIONS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((128 / 255,) * 3, (128 / 255,) * 3),
}


class MobileNetStages(nn.Module):
    """The six stages of a MobileNetV2, all of stride 1; the caller pools by 2 between them, to 1/32 of the input.

    stages: modules to call one after the other. channels: of each stage's output, 32, 24, 32, 64, 160, 320 at width 1.
    weights, convention, freeze_norm, width, and the errors: as for `MattingNet`.

    Pools come after the blocks that had a stride of 2. At every second pixel such a block, now of stride 1, computes
    what it computed before, so pretrained weights still fit: pooling with weights that sum to 1 averages four such
    outputs. With the pool before, each of these blocks would see half the resolution, and none the image's own pixels.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, weights: str, convention: str, freeze_norm: bool, width: float) -> None:
        super().__init__()
        from torchvision.models.mobilenetv2 import MobileNetV2

        if convention not in CONVENTIONS:
            raise UserError(f"convention: expected {' or '.join(CONVENTIONS)}, got {convention!r}")
        if width != 1 and weights != "none":
            raise UserError(f"width: {width} needs weights: none; the weights of {weights} have the full width, 1")
        mean, std = CONVENTIONS[convention]
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)
        trunk = MobileNetV2(width_mult=width, norm_layer=BatchNorm).features
        stem = next(layer for layer in trunk.modules() if isinstance(layer, nn.Conv2d))
        # The trimap is a fourth channel. Behind loaded weights it starts at zero, so that they first work as trained.
        if weights == "none":
            add_channel(stem)
            init_he(trunk)
        else:
            load_trunk(trunk, "mobilenet_v2", weights)
            add_channel(stem)
        stages = [trunk[start:end] for start, end in STAGES]
        for stage in stages[:-1]:
            for layer in stage[-1].modules():
                if isinstance(layer, nn.Conv2d):
                    layer.stride = (1, 1)
        self.stages = nn.ModuleList(stages)
        self.channels = [stage[-1].out_channels for stage in stages]
        self.norms = [layer for layer in self.modules() if isinstance(layer, nn.BatchNorm2d)]
        self.freeze_norm = freeze_norm
        if freeze_norm:
            for norm in self.norms:
                norm.requires_grad_(False).eval()
        elif weights != "none" and all(is_identity(norm) for norm in self.norms):
            say(
                f"warning: {weights}: the batch norms are folded into the convolutions and hold no statistics; "
                "set freeze_norm=true to keep them as they are"
            )

    def train(self, mode: bool = True) -> "MobileNetStages":
        super().train(mode)
        if self.freeze_norm:
            for norm in self.norms:
                norm.eval()
        return self

    def inputs(self, image: Tensor, trimap: Tensor) -> Tensor:
        """Return the first stage's input (B, 4, H, W): image (B, 3, H, W) in [0, 1], normalised, and trimap."""
        return torch.cat([(image - self.mean) / self.std, trimap], 1)


def add_channel(conv: nn.Conv2d) -> None:
    """Add an input channel after the others, with weights of zero."""
    conv.weight = nn.Parameter(torch.cat([conv.weight.detach(), torch.zeros_like(conv.weight[:, :1])], 1))
    conv.in_channels += 1


def is_identity(norm: nn.BatchNorm2d) -> bool:
    """Return whether the running mean is 0 and the running variance 1: the norm does nothing."""
    mean, var = norm.running_mean, norm.running_var
    assert mean is not None
    assert var is not None
    return not mean.any() and torch.allclose(var, torch.ones_like(var), atol=2 * norm.eps)
