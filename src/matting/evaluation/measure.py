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
from matting.data.dataset import eval_shape
from matting.evaluation.prefetch import ahead, loaded
from matting.metrics.functional import NAMES, region_metrics
from matting.ops.resample import at_size
from matting.ops.resize import reduced_size
from matting.ops.trimap import scaled_size, unknown_region
from matting.utils.console import track

Planes = dict[str, Tensor]
Row = dict[str, Any]
Means = dict[str, dict[str, dict[str, float | None]]]
Sample = tuple[list[Row], Planes]
SHOWN_SIDE = 1024  # px: the longest side of the planes that are handed out


@dataclass(frozen=True)
class Evaluator:
    """How predictions are made and measured; a trained stage's test sets and `matting evaluate` share it.

    A picture is predicted at its own size. Prediction and truth alone are resized to the size of the table.

    predict: from a batch on `device` to maps (B, 1, H, W) in [0, 1], among them `alpha`.
    measured: maps that are measured as well, after `alpha`.
    shown: planes that are handed out with the rows: `image`, `truth` and maps.
    controls: from the truth to further maps to measure, which no network predicts.
    bf16: whether networks run in bfloat16 where autocast allows it.
    convention, regions, unknown_dilation: as `metrics` of conf/evaluate.yaml, which explains them.
    """

    predict: Callable[[Batch], Planes]
    device: torch.device
    bf16: bool
    measured: Sequence[str] = ()
    shown: Sequence[str] = ()
    controls: Callable[[Tensor], Planes] = lambda truth: {}
    convention: str = "dim"
    regions: Sequence[str] = ("whole",)
    unknown_dilation: int = 0

    def samples(self, test: str, loader: DataLoader, workers: int) -> Generator[Sample, None, None]:
        """Yield each sample of a test set: its table rows, those of `alpha` first, and the planes (C, H, W) to show.

        Three batches are in work at once: one is measured, the network has the next, the one after that is loaded.
        Close the generator unless it runs to its end: threads that the garbage collector ends can wait for themselves.
        """
        eval_size = loader.dataset.eval_size  # type: ignore[attr-defined]
        with (
            closing(loaded(loader, workers)) as batches,
            closing(ahead(batches)) as raws,
            ThreadPoolExecutor(1) as thread,
        ):
            measured: deque[Future[list[Sample]]] = deque()
            for raw in track(raws, f"evaluate {test}", len(loader)):
                measured.append(thread.submit(self.measure, test, raw["ids"], *self.predicted(raw, eval_size)))
                if len(measured) > 1:
                    yield from measured.popleft().result()
            for last in measured:
                yield from last.result()

    def predicted(self, raw: RawBatch, eval_size: Any) -> tuple[Planes, Planes]:
        """Return two sets of planes of a batch, on the host: truth and maps at `eval_size`, and the planes to show."""
        moved = {key: value.to(self.device) if isinstance(value, Tensor) else value for key, value in raw.items()}
        batch: Batch = compose_batch(moved, colour=False)  # type: ignore[arg-type]
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            maps = self.predict(batch)
        planes = {**maps, "image": batch["image"], "truth": batch["alpha"]}
        height, width = batch["image"].shape[-2:]
        table, picture = eval_shape(eval_size, height, width), reduced_size((height, width), SHOWN_SIDE)
        figures = {name: at_size(planes[name], table).cpu() for name in ("truth", "alpha", *self.measured)}
        return figures, {name: at_size(planes[name], picture).cpu() for name in self.shown}

    def measure(self, test: str, ids: Sequence[str], planes: Planes, shown: Planes) -> list[Sample]:
        """Measure each sample of a predicted batch in every region. planes: `truth` and the measured maps."""
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
            samples.append((table, {name: plane[i] for name, plane in shown.items()}))
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
