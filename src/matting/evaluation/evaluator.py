"""Evaluate a method on its test sets: figures of each sample, means of each row, pictures of some samples."""

import csv
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from matting.data.batch import Batch
from matting.data.datamodule import CompositeData
from matting.data.dataset import EvalComposites, eval_shape
from matting.evaluation.gallery import Gallery
from matting.evaluation.measure import Evaluator, dilation, means_of
from matting.evaluation.persons_behind import no_person_behind
from matting.evaluation.without_people import measure_without_people
from matting.methods.base import Method, load_method
from matting.metrics.functional import NAMES
from matting.ops.resample import at_size
from matting.ops.trimap import trimap_from_alpha
from matting.runs.lifecycle import note
from matting.runs.run import Run
from matting.tracking.loggers import loggers_of, run_loggers
from matting.utils.console import say
from matting.utils.files import write_json
from matting.utils.process import prepare
from matting.visualization.samples import Sample

FIELDS = ("test", "id", "row", "region", "height", "width", *NAMES)


def evaluate(run: Run, checkpoints: Mapping[str, Path]) -> dict[str, Any]:
    """Fill the folder of an evaluation and return its result: means by test set, row and region.

    Rows: the method's `alpha`, those of its intermediate maps that are measured (`coarse`), and two controls. The best
    `constant` is the alpha of one value with the least MSE. The `perfect_mask` is truth >= 0.5: a method that is no
    better than this one is a segmentation method.
    """
    config = run.config
    prepare(config)
    method, device = load_method(config, checkpoints)
    data = CompositeData(config, config["batch_size"])
    data.setup("test")
    names: dict[str, str] = {"alpha": method.name, **{stage: stage for stage in method.measured}}
    result: dict[str, Any] = {"names": names, "convention": config["metrics"]["convention"], "tests": {}}
    shown: list[dict[str, Any]] = []
    samples: list[Sample] = []
    with (run.folder / "images.csv").open("w", newline="") as table, (run.folder / "images.jsonl").open("w") as lines:
        writer = csv.DictWriter(table, FIELDS)
        writer.writeheader()
        for name, dataset in data.tests.items():
            rows, gallery = [], Gallery(config["pictures"])
            evaluator = evaluator_of(method, best_constant(dataset), device, config)
            loader = data.eval_loader(dataset)
            with closing(evaluator.samples(name, loader, config["runtime"]["workers"])) as measured:
                for row, planes in measured:
                    rows += row
                    writer.writerows(row)
                    lines.writelines(json.dumps(one) + "\n" for one in row)
                    gallery.offer(row[0], planes)
            result["tests"][name] = summary(rows, dataset) | no_person_behind(rows, config, name)
            result["tests"][name] |= measure_without_people(evaluator, data, name)
            shown += gallery.write(run.folder / "pictures" / name, name)
            samples += gallery.samples(name)
    write_json(run.folder / "pictures.json", shown)
    note(run, device=str(device))
    with loggers_of(run) as loggers:
        for logger in run_loggers(loggers):
            logger.log_evaluation(result, samples)
    return result


def check_people(config: Mapping[str, Any]) -> None:
    """Raise UserError where a test set of a training's plain config shows a person of the training."""
    CompositeData(config, 1).setup("fit")


def evaluator_of(method: Method, constant: float, device: torch.device, config: Mapping[str, Any]) -> Evaluator:
    """Return the evaluator of a method as the plain config of an evaluation asks for it."""
    metrics = config["metrics"]

    def predict(batch: Batch) -> dict[str, Tensor]:
        given: dict[str, Tensor] = {}
        if method.wants_trimap:
            given["trimap"] = trimap_from_alpha(batch["alpha"], dilation(batch["alpha"], metrics["unknown_dilation"]))
        maps = method(batch["image"], **given)
        for index, reason in method.unsolved.items():
            say(f"warning: {batch['ids'][index]}: {reason}; its unknown pixels count as 0")
        return maps

    def controls(truth: Tensor) -> dict[str, Tensor]:
        return {"constant": torch.full_like(truth, constant), "perfect_mask": (truth >= 0.5).float()}

    bf16 = config["trainer"]["precision"] == "bf16-mixed"
    shown = ("image", "alpha", "truth", *method.intermediates)
    return Evaluator(predict, device, bf16, method.measured, shown, controls, **metrics)


def best_constant(dataset: EvalComposites) -> float:
    """Return the one alpha with the least mean MSE over a test set: the mean of its samples' means."""
    means = []
    for subject in dataset.pairing.subjects:
        alpha = torch.tensor(dataset.subjects.load(subject).alpha)[None, None].float().div_(255)
        means.append(float(at_size(alpha, eval_shape(dataset.eval_size, *alpha.shape[-2:])).double().mean()))
    return float(np.mean(means))


def summary(rows: list[dict[str, Any]], dataset: EvalComposites) -> dict[str, Any]:
    """Return a test set's entry of result.json: its size and the means over samples by row and region."""
    sizes = sorted({(entry["height"], entry["width"]) for entry in rows})
    return {
        "samples": len({entry["id"] for entry in rows}),
        "subjects": len(dataset.pairing.subjects),
        "eval_size": dataset.eval_size,
        "sizes": [sizes[0], sizes[-1]],
        "rows": means_of(rows),
    }
