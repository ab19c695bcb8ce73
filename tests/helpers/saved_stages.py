"""Checkpoints of stages as training writes them, without a training."""

from pathlib import Path

import torch
from torch import nn

from matting.config.instantiate import build
from matting.nets.checkpoint import Trained
from matting.stages.base import MattingStage, StageConfig

NETS = {
    "segmentation_gan": {"_target_": "matting.nets.pomagan.SegmentationGenerator", "aspp_rates": [1, 2]},
    "alpha_gan": {"_target_": "matting.nets.pomagan.AlphaGenerator"},
}


def save_generator(path: Path, stage: str, **net: object) -> nn.Module:
    """A checkpoint as training writes it, of a tiny generator with random weights that answers from 0 to 1."""
    node = {**NETS[stage], "width": 4, "depth": 2, "blocks": 1, **net}
    torch.manual_seed(len(stage))
    module = MattingStage(StageConfig({"name": stage}, {}, {}, {}, "."), {"gen": node})
    module.gen = build(node)
    module.frame = 64, 80
    with torch.no_grad():
        module.gen.decoder.head.weight *= 30
    checkpoint = {"state_dict": {**module.state_dict(), "disc.weight": torch.zeros(1)}}
    module.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, path)
    return module.gen.eval()


def save_stage(path: Path, stage: str, **networks: Trained) -> None:
    """A checkpoint as training writes it, of trained networks by their names in the stage."""
    module = MattingStage(
        StageConfig({"name": stage}, {}, {}, {}, "."), {name: half.node for name, half in networks.items()}
    )
    for name, half in networks.items():
        setattr(module, name, half.network)
    checkpoint = {"state_dict": module.state_dict()}
    module.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, path)
