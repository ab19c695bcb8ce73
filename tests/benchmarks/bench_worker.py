"""A worker's time for a sample of 1280x768: decode and geometry, bytes out, against the common way in floats.

Both sides load a person and two backgrounds, the composite's and the new one that the losses composite on.
"""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import albumentations as A
import cv2
import numpy as np
import torch
from PIL import Image

from matting import memory, schema
from matting.config import compose_config
from matting.data.augment import Geometry
from matting.data.cache import SubjectCache
from matting.data.dataset import Composites
from matting.data.images import write_image
from matting.data.pairing import Pairing
from matting.data.sources.distinctions import DistinctionsSubjects
from matting.data.sources.folder import FolderBackgrounds
from matting.data.sources.procedural import ProceduralBackgrounds, ProceduralSubjects
from tests.benchmarks.timing import milliseconds

HEIGHT, WIDTH = 768, 1280
PEOPLE, SCENES = 4, 8
ROUNDS = 31
COCO = (480, 640)  # height and width of a usual background


def write_files(root: Path) -> None:
    """People as Distinctions-646 lies on disk, scenes as JPEG files of COCO's size."""
    people, scenes = ProceduralSubjects(0, PEOPLE, HEIGHT, WIDTH), ProceduralBackgrounds(0, SCENES, *COCO)
    for id in people.ids:
        person = people.load(id)
        write_image(root / f"Train/FG/{id}.png", person.fgr)
        write_image(root / f"Train/GT/{id}.png", person.alpha)
    for id in scenes.ids:
        write_image(root / f"scenes/{id}.jpg", scenes.load(id))


class Common(torch.utils.data.Dataset):
    """PIL, the composite in float64, an albumentations chain with the colour work, which ours leaves to the device.

    The new background has a chain of its own: it must not move with the person.
    """

    def __init__(self, root: Path, limits: dict[str, Any]):
        self.people = sorted((root / "Train/FG").iterdir())
        self.scenes = sorted((root / "scenes").iterdir())
        turn, linear = limits["rotate"], {"mask_interpolation": cv2.INTER_LINEAR}  # nearest, its default, breaks hair
        where = {"scale": tuple(limits["scale"]), "translate_percent": (-0.1, 0.1), "rotate": (-turn, turn)}
        cut = {"size": (HEIGHT, WIDTH), "ratio": (WIDTH / HEIGHT,) * 2}
        self.chain = A.Compose(
            [
                A.Affine(**where, **linear, p=1),
                A.RandomResizedCrop(**cut, **linear, scale=(0.6, 1)),
                A.HorizontalFlip(),
                A.ColorJitter(*(2 * limits[name] for name in ("brightness", "contrast", "saturation")), 0.05, p=1),
                A.GaussNoise((0, limits["noise"]), p=1),
            ],
            additional_targets={"fgr": "mask", "bgr": "mask", "alpha": "mask"},
        )
        self.new_scene = A.Compose([A.RandomResizedCrop(**cut, scale=(0.4, 1)), A.HorizontalFlip()])

    def __getitem__(self, at: int) -> dict[str, torch.Tensor]:
        path = self.people[at % PEOPLE]
        fgr = np.asarray(Image.open(path).convert("RGB")) / 255
        alpha = np.asarray(Image.open(path.parents[1] / "GT" / path.name).convert("L")) / 255
        bgr = np.asarray(Image.open(self.scenes[at % SCENES]).convert("RGB").resize((WIDTH, HEIGHT))) / 255
        image = alpha[..., None] * fgr + (1 - alpha[..., None]) * bgr
        planes = {"image": image, "fgr": fgr, "bgr": bgr, "alpha": alpha}
        made = self.chain(**{name: plane.astype(np.float32) for name, plane in planes.items()})
        other = np.asarray(Image.open(self.scenes[(at + 1) % SCENES]).convert("RGB")) / 255
        made["new_bgr"] = self.new_scene(image=other.astype(np.float32))["image"]
        return {name: torch.from_numpy(np.ascontiguousarray(plane)) for name, plane in made.items()}


class Decoding:
    """Subjects that are decoded each time: a cache that is cold."""

    def __init__(self, source: DistinctionsSubjects):
        self.load = source.load

    def size(self, id: str) -> tuple[int, int]:
        return HEIGHT, WIDTH


def rows_of(root: Path) -> Iterator[dict[str, Any]]:
    schema.register()
    limits: Any = compose_config("train", ["scale=paper"]).augment
    source, scenes = DistinctionsSubjects(root, "train"), FolderBackgrounds(root / "scenes")
    cache = SubjectCache.open(source, root / "cache")
    geometry, pairing = Geometry(HEIGHT, WIDTH, "crop", limits), Pairing(source.ids, scenes.ids, SCENES, 0, "train")
    cold, warm = (Composites(pairing, subjects, scenes, geometry, limits) for subjects in (Decoding(source), cache))
    common = Common(root, limits)
    # the order of the training shuffles: each round another person on another scene
    sides: list[Callable[[int], Any]] = [common.__getitem__, lambda at: cold[0, at], lambda at: warm[0, at]]
    for side in sides:
        side(0)
    times = [[milliseconds(partial(side, at * 3 % len(pairing))) for side in sides] for at in range(ROUNDS)]
    plain, decoded, cached = (median(side) for side in zip(*times, strict=True))
    name = f"worker, a sample of {WIDTH}x{HEIGHT}, against PIL, float64 and albumentations"
    for what, ours, bar in (("decoded", decoded, 6), ("cached", cached, 10)):
        yield {"name": f"{name}, subject {what}", "ours_ms": ours, "naive_ms": plain, "ratio": plain / ours, "bar": bar}


def measure() -> list[dict[str, Any]]:
    """One thread, as in a worker, both sides in turns."""
    memory.keep_freed()  # as training does before its workers start
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    try:
        with tempfile.TemporaryDirectory() as folder:
            write_files(Path(folder))
            return list(rows_of(Path(folder)))
    finally:
        cv2.setNumThreads(threads)


if __name__ == "__main__":
    for row in measure():
        print("{name}: {ours_ms:.1f} ms, {naive_ms:.0f} ms, {ratio:.1f}x (bar {bar}x)".format(**row))
