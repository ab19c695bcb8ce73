"""The pictures that an evaluation keeps of a test set."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from matting.data.images import write_image
from matting.visualization.grid import to_bytes


class Gallery:
    """The first samples of a test set, and the best and the worst by the alpha's MSE of those that have one."""

    def __init__(self, count: int):
        self.count, self.seen = count, 0
        self.best: list[tuple[float, str, dict[str, np.ndarray]]] = []
        self.worst: list[tuple[float, str, dict[str, np.ndarray]]] = []
        self.first: list[tuple[float, str, dict[str, np.ndarray]]] = []

    def offer(self, row: Mapping[str, Any], planes: Mapping[str, Tensor]) -> None:
        """Look at a sample; only one that is kept is turned into bytes, which takes as long as a metric."""
        place = (row["mse"], row["id"])
        early, self.seen = self.seen < self.count, self.seen + 1
        ranked = self.count > 0 and not math.isnan(row["mse"])  # the first region may be empty
        best = ranked and (len(self.best) < self.count or place < self.best[-1][:2])
        worst = ranked and (len(self.worst) < self.count or place > self.worst[-1][:2])
        if not (early or best or worst):
            return
        entry = (*place, {name: to_bytes(plane) for name, plane in planes.items()})
        if early:
            self.first.append(entry)
        if best:
            self.best = sorted([*self.best, entry], key=lambda e: e[:2])[: self.count]
        if worst:
            self.worst = sorted([*self.worst, entry], key=lambda e: e[:2], reverse=True)[: self.count]

    def write(self, folder: Path, test: str) -> list[dict[str, Any]]:
        """Save the planes; gives one entry a picture: test, kind, id, mse and the files relative to the run folder."""
        folder.mkdir(parents=True, exist_ok=True)
        entries = []
        for kind, group in (("first", self.first), ("best", self.best), ("worst", self.worst)):
            for i, (mse, id, planes) in enumerate(group):
                files = {}
                for plane, picture in planes.items():
                    file = folder / f"{kind}-{i}-{plane}.png"
                    write_image(file, picture)
                    files[plane] = file.relative_to(folder.parents[1]).as_posix()
                entries.append({"test": test, "kind": kind, "id": id, "mse": mse, "files": files})
        return entries
