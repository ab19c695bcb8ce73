"""Time a sample and memory against the number of samples: nothing may be kept for each of them.

As in the paper a hundred backgrounds to a subject; each number in processes of its own, which draw samples from all
over the training. A handful of pictures stand in for all: what grows is the order, the pairing and the lists of ids.
"""

import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import cv2
import numpy as np

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.augment import Geometry
from matting.data.collate import collate
from matting.data.dataset import Composites
from matting.data.decoding import Reduction
from matting.data.pairing import Pairing
from matting.data.samplers import TrainingOrder
from matting.data.sources.base import Subject
from matting.data.sources.procedural import ProceduralBackgrounds, ProceduralSubjects

COUNTS = (1_000, 10_000, 100_000, 1_000_000)
PER_SUBJECT, SCENES = 100, 2000
HEIGHT, WIDTH = 64, 112
BATCH, SAMPLES, PICTURES = 8, 1600, 8
ROUNDS = 7  # in turns: what else the machine does in one meets all numbers of samples


class People:
    def __init__(self) -> None:
        source = ProceduralSubjects(0, PICTURES, HEIGHT, WIDTH, drawing=2)
        self.kept = [source.load(id) for id in source.ids]

    def load(self, id: str) -> Subject:
        return self.kept[int(id) % PICTURES]

    def size(self, id: str) -> tuple[int, int]:
        return HEIGHT, WIDTH


class Scenes:
    name, ids = "scenes", tuple(f"{number:06d}" for number in range(SCENES))

    def __init__(self) -> None:
        source = ProceduralBackgrounds(0, PICTURES, HEIGHT, WIDTH)
        self.kept = [source.load(id) for id in source.ids]

    def load(self, id: str, reduction: Reduction | None = None) -> np.ndarray:
        return self.kept[int(id) % PICTURES]


def resident_mb() -> float:
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


def synthesize(count: int, people: Any, scenes: Any, limits: dict[str, Any], out: Connection) -> None:
    """Send milliseconds to make a sample and to find which it is, resident MB, and those that came with the samples."""
    cv2.setNumThreads(0)
    before = resident_mb()
    subjects = [f"{number:06d}" for number in range(count // PER_SUBJECT)]
    pairing = Pairing(subjects, scenes.ids, PER_SUBJECT, 0, "train")
    data = Composites(pairing, people, scenes, Geometry(HEIGHT, WIDTH, "crop", limits), limits)
    order = TrainingOrder(len(data), BATCH, None, 0, lambda: 0)
    asked = range(0, len(order), max(1, len(order) * BATCH // SAMPLES))
    start = perf_counter()
    keys = [order.keys(batch) for batch in asked]
    pairs = [pairing[index] for batch in keys for _, index in batch]
    found = perf_counter()
    for batch in keys:
        collate([data[key] for key in batch])
    made = 1e3 * (perf_counter() - found) / len(pairs)
    resident = resident_mb()
    out.send((made, 1e3 * (found - start) / len(pairs), resident, resident - before))


def measured(context: Any, *arguments: Any) -> tuple[float, ...]:
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=synthesize, args=(*arguments, sender))
    process.start()
    found: tuple[float, ...] = receiver.recv()
    process.join()
    return found


def rows_of() -> Iterator[dict[str, Any]]:
    schema.register()
    limits = plain(compose_config("train", ["scale=quick"]))["augment"]
    people, scenes, context = People(), Scenes(), multiprocessing.get_context("fork")
    rounds = [[measured(context, count, people, scenes, limits) for count in COUNTS] for _ in range(ROUNDS)]
    for count, runs in zip(COUNTS, zip(*rounds, strict=True), strict=True):
        made, found, resident, grown = map(median, zip(*runs, strict=True))
        name = f"growth, {count:,} samples"
        row = {"name": f"{name}, synthesis at {WIDTH}x{HEIGHT}", "unit": "ms a sample", "value": made}
        yield {**row, "samples": count, "ms": made, "rss_mb": resident}
        yield {"name": f"{name}, order and pairing", "unit": "ms a sample", "value": found}
        yield {"name": f"{name}, memory that is taken", "unit": "MB", "value": grown}


def measure() -> list[dict[str, Any]]:
    """Rows of name, unit and value."""
    return list(rows_of())


if __name__ == "__main__":
    for row in measure():
        print("{name}: {value:.3f} {unit}".format(**row))
