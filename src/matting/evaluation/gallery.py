"""The samples of a test set that an evaluation keeps as pictures."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from matting.data.images import write_image
from matting.visualization.grid import to_bytes
from matting.visualization.samples import Sample, reduced

Entry = tuple[float, str, dict[str, np.ndarray]]  # MSE, id and planes, uint8 (H, W, 3) by name


class Gallery:
    """The first samples of a test set, and those with the least and with the largest MSE of the alpha.

    count: how many of each are kept. Samples whose region is empty have no MSE and are not ranked.
    """

    def __init__(self, count: int):
        self.count, self.seen = count, 0
        self.best: list[Entry] = []
        self.worst: list[Entry] = []
        self.first: list[Entry] = []

    def offer(self, row: Mapping[str, Any], planes: Mapping[str, Tensor]) -> None:
        """Keep a sample if it belongs to the gallery. row: its `id` and `mse`. planes: (C, H, W) in [0, 1] by name."""
        place = (row["mse"], row["id"])
        early, self.seen = self.seen < self.count, self.seen + 1
        ranked = self.count > 0 and not math.isnan(row["mse"])
        best = ranked and (len(self.best) < self.count or place < self.best[-1][:2])
        worst = ranked and (len(self.worst) < self.count or place > self.worst[-1][:2])
        if not (early or best or worst):
            return
        # Only kept samples are turned into bytes: it takes as long as a metric.
        entry = (*place, {name: to_bytes(plane) for name, plane in planes.items()})
        if early:
            self.first.append(entry)
        if best:
            self.best = sorted([*self.best, entry], key=lambda e: e[:2])[: self.count]
        if worst:
            self.worst = sorted([*self.worst, entry], key=lambda e: e[:2], reverse=True)[: self.count]

    def entries(self) -> Iterator[tuple[str, int, Entry]]:
        """Yield the kind of each kept sample, its number within the kind, and the sample."""
        for kind, group in (("first", self.first), ("best", self.best), ("worst", self.worst)):
            for number, entry in enumerate(group):
                yield kind, number, entry

    def write(self, folder: Path, test: str) -> list[dict[str, Any]]:
        """Write the planes as PNG files below `folder`, <run folder>/pictures/<test>.

        Return one entry a sample: test, kind, id, mse and the files by plane, relative to the run folder.
        """
        folder.mkdir(parents=True, exist_ok=True)
        entries = []
        for kind, number, (mse, id, planes) in self.entries():
            files = {}
            for plane, picture in planes.items():
                file = folder / f"{kind}-{number}-{plane}.png"
                write_image(file, picture)
                files[plane] = file.relative_to(folder.parents[1]).as_posix()
            entries.append({"test": test, "kind": kind, "id": id, "mse": mse, "files": files})
        return entries

    def samples(self, test: str) -> list[Sample]:
        """Return the kept samples, reduced to the size of a report's pictures, for the loggers."""
        return [
            Sample(test, kind, id, mse, {name: reduced(plane) for name, plane in planes.items()})
            for kind, _, (mse, id, planes) in self.entries()
        ]
