"""Measuring a method on test sets: each sample, every row, the best and the worst as pictures."""

import csv
import json
from collections import defaultdict, deque
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from matting.data.augment import resize
from matting.data.batch import Batch, RawBatch
from matting.data.compositing import compose_batch
from matting.data.datamodule import CompositeData
from matting.data.dataset import EvalComposites, eval_shape
from matting.evaluation.gallery import Gallery
from matting.evaluation.prefetch import ahead, loaded
from matting.methods.base import Method, load_method
from matting.metrics.functional import NAMES, region_metrics
from matting.ops.trimap import scaled_size, trimap_from_alpha, unknown_region
from matting.runs.lifecycle import note
from matting.runs.run import Run
from matting.tracking.loggers import loggers_of
from matting.tracking.wandb_logger import WandbRun
from matting.utils.console import track
from matting.utils.files import write_json
from matting.utils.process import prepare

FIELDS = ("test", "id", "row", "region", "height", "width", *NAMES)
Sample = tuple[list[dict[str, Any]], dict[str, Tensor]]


def evaluate(run: Run, checkpoints: Mapping[str, Path]) -> dict[str, Any]:
    """Fill an evaluation's folder and give its result: means by test set, row and region.

    Rows: the method's `alpha`, those of its stages that may stand for one (`coarse`), the best `constant`, and the
    `perfect_mask`, truth >= 0.5: a method that does not beat that one is a segmentation method.
    """
    config = run.config
    prepare(config)
    method, device = load_method(config, checkpoints)
    data = CompositeData(config, config["batch_size"])
    data.setup("test")
    names: dict[str, str] = {"alpha": method.name, **{stage: stage for stage in method.measured}}
    result: dict[str, Any] = {"names": names, "convention": config["metrics"]["convention"], "tests": {}}
    shown = []
    with (run.folder / "images.csv").open("w", newline="") as table, (run.folder / "images.jsonl").open("w") as lines:
        writer = csv.DictWriter(table, FIELDS)
        writer.writeheader()
        for name, dataset in data.tests.items():
            rows, gallery = [], Gallery(config["pictures"])
            with closing(measure(name, dataset, data, method, device, config)) as samples:
                for row, planes in samples:
                    rows += row
                    writer.writerows(row)
                    lines.writelines(json.dumps(one) + "\n" for one in row)
                    gallery.offer(row[0], planes)
            result["tests"][name] = summary(rows, dataset)
            shown += gallery.write(run.folder / "pictures" / name, name)
    write_json(run.folder / "pictures.json", shown)
    note(run, device=str(device))
    with loggers_of(run) as loggers:
        for logger in loggers:
            if isinstance(logger, WandbRun):
                logger.log_evaluation(result)
    return result


def measure(
    name: str,
    dataset: EvalComposites,
    data: CompositeData,
    method: Method,
    device: torch.device,
    config: Mapping[str, Any],
) -> Generator[Sample, None, None]:
    """Each sample of a test set: its table rows, the alpha's first, and its planes (C, H, W).

    While a batch is measured the network has the next one, and the one after that is loaded. Whoever does not take all
    closes it: threads that the garbage collector ends can wait for themselves.
    """
    constant = best_constant(dataset)
    loader = data.eval_loader(dataset, workers=0)
    with (
        closing(loaded(loader, config["runtime"]["workers"])) as batches,
        closing(ahead(batches)) as raws,
        ThreadPoolExecutor(1) as beside,
    ):
        measured: deque[Future[list[Sample]]] = deque()
        for raw in track(raws, f"evaluate {name}", len(loader)):
            planes = predicted(raw, method, device, config)
            measured.append(beside.submit(samples_of, name, raw["ids"], planes, method, constant, config))
            if len(measured) > 1:
                yield from measured.popleft().result()
        for last in measured:
            yield from last.result()


def predicted(raw: RawBatch, method: Method, device: torch.device, config: Mapping[str, Any]) -> dict[str, Tensor]:
    """The planes of a batch on the host: image, alpha, truth, and what else the method shows or has measured."""
    moved = {key: value.to(device) if isinstance(value, Tensor) else value for key, value in raw.items()}
    batch: Batch = compose_batch(moved, colour=False)  # type: ignore[arg-type]
    autocast = config["trainer"]["precision"] == "bf16-mixed"
    with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
        given: dict[str, Tensor] = {}
        if method.wants_trimap:
            given["trimap"] = trimap_from_alpha(batch["alpha"], dilation(batch["alpha"], config))
        found = method(batch["image"], **given)
    planes = {"image": batch["image"], "alpha": found["alpha"], "truth": batch["alpha"]}
    planes |= {stage: found[stage] for stage in (*method.intermediates, *method.measured)}
    return {name: plane.cpu() for name, plane in planes.items()}


def samples_of(
    test: str,
    ids: list[str],
    planes: dict[str, Tensor],
    method: Method,
    constant: float,
    config: Mapping[str, Any],
) -> list[Sample]:
    """Each sample of a predicted batch, measured."""
    true, metrics = planes["truth"], config["metrics"]
    height, width = true.shape[-2:]
    maps = {row: planes[row] for row in ("alpha", *method.measured)}
    maps |= {"constant": torch.full_like(true, constant), "perfect_mask": (true >= 0.5).float()}
    masks = {"whole": None, "unknown": unknown_region(true, dilation(true, config))}
    chosen = [masks[region] for region in metrics["regions"]]
    values = {row: region_metrics(pred, true, chosen, metrics["convention"]) for row, pred in maps.items()}
    samples = []
    for i, id in enumerate(ids):
        table = [
            {"test": test, "id": id, "row": row, "region": region, "height": height, "width": width}
            | {metric: float(value[i]) for metric, value in each.items()}
            for row, found in values.items()
            for region, each in zip(metrics["regions"], found, strict=True)
        ]
        samples.append((table, {name: planes[name][i] for name in ("image", "alpha", "truth", *method.intermediates)}))
    return samples


def dilation(alpha: Tensor, config: Mapping[str, Any]) -> int:
    """Pixels by which the unknown region of an alpha (B, 1, H, W) is dilated."""
    height, width = alpha.shape[-2:]
    return scaled_size(height, width, config["metrics"]["unknown_dilation"], 1024, 3)


def best_constant(dataset: EvalComposites) -> float:
    """The one alpha that has the least mean MSE over a test set: the mean of its samples' means."""
    means = []
    for subject in dataset.pairing.subjects:
        alpha = dataset.subjects.load(subject).alpha
        means.append(resize(alpha, *eval_shape(dataset.eval_size, *alpha.shape)).mean() / 255)
    return float(np.mean(means))


def summary(rows: list[dict[str, Any]], dataset: EvalComposites) -> dict[str, Any]:
    """Means over samples by row and region; a sample whose region is empty is counted and in no mean."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for entry in rows:
        groups[entry["row"], entry["region"]].append(entry)
    means: dict[str, dict[str, dict[str, float | None]]] = defaultdict(dict)
    for (row, region), members in groups.items():
        counted = [member for member in members if not np.isnan(member["mse"])]
        values = {name: float(np.mean([member[name] for member in counted])) if counted else None for name in NAMES}
        values |= {f"{name}_px": a_pixel(counted, name) for name in ("grad", "conn")}
        means[row][region] = {**values, "n_empty": len(members) - len(counted)}
    sizes = sorted({(entry["height"], entry["width"]) for entry in rows})
    return {
        "samples": len({entry["id"] for entry in rows}),
        "subjects": len(dataset.pairing.subjects),
        "eval_size": dataset.eval_size,
        "sizes": [sizes[0], sizes[-1]],
        "rows": means,
    }


def a_pixel(rows: list[dict[str, Any]], name: str) -> float | None:
    """A raw sum as a mean over pixels of the whole image, meaned over samples: AlphaNet's Table I."""
    return float(np.mean([row[name] / (row["height"] * row["width"]) for row in rows])) if rows else None
