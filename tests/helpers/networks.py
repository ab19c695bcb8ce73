"""Small networks of each kind, and one pass through a network with all that it gives."""

from functools import partial

import torch
from torch import nn

from matting.nets.discriminator import MultiScaleDiscriminator
from matting.nets.matting_net import MattingNet
from matting.nets.person import PersonSegmentation
from matting.nets.pomagan import AlphaGenerator, SegmentationGenerator
from matting.nets.vgg import VGGFeatures

# networks, and the channels of what they take
NETWORKS = {
    "segmentation": (partial(SegmentationGenerator, 4, 2, 2, (1, 2)), (3,)),
    "alpha": (partial(AlphaGenerator, 4, 2, 2), (3, 1)),
    "batch-norm": (partial(AlphaGenerator, 4, 2, 2, norm="batch"), (3, 1)),
    "discriminator": (partial(MultiScaleDiscriminator, 4, 4), (3, 1)),
    "vgg": (partial(VGGFeatures, width=0.125), (3,)),
    "matting": (partial(MattingNet, freeze_norm=False, width=0.25), (3, 1)),
    "person": (partial(PersonSegmentation, "tu-mobilenetv3_small_050", size=64), (3,)),
}


def run(network: nn.Module, inputs: list[torch.Tensor]) -> tuple[list[torch.Tensor], int]:
    """Outputs, gradients of parameters and inputs and buffers after one pass; and bytes kept for the backward pass."""
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    network.zero_grad()
    torch.manual_seed(2)  # of the dropout
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        found = network(*inputs)
        outputs = [found] if isinstance(found, torch.Tensor) else found
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    gradients = torch.autograd.grad(sum(output.square().mean() for output in outputs), [*inputs, *learned])
    return [*outputs, *gradients, *(buffer.clone() for buffer in network.buffers())], sum(kept.values())
