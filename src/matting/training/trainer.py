"""Train one run with Lightning: fit what its config names, measure the best weights on the test sets."""

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from matting.config.derive import NodeKey
from matting.data.batch import Batch
from matting.data.datamodule import CompositeData
from matting.errors import UserError
from matting.evaluation.measure import Evaluator, means_of
from matting.evaluation.without_people import measure_without_people
from matting.metrics.functional import NAMES
from matting.nets.checkpoint import ADVICE, read_checkpoint
from matting.nets.weights import load_weights
from matting.runs import lifecycle
from matting.runs.run import Run
from matting.runs.upstream import Upstream
from matting.stages.base import MattingStage
from matting.tracking.loggers import MetricsCSV, loggers_of, run_loggers
from matting.training.build import build_stage, build_trainer, count_batches, rank_count
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
