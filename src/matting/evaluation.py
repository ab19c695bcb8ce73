"""Measuring a method on test sets: each sample, every row, the best and the worst as pictures."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from matting.batch import Batch
from matting.data.augment import resize
from matting.data.compose import compose_batch
from matting.data.datamodule import CompositeData
from matting.data.dataset import EvalComposites, eval_shape
from matting.data.images import write_image
from matting.files import write_json
from matting.loggers import loggers_of
from matting.methods.base import Method, load_method
from matting.metrics.functional import NAMES, matting_metrics
from matting.nets.morphology import scaled_size, trimap_from_alpha, unknown_region
from matting.progress import track
from matting.runs import Run, note
from matting.sheets import to_bytes
from matting.training import prepare
from matting.wandb_run import WandbRun

FIELDS = ("test", "id", "row", "region", "height", "width", *NAMES)


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
            for row, planes in measure(name, dataset, data, method, device, config):
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
) -> Iterator[tuple[list[dict[str, Any]], dict[str, np.ndarray]]]:
    """Each sample of a test set: its table rows, the alpha's first, and its planes as bytes."""
    constant = best_constant(dataset)
    convention, autocast = config["metrics"]["convention"], config["trainer"]["precision"] == "bf16-mixed"
    loader = data.eval_loader(dataset)
    for raw in track(loader, f"evaluate {name}", len(loader)):
        moved = {key: value.to(device) if isinstance(value, Tensor) else value for key, value in raw.items()}
        batch: Batch = compose_batch(moved, colour=False)  # type: ignore[arg-type]
        height, width = batch["alpha"].shape[-2:]
        size = scaled_size(height, width, config["metrics"]["unknown_dilation"], 1024, 3)
        with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
            given = {"trimap": trimap_from_alpha(batch["alpha"], size)} if method.wants_trimap else {}
            found = {stage: plane.cpu() for stage, plane in method(batch["image"], **given).items()}
        true = batch["alpha"].cpu()
        maps = {stage: found[stage] for stage in ("alpha", *method.measured)}
        maps |= {"constant": torch.full_like(true, constant), "perfect_mask": (true >= 0.5).float()}
        unknown = unknown_region(true, size)
        regions = {"whole": None, "unknown": unknown}
        values = {
            (row, region): matting_metrics(pred, true, regions[region], convention)
            for row, pred in maps.items()
            for region in config["metrics"]["regions"]
        }
        for i, id in enumerate(batch["ids"]):
            table = [
                {"test": name, "id": id, "row": row, "region": region, "height": height, "width": width}
                | {metric: float(value[i]) for metric, value in each.items()}
                for (row, region), each in values.items()
            ]
            planes = {"image": batch["image"][i], "alpha": found["alpha"][i], "truth": true[i]}
            planes |= {stage: found[stage][i] for stage in method.stages}
            yield table, {key: to_bytes(plane) for key, plane in planes.items()}


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


class Gallery:
    """The best and the worst samples by the alpha's MSE, and some evenly spread, as they come by."""

    def __init__(self, count: int):
        self.count, self.seen = count, 0
        self.best: list[tuple[float, str, dict[str, np.ndarray]]] = []
        self.worst: list[tuple[float, str, dict[str, np.ndarray]]] = []
        self.some: list[tuple[float, str, dict[str, np.ndarray]]] = []

    def offer(self, row: Mapping[str, Any], planes: dict[str, np.ndarray]) -> None:
        entry = (row["mse"], row["id"], planes)
        if self.seen < self.count:
            self.some.append(entry)
        self.seen += 1
        self.best = sorted([*self.best, entry], key=lambda e: e[:2])[: self.count]
        self.worst = sorted([*self.worst, entry], key=lambda e: e[:2], reverse=True)[: self.count]

    def write(self, folder: Path, test: str) -> list[dict[str, Any]]:
        """Save the planes; gives one entry a picture: test, kind, id, mse and the files relative to the run folder."""
        folder.mkdir(parents=True, exist_ok=True)
        entries = []
        for kind, group in (("first", self.some), ("best", self.best), ("worst", self.worst)):
            for i, (mse, id, planes) in enumerate(group):
                files = {}
                for plane, picture in planes.items():
                    file = folder / f"{kind}-{i}-{plane}.png"
                    write_image(file, picture)
                    files[plane] = file.relative_to(folder.parents[1]).as_posix()
                entries.append({"test": test, "kind": kind, "id": id, "mse": mse, "files": files})
        return entries
