"""Training of one run with Lightning: builds the pieces that a plain config names, fits, measures the best weights."""

import os
import shutil
import time
from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.plugins.environments import LightningEnvironment

from matting.config.instantiate import resolve
from matting.data.datamodule import CompositeData
from matting.errors import UserError
from matting.nets.checkpoint import ADVICE, load_network, read_checkpoint
from matting.nets.weights import load_weights
from matting.runs import lifecycle
from matting.runs.run import Run
from matting.runs.upstream import Upstream
from matting.stages.base import MattingStage, StageConfig
from matting.tracking.loggers import MetricsCSV, loggers_of
from matting.tracking.wandb_logger import WandbRun
from matting.training.callbacks.checkpointing import RunCheckpoint
from matting.training.callbacks.images import Pictures
from matting.training.callbacks.lifecycle import Limit, Settled, Skipped
from matting.training.callbacks.progress import Progress
from matting.training.callbacks.throughput import Throughput
from matting.training.checkpoint_io import AtomicCheckpointIO
from matting.training.spawn import ranks_of
from matting.utils import distributed
from matting.utils.files import check_space, read_metrics
from matting.utils.process import prepare

BYTES_A_PARAMETER = 12  # float32 weights and Adam's two moments


def train(run: Run, upstream: Mapping[str, Upstream]) -> dict[str, Any]:
    """Fit a run from its last checkpoint or from the start, and give its result; of several ranks the first does."""
    config = run.config
    start = time.monotonic()
    prepare(config)
    distributed.join(config["trainer"]["accelerator"])  # the first has begun the folder
    data = CompositeData(config, config["stage"]["batch_size"], config["val"]["samples"])
    data.setup("fit")
    stage = build_stage(config, upstream)
    total = count_batches(config, data)
    stage.total_batches, stage.log_every = total, config["runtime"]["log_every"]
    size = BYTES_A_PARAMETER * sum(p.numel() for p in stage.parameters())
    check_space(run.folder, 3 * size, "the checkpoints of this run")

    resumed = resumed_at(run) if run.last.is_file() else 0
    metrics = MetricsCSV(run.folder / "metrics.csv")
    metrics.start(resumed)
    with loggers_of(run, goes_on=resumed > 0) as loggers:
        trainer = build_trainer(run, stage, data, total, [metrics, *loggers])
        if resumed < total:
            with ranks_of(config["trainer"]):
                trainer.fit(stage, data, ckpt_path=str(run.last) if resumed else None)
        else:
            stage.load_state_dict(read_checkpoint(run.last)["state_dict"])
        if not distributed.leads():
            return {}
        result = measure(run, stage, data)
        lifecycle.note(run, seconds=round(time.monotonic() - start, 1))
        lifecycle.finish(run, result)
        apply_keep_policy(run)
        for logger in loggers:
            if isinstance(logger, WandbRun):
                logger.log_result(result)
    return result


def resumed_at(run: Run) -> int:
    """Batches that the last checkpoint has seen; raises UserError where other ranks trained it: theirs were larger."""
    facts, here = read_checkpoint(run.last)["matting"], rank_count(run.config["trainer"])
    if facts.get("ranks", here) != here:
        raise UserError(
            f"{run.last}: trained by {facts['ranks']} ranks so far, here are {here}; go on with as many, or start over "
            "with rerun=true"
        )
    return facts["batches"]


def build_stage(config: Mapping[str, Any], upstream: Mapping[str, Upstream]) -> MattingStage:
    """The LightningModule of a config; its upstream networks loaded and frozen."""
    compiler = os.environ.get("CXX", "g++")  # where torch.compile looks
    if config["trainer"]["compile"] and shutil.which(compiler) is None:
        raise UserError(f"trainer.compile=true: no C++ compiler {compiler} here; install one, or leave it false")
    node, specs = config["stage"], config["stage"]["upstream"]
    networks = {}
    for key, found in upstream.items():
        name = key.removeprefix("stage__")
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
    assert data.training is not None
    samples = config["data"]["epoch_samples"] or len(data.training)
    together = config["stage"]["batch_size"] * rank_count(config["trainer"])
    total = config["stage"]["epochs"] * max(1, samples // together)
    limit = config["trainer"]["max_batches"]
    return total if limit is None else min(total, limit)


def rank_count(trainer: Mapping[str, Any]) -> int:
    """Over all nodes; `devices: -1` is all GPUs that there are."""
    return trainer["num_nodes"] * max(1, trainer["devices"] if trainer["devices"] > 0 else torch.cuda.device_count())


def build_trainer(run: Run, stage: MattingStage, data: CompositeData, total: int, loggers: list[Logger]) -> Trainer:
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
        speed = Throughput(run.kind, config["runtime"]["log_every"])
        watchers = [Progress(run.kind, total, speed), *watchers, speed]  # last: what the others do is no wait
    return Trainer(
        **{key: node[key] for key in ("accelerator", "devices", "num_nodes", "strategy", "precision")},
        max_epochs=config["stage"]["epochs"],
        val_check_interval=val_every,
        check_val_every_n_epoch=None,
        limit_val_batches=1.0 if data.validation is not None else 0,
        num_sanity_val_steps=0,
        logger=loggers,
        log_every_n_steps=1,  # never used: stages log on their own count
        callbacks=watchers,
        plugins=[AtomicCheckpointIO()],
        use_distributed_sampler=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=str(run.folder),
    )


def measure(run: Run, stage: MattingStage, data: CompositeData) -> dict[str, Any]:
    """The best weights on validation and on every named test set; then the checkpoints that are not kept go."""
    last, best = read_checkpoint(run.last), run.best if run.best.is_file() else run.last
    checkpoint = read_checkpoint(best)
    load_weights(stage, checkpoint["state_dict"], str(best), ADVICE)
    node = run.config["trainer"]
    trainer = Trainer(
        accelerator=node["accelerator"],
        devices=1,
        precision=node["precision"],
        logger=False,
        plugins=[LightningEnvironment()],  # one rank measures, however many trained
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    trainer.test(stage, data, verbose=False)
    batch = checkpoint["matting"]["batches"]
    result: dict[str, Any] = {"batch": batch, "batches": last["matting"]["batches"]}
    if found := best_validation(run, batch):  # none where there is no validation, or its rows were lost
        result["val"] = found
    result |= {name: values for name, values in stage.results.items() if name != "val"}
    assert data.training is not None
    skipped = sorted({*last["matting"]["skipped"], *data.skipped.values()})
    lifecycle.note(
        run,
        device=device_name(trainer),
        subjects=data.training.subject_count,
        samples=len(data.training),
        skipped=skipped,
        ranks=rank_count(run.config["trainer"]),
    )
    return result


def best_validation(run: Run, batch: int) -> dict[str, float]:
    rows = read_metrics(run.folder / "metrics.csv")
    return {row["name"]: row["value"] for row in rows if row["batch"] == batch and row["name"].startswith("val/")}


def device_name(trainer: Trainer) -> str:
    return torch.cuda.get_device_name() if trainer.strategy.root_device.type == "cuda" else "cpu"


def apply_keep_policy(run: Run) -> None:
    """`checkpoint.keep` of a done run: weights of the best | best, with optimizers | all."""
    keep = run.config["checkpoint"]["keep"]
    if keep == "all":
        return
    checkpoint = read_checkpoint(run.best if run.best.is_file() else run.last)
    if keep == "weights":
        checkpoint = {key: checkpoint[key] for key in ("state_dict", "matting", "pytorch-lightning_version")}
    AtomicCheckpointIO().save_checkpoint(checkpoint, run.best)
    run.last.unlink(missing_ok=True)
