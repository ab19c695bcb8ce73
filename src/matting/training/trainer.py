"""Train one run with Lightning: build what its config names, fit, measure the best weights on the test sets."""

import os
import shutil
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import Logger
from torch import Tensor

from matting.config.derive import NodeKey
from matting.config.instantiate import resolve
from matting.data.batch import Batch
from matting.data.datamodule import CompositeData
from matting.errors import UserError
from matting.evaluation.measure import Evaluator, means_of
from matting.evaluation.without_people import measure_without_people
from matting.metrics.functional import NAMES
from matting.nets.checkpoint import ADVICE, load_network, read_checkpoint
from matting.nets.weights import load_weights
from matting.runs import lifecycle, speeds
from matting.runs.run import Run
from matting.runs.upstream import Upstream
from matting.stages.base import MattingStage, StageConfig
from matting.tracking.loggers import MetricsCSV, loggers_of, run_loggers
from matting.training.callbacks.checkpointing import RunCheckpoint
from matting.training.callbacks.images import Pictures
from matting.training.callbacks.lifecycle import Limit, Settled, Skipped
from matting.training.callbacks.progress import Progress
from matting.training.callbacks.throughput import Throughput
from matting.training.checkpoint_io import AtomicCheckpointIO
from matting.training.spawn import ranks_of
from matting.utils import distributed
from matting.utils.files import check_space, read_metrics
from matting.utils.process import device_of, prepare

BYTES_A_PARAMETER = 12  # of a checkpoint: float32 weights and the two moments of Adam


def train(run: Run, upstream: Mapping[NodeKey, Upstream]) -> dict[str, Any]:
    """Fit a run from its last checkpoint or from the start, and return its result; ranks but the first return {}."""
    config = run.config
    start = time.monotonic()
    prepare(config)
    distributed.join(config["trainer"]["accelerator"])  # the first rank has made the folder
    stage = build_stage(config, upstream)  # weights and space are there before the caches of the data are built
    size = BYTES_A_PARAMETER * sum(p.numel() for p in stage.parameters())
    check_space(run.folder, 3 * size, "the checkpoints of this run")
    data = CompositeData(config, config["stage"]["batch_size"], config["val"]["samples"])
    data.setup("fit")
    total = count_batches(config, data)
    stage.total_batches, stage.log_every = total, config["runtime"]["log_every"]
    if distributed.leads():
        lifecycle.note(run, total_batches=total)

    checkpoints = AtomicCheckpointIO()
    resumed = resumed_at(run, checkpoints) if run.last.is_file() else 0
    metrics = MetricsCSV(run.folder / "metrics.csv")
    metrics.start(resumed)
    with loggers_of(run, goes_on=resumed > 0) as loggers:
        if resumed < total:
            trainer = build_trainer(run, stage, data, total, [metrics, *loggers], checkpoints)
            with ranks_of(config["trainer"]):
                trainer.fit(stage, data, ckpt_path=str(run.last) if resumed else None)
        else:
            stage.on_load_checkpoint(checkpoints.load_checkpoint(run.last))
        if not distributed.leads():
            return {}
        if distributed.spawns(config["trainer"]):
            # The ranks trained copies of the stage: what they counted is in the checkpoint alone.
            stage.on_load_checkpoint(read_checkpoint(run.last))
        best = run.best if run.best.is_file() else run.last
        checkpoint = read_checkpoint(best)
        load_weights(stage, checkpoint["state_dict"], str(best), ADVICE)
        result = measure(run, stage, data, checkpoint["matting"])
        lifecycle.note(run, seconds=round(time.monotonic() - start, 1))
        lifecycle.finish(run, result)
        apply_keep_policy(run, checkpoint)
        for logger in run_loggers(loggers):
            logger.log_result(result)
    return result


def measure_again(run: Run, upstream: Mapping[NodeKey, Upstream]) -> dict[str, dict[str, float]]:
    """Return the means of a done run's best weights on the test sets of its config, as `measure_tests`.

    Raise UserError where a test set shows a person of the training.
    """
    config = run.config
    prepare(config)
    data = CompositeData(config, config["stage"]["batch_size"], config["val"]["samples"])
    data.setup("fit")  # with the training subjects, among whom nobody of a test set may be
    stage, device = build_stage(config, upstream), device_of(config)
    load_weights(stage, read_checkpoint(run.best)["state_dict"], str(run.best), ADVICE)
    return measure_tests(stage.to(device).eval(), data, device, config)


def resumed_at(run: Run, checkpoints: AtomicCheckpointIO) -> int:
    """Return the batches that the last checkpoint has seen.

    Raise UserError where another number of ranks trained it: their batches had another size.
    """
    facts, here = checkpoints.read_ahead(run.last), rank_count(run.config["trainer"])
    if facts.get("ranks", here) != here:
        raise UserError(
            f"{run.last}: trained by {facts['ranks']} ranks so far, this command has {here}; start as many, or start "
            "over with rerun=true"
        )
    return facts["batches"]


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


def measure(run: Run, stage: MattingStage, data: CompositeData, best: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a trained stage, which holds its best weights; note in the manifest what it was made of.

    best: what the checkpoint of these weights says of itself. The result has `batch`, which they are from, `batches` in
    all, `val`, where there is a validation, and the means on each test set.
    """
    config = run.config
    device = device_of(config)
    result: dict[str, Any] = {"batch": best["batches"], "batches": stage.batches}
    if found := best["val"] if "val" in best else logged_validation(run, best["batches"]):
        result["val"] = found
    result |= measure_tests(stage.to(device).eval(), data, device, config)
    assert data.training is not None
    lifecycle.note(
        run,
        device=torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        subjects=data.training.subject_count,
        samples=len(data.training),
        skipped=sorted({*stage.skipped, *data.skipped}),
        ranks=rank_count(config["trainer"]),
    )
    return result


def logged_validation(run: Run, batch: int) -> dict[str, float]:
    """Return the validation that metrics.csv has of a batch: checkpoints of version 0.1.0 do not hold it."""
    file = run.folder / "metrics.csv"
    rows = [row for row in read_metrics(file) if row["batch"] == batch] if file.is_file() else []
    return {row["name"]: row["value"] for row in rows if row["name"].startswith("val/")}


def measure_tests(
    stage: MattingStage, data: CompositeData, device: torch.device, config: Mapping[str, Any]
) -> dict[str, dict[str, float]]:
    """Return the means of the stage's prediction on each test set, raw.

    `whole/<metric>` is of whole images, `without_people/<figure>` of its backgrounds alone.
    """
    evaluator, result = stage_evaluator(stage, device, config), {}
    for name, dataset in data.tests.items():
        loader = data.eval_loader(dataset)
        rows = [row for table, _ in evaluator.samples(name, loader, config["runtime"]["workers"]) for row in table]
        means = means_of(rows)["alpha"]["whole"]
        values = {key: means[key] for key in (*NAMES, "n_empty")}
        result[name] = {f"whole/{key}": float(value) for key, value in values.items() if value is not None}
        for found in measure_without_people(evaluator, data, name).values():
            result[name] |= {f"without_people/{key}": value for key, value in found["rows"]["alpha"].items()}
    return result


def stage_evaluator(stage: MattingStage, device: torch.device, config: Mapping[str, Any]) -> Evaluator:
    """Return what predicts and measures the pictures of a test set by a stage."""

    def predict(batch: Batch) -> dict[str, Tensor]:
        return {"alpha": stage.predict_map(batch)}

    return Evaluator(predict, device, config["trainer"]["precision"] == "bf16-mixed")


def apply_keep_policy(run: Run, checkpoint: Mapping[str, Any] | None = None) -> None:
    """Apply `checkpoint.keep` to a done run: keep the weights of the best | the best, with optimizers | all.

    checkpoint: the best one, where it has been read.
    """
    keep = run.config["checkpoint"]["keep"]
    if keep == "all":
        return
    best = run.best if run.best.is_file() else run.last
    if keep == "weights":
        checkpoint = checkpoint or read_checkpoint(best)
        weights = {key: checkpoint[key] for key in ("state_dict", "matting", "pytorch-lightning_version")}
        AtomicCheckpointIO().save_checkpoint(weights, run.best)
    elif best == run.last:
        run.last.replace(run.best)
    run.last.unlink(missing_ok=True)
