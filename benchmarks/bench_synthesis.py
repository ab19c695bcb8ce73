"""Where a sample's time goes, step by step: a worker's part on one thread, the device's on all; and smaller JPEGs."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader

from benchmarks.timing import milliseconds
from benchmarks.worker_files import PEOPLE, SCENES, worker_files
from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.augment import Geometry, split, warp
from matting.data.cache import SubjectCache
from matting.data.collate import collate, start_worker
from matting.data.compositing import camera, compose_batch, composite, defocus, recolour
from matting.data.dataset import Composites, draw_colour
from matting.data.images import write_image
from matting.data.pairing import Pairing, key_of
from matting.data.shared_memory import Slots
from matting.data.sources.distinctions import DistinctionsSubjects
from matting.data.sources.folder import FolderBackgrounds
from matting.data.sources.procedural import ProceduralBackgrounds

SIZES = ((768, 1280), (512, 512))
BATCH, ROUNDS = 4, 25
SETTLE = 6  # batches until the workers are at work
LARGE = (3024, 4032)  # a photograph of 12 megapixels as a background
FRAME = (512, 512)


def medians(steps: dict[str, Callable[[int], Any]]) -> dict[str, float]:
    """All steps in turns, each round with another sample."""
    for step in steps.values():
        step(0)
    times = [[milliseconds(partial(step, at)) for step in steps.values()] for at in range(ROUNDS)]
    return dict(zip(steps, map(median, zip(*times, strict=True)), strict=True))


def worker_rows(data: Composites, geometry: Geometry, limits: dict[str, Any]) -> dict[str, float]:
    """Milliseconds a sample. What a step needs is made before its clock starts."""
    frame: Any = geometry.subject[0]
    people = [data.subjects.load(id).rgba() for id in data.pairing.subjects]
    scenes = [data.backgrounds.load(id) for id in data.pairing.backgrounds]
    drawn_for = [people[at % PEOPLE] for at in range(ROUNDS)]
    matrices = [frame.get_params_dependent_on_data({}, {"image": person})["matrix"] for person in drawn_for]
    items = [data[0, at] for at in range(BATCH)]
    less = Composites(data.pairing, data.subjects, data.backgrounds, geometry, limits, new_bgr=False)
    size = items[0]["alpha"].shape
    framed = warp(people[0], matrices[0], *size)
    drawn = np.random.Generator(np.random.Philox(key_of(0)))
    found = medians(
        {
            "pairing and draws": lambda at: (data.pairing[at], draw_colour(drawn, limits)),
            "where the subject goes": lambda at: frame.get_params_dependent_on_data({}, {"image": people[at % PEOPLE]}),
            "warp of subject and alpha": lambda at: warp(people[at % PEOPLE], matrices[at], *size),
            "mirror and split of subject": lambda at: split(cv2.flip(framed, 1) if at % 2 else framed),
            "decoding of two backgrounds": lambda at: [
                data.backgrounds.load(data.pairing.backgrounds[(at + k) % SCENES]) for k in (0, 1)
            ],
            "cut and mirror of two backgrounds": lambda at: [
                geometry.frame_background(scenes[(at + k) % SCENES], at, size) for k in (0, 1)
            ],
            "a sample": lambda at: data[0, at * 3 % len(data)],
            "a sample without another background": lambda at: less[0, at * 3 % len(data)],
            "collate": lambda at: collate(items),
        }
    )
    return found | {"collate": found["collate"] / BATCH}


def loaded(data: Composites, frame: tuple[int, int], workers: int) -> float:
    """Milliseconds a sample until its batch is in the main process, which does nothing else."""
    keys = [[(0, (BATCH * at + i) % len(data)) for i in range(BATCH)] for at in range(ROUNDS + SETTLE)]
    context = "fork" if workers else None
    loader = DataLoader(
        data,  # type: ignore[arg-type]
        batch_sampler=keys,  # type: ignore[arg-type]
        num_workers=workers,
        collate_fn=partial(collate, slots=[Slots(BATCH * 10 * math.prod(frame)) for _ in range(workers)]),
        worker_init_fn=start_worker,
        multiprocessing_context=context,
    )
    batches = iter(loader)
    for _ in range(SETTLE):
        next(batches)
    return milliseconds(lambda: deque(islice(batches, ROUNDS), maxlen=0)) / ROUNDS / BATCH  # none is kept


def device_rows(data: Composites) -> dict[str, float]:
    raw = collate([data[0, at] for at in range(BATCH)])
    alpha, fgr, bgr = (raw[key].float().div_(255) for key in ("alpha", "fgr", "bgr"))  # type: ignore[literal-required]
    draws, zeros = torch.from_numpy(raw["draws"]), torch.zeros(BATCH)
    one_jpeg = torch.tensor([70.0] + [0.0] * (BATCH - 1))
    found = medians(
        {
            "bytes to floats": lambda at: [
                raw[key].float().div_(255)  # type: ignore[literal-required]
                for key in ("alpha", "fgr", "bgr", "new_bgr")
            ],
            "colours of both": lambda at: [recolour(fgr, draws[:, :4]), recolour(bgr, draws[:, 4:8])],
            "defocus": lambda at: defocus(bgr, draws[:, 8]),
            "composite": lambda at: composite(fgr, bgr, alpha),
            "noise": lambda at: camera(fgr, draws[:, 9], zeros, raw["seeds"]),
            "JPEG of one in four": lambda at: camera(fgr, zeros, one_jpeg, raw["seeds"]),
            "composite and colour in all": lambda at: compose_batch(raw),
        }
    )
    return {f"device, {name}": value / BATCH for name, value in found.items()}


def smaller_jpeg(root: Path, limits: dict[str, Any]) -> dict[str, Any]:
    """A large background read and cut: as small as its cut allows against whole."""
    picture = ProceduralBackgrounds(0, 1, *LARGE)
    write_image(root / "large/0.jpg", picture.load(picture.ids[0]))
    source, geometry = FolderBackgrounds(root / "large"), Geometry(*FRAME, "crop", limits)
    reduction = partial(geometry.reduction, FRAME)

    def framed(at: int, **how: Any) -> np.ndarray:
        return geometry.frame_background(source.load("0", **how), at, FRAME)

    away = np.abs(framed(1).astype(int) - framed(1, reduction=reduction)).mean()
    assert away < 2, away  # of 255: the cut may lie a pixel off
    found = medians({"ours": partial(framed, reduction=reduction), "whole": framed})
    name = f"background of {LARGE[1]}x{LARGE[0]} cut to {FRAME[1]}x{FRAME[0]}, JPEG decoded smaller against whole"
    ours, whole = found.values()
    return {"name": name, "ours_ms": ours, "naive_ms": whole, "ratio": whole / ours, "bar": 1.5}


def rows_of(root: Path) -> Iterator[dict[str, Any]]:
    schema.register()
    limits = plain(compose_config("train", ["scale=paper"]))["augment"]
    source, scenes = DistinctionsSubjects(root, "train"), FolderBackgrounds(root / "scenes")
    cache = SubjectCache.open(source, root / "cache")
    pairing = Pairing(source.ids, scenes.ids, SCENES, 0, "train")
    for height, width in SIZES:
        geometry = Geometry(height, width, "crop", limits)
        data = Composites(pairing, cache, scenes, geometry, limits)
        for name, value in {
            **worker_rows(data, geometry, limits),
            "loaded by the process itself": loaded(data, (height, width), 0),
            "loaded by 2 workers": loaded(data, (height, width), 2),
            **device_rows(data),
        }.items():
            yield {"name": f"synthesis at {width}x{height}, {name}", "unit": "ms a sample", "value": value}
    yield smaller_jpeg(root, limits)


def measure() -> list[dict[str, Any]]:
    with worker_files() as root:
        return list(rows_of(root))


if __name__ == "__main__":
    for row in measure():
        if "value" in row:
            print("{name}: {value:.2f} {unit}".format(**row))
        else:
            print("{name}: {ours_ms:.1f} ms, {naive_ms:.0f} ms, {ratio:.1f}x (bar {bar}x)".format(**row))
