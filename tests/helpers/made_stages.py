"""Stages of tiny configs outside of a Trainer, and batches for them."""

import torch
from omegaconf import DictConfig, OmegaConf

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.config.instantiate import build, resolve
from matting.nets.checkpoint import Trained
from matting.stages.base import StageConfig
from matting.training.build import build_stage
from tests.helpers.tiny import TINY

# One layer, so that a gradient can be written out: whoever is bright is a person.
BRIGHT = {"_target_": "torch.nn.Conv2d", "in_channels": 3, "out_channels": 1, "kernel_size": 1}
MATTING = {"_target_": "matting.nets.matting_net.MattingNet", "width": 0.25, "freeze_norm": True}


def make_stage(name, *overrides, choices=(), optimizer="torch.optim.SGD", total=100, **networks):
    """A stage of a tiny config; its logged rows are in `rows`. networks: trained ones that it stands on, by key."""
    schema.register()
    alone = ["stage.coarse=ground_truth"] if name == "alpha_gan" else []
    composed = compose_config(
        "train", [*TINY, f"stage={name}", *alone, *choices]
    )  # once: that takes longer than a step
    merged = OmegaConf.merge(composed, OmegaConf.from_dotlist(list(overrides)))
    assert isinstance(merged, DictConfig)
    config = plain(merged)
    for node in (node for node in config["optim"].values() if isinstance(node, dict)):
        if optimizer == "torch.optim.SGD":
            node.pop("betas")
        node["_target_"] = optimizer
    torch.manual_seed(0)
    if networks:
        parts = StageConfig(*(config[key] for key in ("stage", "net", "loss", "optim")), ".")
        stage = resolve(config["stage"]["_target_"])(parts, **networks)
    else:
        stage = build_stage(config, {})
    optimizers = stage.configure_optimizers()
    stage.optimizers = lambda: optimizers if len(optimizers) > 1 else optimizers[0]
    stage.manual_backward = lambda loss: loss.backward()
    stage.rows = []
    stage.log_row = lambda row: stage.rows.append({key: float(value) for key, value in row.items()})
    stage.total_batches = total
    return stage


def make_batch(size=2, seed=0, height=32, width=40):
    draw = torch.Generator().manual_seed(seed)
    planes = {"image": 3, "alpha": 1, "fgr": 3, "bgr": 3, "new_bgr": 3}
    batch = {key: torch.rand(size, channels, height, width, generator=draw) for key, channels in planes.items()}
    return {
        **batch,
        "seeds": [seed * 10 + i for i in range(size)],
        "ids": [f"{seed}/{i}" for i in range(size)],
        "skipped": [],
    }


def people(size=2, seed=0, height=64, width=64):
    """A batch of persons who are soft discs, brighter than what is behind them; the images are a little noisy."""
    batch = make_batch(size, seed, height, width)
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.Generator().manual_seed(seed)
    centres = torch.rand(size, 2, generator=places) * 0.2 + 0.4
    distance = [torch.hypot(rows - height * y, columns - width * x) for y, x in centres.tolist()]
    alpha = ((0.25 * min(height, width) - torch.stack(distance)) / 6 + 0.5).clamp(0, 1)[:, None]
    fgr, bgr = 0.7 + 0.3 * batch["fgr"], 0.3 * batch["bgr"]
    return {**batch, "alpha": alpha, "fgr": fgr, "bgr": bgr, "image": torch.lerp(bgr, fgr, alpha)}


def on(device, batch):
    return {key: value.to(device) if isinstance(value, torch.Tensor) else value for key, value in batch.items()}


def part(batch, at):
    return {key: value[at : at + 1] for key, value in batch.items() if key != "skipped"} | {"skipped": []}


def snapshot(network):
    return {name: value.detach().clone() for name, value in network.named_parameters()}


def moved(network, before):
    return [name for name, value in network.named_parameters() if not torch.equal(value, before[name])]


def trained(node, seed=1):
    """A network as if from a checkpoint, its weights random but for those of BRIGHT."""
    torch.manual_seed(seed)
    network = build(node)
    if node is BRIGHT:
        torch.nn.init.constant_(network.weight, 4)
        torch.nn.init.constant_(network.bias, -6)
    return Trained(network.requires_grad_(False).eval(), node, (32, 24))
