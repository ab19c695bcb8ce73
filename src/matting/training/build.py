"""Build the pieces of a run: its stage, its number of batches, and the Trainer with the callbacks."""

import os
import shutil
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import Logger

from matting.config.derive import NodeKey
from matting.config.instantiate import resolve
from matting.data.datamodule import CompositeData
from matting.errors import UserError
from matting.nets.checkpoint import load_network
from matting.runs import speeds
from matting.runs.run import Run
from matting.runs.upstream import Upstream
from matting.stages.base import MattingStage, StageConfig
from matting.training.callbacks.checkpointing import RunCheckpoint
from matting.training.callbacks.images import Pictures
from matting.training.callbacks.lifecycle import Limit, Settled, Skipped
from matting.training.callbacks.progress import Progress
from matting.training.callbacks.throughput import Throughput
from matting.training.checkpoint_io import AtomicCheckpointIO


def build_stage(config: Mapping[str, Any], upstream: Mapping[NodeKey, Upstream]) -> MattingStage:
    """Build the LightningModule of a config, with its upstream networks loaded and frozen."""
    compiler = os.environ.get("CXX", "g++")  # where torch.compile looks
    if config["trainer"]["compile"] and shutil.which(compiler) is None:
        raise UserError(f"trainer.compile=true: there is no C++ compiler {compiler}; install one, or leave it false")
    node, specs = config["stage"], config["stage"]["upstream"]
    networks = {}
    for key, found in upstream.items():
        name = NodeKey(key).name
        networks[name] = load_network(found.checkpoint, specs[name]["stage"])
    parts = StageConfig(node, config["net"], config["loss"], config["optim"], config["paths"]["data_root"])
    stage: MattingStage = resolve(node["_target_"])(parts, **networks)
    stage.frame = tuple(node["frame"])
    for network in stage.trained.values():
        if config["trainer"]["channels_last"]:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if config["runtime"]["recompute"]:
        stage.recompute()
    return stage


def count_batches(config: Mapping[str, Any], data: CompositeData) -> int:
    """Return the training batches of a run, over all its epochs."""
    assert data.training is not None
    samples = config["data"]["epoch_samples"] or len(data.training)
    together = config["stage"]["batch_size"] * rank_count(config["trainer"])
    total = config["stage"]["epochs"] * max(1, samples // together)
    limit = config["trainer"]["max_batches"]
    return total if limit is None else min(total, limit)


def rank_count(trainer: Mapping[str, Any]) -> int:
    """Return the number of ranks over all nodes; `devices: -1` means all GPUs of this machine."""
    return trainer["num_nodes"] * max(1, trainer["devices"] if trainer["devices"] > 0 else torch.cuda.device_count())


def build_trainer(
    run: Run,
    stage: MattingStage,
    data: CompositeData,
    total: int,
    loggers: list[Logger],
    checkpoints: AtomicCheckpointIO,
) -> Trainer:
    """Build the Lightning Trainer of a run with the callbacks of this package."""
    config, node = run.config, run.config["trainer"]
    keep, val_every = config["checkpoint"], config["val"]["every_batches"]
    watchers: list[Any] = [
        Settled(config["runtime"]["threads"], node["compile"], run.folder / "train.log"),
        Limit(total),
        Skipped(),
        Pictures(run.folder / "images", config["val"]["pictures"]),
        RunCheckpoint(run.checkpoints, keep["every_batches"], keep["minutes"], val_every, keep["keep"]),
    ]
    if config["runtime"]["progress"]:
        speed = Throughput(run.kind, config["runtime"]["log_every"], partial(speeds.note, config))
        # The speed comes last, so that the time of the other callbacks counts as work.
        watchers = [Progress(run.kind, total, speed), *watchers, speed]
    return Trainer(
        **{key: node[key] for key in ("accelerator", "devices", "num_nodes", "strategy", "precision")},
        max_epochs=config["stage"]["epochs"],
        val_check_interval=val_every,
        check_val_every_n_epoch=None,
        limit_val_batches=1.0 if data.validation is not None else 0,
        num_sanity_val_steps=0,
        logger=loggers,
        log_every_n_steps=1,  # unused: stages count batches themselves
        callbacks=watchers,
        plugins=[checkpoints],
        use_distributed_sampler=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=str(run.folder),
    )
