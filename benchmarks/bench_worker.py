"""A worker's time for a sample of 1280x768: decode and geometry, bytes out, against the common way in floats.

Both sides load a person and two backgrounds, the composite's and the new one that the losses composite on.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

from benchmarks.timing import milliseconds
from benchmarks.worker_files import HEIGHT, PEOPLE, SCENES, WIDTH, worker_files
from matting.config import schema
from matting.config.compose import compose_config
from matting.data.augment import A, Geometry
from matting.data.cache import SubjectCache
from matting.data.dataset import Composites
from matting.data.pairing import Pairing
from matting.data.sources.distinctions import DistinctionsSubjects
from matting.data.sources.folder import FolderBackgrounds

ROUNDS = 31
KINDS = (".jpg", ".png")  # what the people's colours lie in: Adobe's set has JPEG, Distinctions-646 PNG
BARS = {"decoded": 6, "cached": 10}


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
        alpha = np.asarray(Image.open(path.parents[1] / "GT" / f"{path.stem}.png").convert("L")) / 255
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


def rows_of(root: Path, kind: str) -> Iterator[dict[str, Any]]:
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
    name = f"worker, a sample of {WIDTH}x{HEIGHT} from {kind[1:].upper()}, against PIL, float64 and albumentations"
    for (what, bar), ours in zip(BARS.items(), (decoded, cached), strict=True):
        yield {"name": f"{name}, subject {what}", "ours_ms": ours, "naive_ms": plain, "ratio": plain / ours, "bar": bar}


def measure() -> list[dict[str, Any]]:
    """One thread, as in a worker, both sides in turns."""
    rows = []
    for kind in KINDS:
        with worker_files(kind) as root:
            rows += rows_of(root, kind)
    return rows


if __name__ == "__main__":
    for row in measure():
        print("{name}: {ours_ms:.1f} ms, {naive_ms:.0f} ms, {ratio:.1f}x (bar {bar}x)".format(**row))
