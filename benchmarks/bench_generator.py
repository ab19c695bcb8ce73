"""A whole sample at 512 px, one thread for all of it, against a matting generator as training repositories have them.

Both sides: a person (every second one mixed with another), affine, crop around a soft pixel, colour jitter of the
foreground, a background, composite, trimap; float32 tensors of a batch at the end. The suite itself mixes no
foregrounds; here its parts do. What differs: the classic generator decodes people anew where ours has them in its
cache (a second row decodes them), jitters colours in HSV where ours takes one matrix, resizes the background where
ours cuts it, and works in floats from the start. Ours is timed in both parts: the worker's, and the device's after it.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import default_collate

from benchmarks.timing import milliseconds
from benchmarks.worker_files import PEOPLE, SCENES, worker_files
from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.augment import Geometry
from matting.data.cache import SubjectCache
from matting.data.collate import channels_first, shape_of
from matting.data.compositing import composite, recolour
from matting.data.dataset import draw_colour
from matting.data.pairing import key_of
from matting.data.sources.distinctions import DistinctionsSubjects
from matting.data.sources.folder import FolderBackgrounds
from matting.ops.trimap import trimap_from_alpha

SIDE, BATCH, ROUNDS = 512, 4, 15
CUTS = (512, 768, 1024)
BARS = {"subjects cached": 3, "subjects decoded": 1}


class Classic:
    """numpy, OpenCV and float32 from the file to the tensor."""

    def __init__(self, root: Path, limits: dict[str, Any]):
        self.people = sorted((root / "Train/FG").iterdir())
        self.scenes = sorted((root / "scenes").iterdir())
        self.limits = limits

    def person(self, at: int) -> tuple[np.ndarray, np.ndarray]:
        path = self.people[at % PEOPLE]
        alpha = cv2.imread(str(path.parents[1] / "GT" / path.name), 0).astype(np.float32) / 255
        return cv2.imread(str(path)).astype(np.float32) / 255, alpha

    def mix(self, fgr: np.ndarray, alpha: np.ndarray, at: int) -> tuple[np.ndarray, np.ndarray]:
        other, other_alpha = self.person(at)
        other, other_alpha = (cv2.resize(plane, alpha.shape[::-1]) for plane in (other, other_alpha))
        mixed = alpha[..., None] * fgr + (1 - alpha[..., None]) * other
        return mixed, 1 - (1 - alpha) * (1 - other_alpha)

    def affine(self, planes: list[np.ndarray], draw: np.random.Generator) -> list[np.ndarray]:
        height, width = planes[0].shape[:2]
        turn = draw.uniform(-self.limits["rotate"], self.limits["rotate"])
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, draw.uniform(*self.limits["scale"]))
        planes = [cv2.warpAffine(plane, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE) for plane in planes]
        return [cv2.flip(plane, 1) for plane in planes] if draw.random() < 0.5 else planes

    def crop(self, planes: list[np.ndarray], draw: np.random.Generator) -> list[np.ndarray]:
        cut = int(draw.choice(CUTS))
        rows, columns = np.where((planes[1] > 0) & (planes[1] < 1))
        at = draw.integers(len(rows))
        half = cut // 2
        planes = [cv2.copyMakeBorder(plane, half, half, half, half, cv2.BORDER_REPLICATE) for plane in planes]
        top, left = rows[at], columns[at]
        return [cv2.resize(plane[top : top + cut, left : left + cut], (SIDE, SIDE)) for plane in planes]

    def jitter(self, fgr: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        hsv = cv2.cvtColor(fgr, cv2.COLOR_BGR2HSV)
        hue, saturation, value = (draw.uniform(-1, 1) * self.limits[n] for n in ("hue", "saturation", "brightness"))
        hsv[..., 0] = np.remainder(hsv[..., 0] + hue, 360)
        hsv[..., 1] = np.clip(hsv[..., 1] * (1 + saturation), 0, 1)
        hsv[..., 2] = np.clip(hsv[..., 2] + value, 0, 1)
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)

    def __getitem__(self, at: int) -> dict[str, Tensor]:
        draw = np.random.default_rng(at)
        fgr, alpha = self.person(at)
        if at % 2:
            fgr, alpha = self.mix(fgr, alpha, at + 1)
        fgr, alpha = self.crop(self.affine([fgr, alpha], draw), draw)
        fgr = self.jitter(fgr, draw)
        bgr = cv2.imread(str(self.scenes[at % SCENES])).astype(np.float32) / 255
        bgr = cv2.resize(bgr, (SIDE, SIDE))
        image = alpha[..., None] * fgr + (1 - alpha[..., None]) * bgr
        kernels = [np.ones((int(size), int(size)), np.uint8) for size in draw.integers(3, 30, 2)]
        sure = cv2.erode((alpha >= 1).astype(np.uint8), kernels[0])
        seen = cv2.dilate((alpha > 0).astype(np.uint8), kernels[1])
        trimap = np.where(sure == 1, 1, np.where(seen == 1, 0.5, 0)).astype(np.float32)
        colours = {"image": image, "fgr": fgr, "bgr": bgr}
        planes = {name: np.ascontiguousarray(plane[..., ::-1].transpose(2, 0, 1)) for name, plane in colours.items()}
        planes |= {"alpha": alpha[None], "trimap": trimap[None]}
        return {name: torch.from_numpy(plane) for name, plane in planes.items()}


class Ours:
    """The suite's parts: bytes until the device, one warp a person."""

    def __init__(self, people: Any, ids: tuple[str, ...], scenes: FolderBackgrounds, limits: dict[str, Any]):
        self.people, self.ids, self.scenes, self.limits = people, ids, scenes, limits
        self.geometry = Geometry(SIDE, SIDE, "unknown", limits)

    def person(self, at: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        return self.geometry.frame_subject(self.people.load(self.ids[at % PEOPLE]).rgba(), seed)

    def __getitem__(self, at: int) -> dict[str, Any]:
        draw = np.random.Generator(np.random.Philox(key_of(0, at)))
        seeds = [int(seed) for seed in draw.integers(0, 2**31, 3)]
        fgr, alpha = self.person(at, seeds[0])
        size = alpha.shape
        scene = self.scenes.load(self.scenes.ids[at % SCENES], partial(self.geometry.reduction, size))
        item = {"fgr": fgr, "alpha": alpha, "bgr": self.geometry.frame_background(scene, seeds[1], size)}
        other = self.person(at + 1, seeds[2]) if at % 2 else None
        reach = 2 * int(draw.integers(2, 15)) + 1
        return {**item, "other": other, "draws": draw_colour(draw, self.limits), "reach": reach}

    def batch(self, items: list[dict[str, Any]]) -> dict[str, Tensor]:
        """Collate, then what the device does."""
        fgr, bgr, alpha = (as_floats([item[key] for item in items]) for key in ("fgr", "bgr", "alpha"))
        mixed = [at for at, item in enumerate(items) if item["other"] is not None]
        if mixed:
            others = [items[at]["other"] for at in mixed]
            other, other_alpha = (as_floats(list(pictures)) for pictures in zip(*others, strict=True))
            fgr[mixed] = composite(fgr[mixed], other, alpha[mixed])
            alpha[mixed] = 1 - (1 - alpha[mixed]) * (1 - other_alpha)
        fgr = recolour(fgr, torch.from_numpy(np.stack([item["draws"] for item in items]))[:, :4])
        trimap = trimap_from_alpha(alpha, [item["reach"] for item in items])
        return {"image": composite(fgr, bgr, alpha), "fgr": fgr, "bgr": bgr, "alpha": alpha, "trimap": trimap}


def as_floats(pictures: list[np.ndarray]) -> Tensor:
    planes = np.empty(shape_of(pictures), np.uint8)
    channels_first(pictures, planes)
    return torch.from_numpy(planes).float().div_(255)


def check(batch: dict[str, Tensor]) -> None:
    """The same planes on both sides, and the equations between them."""
    for name, channels in {"image": 3, "fgr": 3, "bgr": 3, "alpha": 1, "trimap": 1}.items():
        assert batch[name].shape == (BATCH, channels, SIDE, SIDE), name
        assert batch[name].dtype == torch.float32, name
    alpha, trimap = batch["alpha"], batch["trimap"]
    expected = alpha * batch["fgr"] + (1 - alpha) * batch["bgr"]
    assert (batch["image"] - expected).abs().max() < 1e-4
    assert ((trimap == 0.5) | ((trimap - alpha).abs() < 1e-6)).all()
    assert (trimap == 0.5).flatten(1).any(1).all()


def rows_of(root: Path) -> list[dict[str, Any]]:
    schema.register()
    limits = plain(compose_config("train", ["scale=paper"]))["augment"]
    source, scenes = DistinctionsSubjects(root, "train"), FolderBackgrounds(root / "scenes")
    cache = SubjectCache.open(source, root / "cache")
    cached, decoded = (Ours(people, source.ids, scenes, limits) for people in (cache, source))
    classic = Classic(root, limits)

    def plain_batch(at: int) -> dict[str, Tensor]:
        return default_collate([classic[at + k] for k in range(BATCH)])

    def our_batch(ours: Ours, at: int) -> dict[str, Tensor]:
        return ours.batch([ours[at + k] for k in range(BATCH)])

    sides: list[Callable[[int], Any]] = [plain_batch, partial(our_batch, cached), partial(our_batch, decoded)]
    for side in sides:
        check(side(0))
    times = [[milliseconds(partial(side, at * BATCH)) / BATCH for side in sides] for at in range(ROUNDS)]
    naive, *found = (median(side) for side in zip(*times, strict=True))
    name = f"a sample of {SIDE}x{SIDE} from files to tensors, against a classic generator"
    return [
        {"name": f"{name}, {what}", "ours_ms": ours, "naive_ms": naive, "ratio": naive / ours, "bar": bar}
        for (what, bar), ours in zip(BARS.items(), found, strict=True)
    ]


def measure() -> list[dict[str, Any]]:
    """Rows of name, ours_ms, naive_ms, ratio and bar: milliseconds a sample, both sides in turns."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with worker_files() as root:
            return rows_of(root)
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    for row in measure():
        print("{name}: {ours_ms:.1f} ms, {naive_ms:.0f} ms, {ratio:.1f}x (bar {bar}x)".format(**row))
