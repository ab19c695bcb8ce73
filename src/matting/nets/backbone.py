"""MobileNetV2 cut at its strides, for an encoder that pools by other means."""

import torch
from torch import Tensor, nn

from matting.errors import UserError
from matting.nets.weights import file_state, hub_state, init_he, load_weights, trunk_state
from matting.utils.console import say

# torchvision's blocks from one stride to the next. Each stage but the last ends with the block that had the stride; the
# 1x1 convolution to 1280 channels before the classifier is left out.
STAGES = ((0, 1), (1, 3), (3, 5), (5, 8), (8, 15), (15, 18))
# Mean and deviation of inputs in [0, 1]; `half` is (x * 255 - 128) / 128.
CONVENTIONS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((128 / 255,) * 3, (128 / 255,) * 3),
}


class MobileNetStages(nn.Module):
    """The six stages of a MobileNetV2 at 1, 1/2, ... 1/32 of the input, all of stride 1; the caller pools in between.

    A pool comes after the block that had the stride: at every second pixel a convolution made stride 1 gives what it
    gave with stride 2, so that a pool by weights that sum to 1 hands the next stage features of the kind and the scale
    that the weights were trained for, a mean over the stride's four phases. Pooled before, every strided convolution
    would work at half its resolution, and the first would never see the image's pixels.

    `stages`: what to call one after the other. `channels`: what each gives, 32, 24, 32, 64, 160, 320 at width 1.
    `inputs(image (B, 3, H, W) in [0, 1], trimap (B, 1, H, W))` -> what the first stage takes: the image normalised, the
    trimap as it is. With weights from outside, the trimap's weights start at zero.
    weights, convention, freeze_norm, width, and the errors: as `MattingNet`.
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
        trunk = MobileNetV2(width_mult=width).features
        stem = next(layer for layer in trunk.modules() if isinstance(layer, nn.Conv2d))
        if weights == "none":
            add_channel(stem)
            init_he(trunk)
        else:
            load_trunk(trunk, weights)
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
                f"{weights}: its batch norms are folded into the convolutions and hold no statistics to start from; "
                "freeze_norm: true keeps what was trained"
            )

    def train(self, mode: bool = True) -> "MobileNetStages":
        super().train(mode)
        if self.freeze_norm:
            for norm in self.norms:
                norm.eval()
        return self

    def inputs(self, image: Tensor, trimap: Tensor) -> Tensor:
        return torch.cat([(image - self.mean) / self.std, trimap], 1)


def load_trunk(trunk: nn.Module, weights: str) -> None:
    hub = weights == "imagenet"
    state = hub_state("mobilenet_v2") if hub else file_state(weights)
    load_weights(
        trunk,
        trunk_state(state, "features.", ("classifier.",)),
        "mobilenet_v2 imagenet" if hub else weights,
        "expected torchvision's keys of mobilenet_v2",
        prefix="features.",
    )


def add_channel(conv: nn.Conv2d) -> None:
    """A further input channel, after the others, with weights of zero."""
    conv.weight = nn.Parameter(torch.cat([conv.weight.detach(), torch.zeros_like(conv.weight[:, :1])], 1))
    conv.in_channels += 1


def is_identity(norm: nn.BatchNorm2d) -> bool:
    mean, var = norm.running_mean, norm.running_var
    assert mean is not None
    assert var is not None
    return not mean.any() and torch.allclose(var, torch.ones_like(var), atol=2 * norm.eps)
