"""Predict the samples of a test set and measure them: the one way from a data set to metrics."""

from collections import defaultdict, deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from matting.data.batch import Batch, RawBatch
from matting.data.compositing import compose_batch
from matting.evaluation.prefetch import ahead, loaded
from matting.metrics.functional import NAMES, region_metrics
from matting.ops.trimap import scaled_size, unknown_region
from matting.utils.console import track

Planes = dict[str, Tensor]
Row = dict[str, Any]
Means = dict[str, dict[str, dict[str, float | None]]]
Sample = tuple[list[Row], Planes]


@dataclass(frozen=True)
class Evaluator:
    """How predictions are made and measured; a trained stage's test sets and `matting evaluate` share it.

    predict: from a batch on `device` to maps (B, 1, H, W) in [0, 1], among them `alpha`.
    measured: maps that are measured as well, after `alpha`.
    controls: from the truth to further maps to measure, which no network predicts.
    bf16: whether networks run in bfloat16 where autocast allows it.
    convention, regions, unknown_dilation: as `metrics` of conf/evaluate.yaml, which explains them.
    """

    predict: Callable[[Batch], Planes]
    device: torch.device
    bf16: bool
    measured: Sequence[str] = ()
    controls: Callable[[Tensor], Planes] = lambda truth: {}
    convention: str = "dim"
    regions: Sequence[str] = ("whole",)
    unknown_dilation: int = 0

    def samples(self, test: str, loader: DataLoader, workers: int) -> Generator[Sample, None, None]:
        """Yield each sample of a test set: its table rows, those of `alpha` first, and its planes (C, H, W).

        Three batches are in work at once: one is measured, the network has the next, the one after that is loaded.
        Close the generator unless it runs to its end: threads that the garbage collector ends can wait for themselves.
        """
        with (
            closing(loaded(loader, workers)) as batches,
            closing(ahead(batches)) as raws,
            ThreadPoolExecutor(1) as thread,
        ):
            measured: deque[Future[list[Sample]]] = deque()
            for raw in track(raws, f"evaluate {test}", len(loader)):
                measured.append(thread.submit(self.measure, test, raw["ids"], self.planes(raw)))
                if len(measured) > 1:
                    yield from measured.popleft().result()
            for last in measured:
                yield from last.result()

    def planes(self, raw: RawBatch) -> Planes:
        """Return the planes of a batch on the host: image, alpha, truth and the other maps of the prediction."""
        moved = {key: value.to(self.device) if isinstance(value, Tensor) else value for key, value in raw.items()}
        batch: Batch = compose_batch(moved, colour=False)  # type: ignore[arg-type]
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            maps = self.predict(batch)
        planes = {"image": batch["image"], "alpha": maps["alpha"], "truth": batch["alpha"], **maps}
        return {name: plane.float().cpu() for name, plane in planes.items()}

    def measure(self, test: str, ids: Sequence[str], planes: Planes) -> list[Sample]:
        """Measure each sample of a predicted batch in every region."""
        true = planes["truth"]
        height, width = true.shape[-2:]
        maps = {row: planes[row] for row in ("alpha", *self.measured)} | self.controls(true)
        masks = [self.mask(region, true) for region in self.regions]
        values = {row: region_metrics(pred, true, masks, self.convention) for row, pred in maps.items()}
        samples = []
        for i, id in enumerate(ids):
            table = [
                {"test": test, "id": id, "row": row, "region": region, "height": height, "width": width}
                | {metric: float(value[i]) for metric, value in each.items()}
                for row, found in values.items()
                for region, each in zip(self.regions, found, strict=True)
            ]
            samples.append((table, {name: plane[i] for name, plane in planes.items()}))
        return samples

    def mask(self, region: str, true: Tensor) -> Tensor | None:
        """Return the pixels of a region of `true` (B, 1, H, W) as a bool mask; None is the whole image."""
        return None if region == "whole" else unknown_region(true, dilation(true, self.unknown_dilation))


def dilation(alpha: Tensor, unknown_dilation: int) -> int:
    """Return the pixels by which the unknown region of an alpha (B, 1, H, W) is dilated.

    unknown_dilation: pixels at a shorter side of 1024; the result is scaled with the image.
    """
    height, width = alpha.shape[-2:]
    return scaled_size(height, width, unknown_dilation, 1024, 3)


def means_of(rows: Sequence[Mapping[str, Any]]) -> Means:
    """Return the means over samples by row, region and metric.

    A sample whose region is empty is counted in `n_empty` and enters no mean. A mean of no sample is None.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for entry in rows:
        groups[entry["row"], entry["region"]].append(entry)
    means: Means = defaultdict(dict)
    for (row, region), members in groups.items():
        counted = [member for member in members if not np.isnan(member["mse"])]
        values = {name: float(np.mean([member[name] for member in counted])) if counted else None for name in NAMES}
        values |= {f"{name}_px": mean_per_pixel(counted, name) for name in ("grad", "conn")}
        means[row][region] = {**values, "n_empty": len(members) - len(counted)}
    return means


def mean_per_pixel(rows: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """Return the mean over samples of a raw sum divided by the image's pixels, as in AlphaNet's Table I."""
    return float(np.mean([row[name] / (row["height"] * row["width"]) for row in rows])) if rows else None
