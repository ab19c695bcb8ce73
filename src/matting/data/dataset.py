"""Samples by key: composites to train on, composites to measure on."""

import bisect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, Protocol, TypeVar

import cv2
import numpy as np
from torch.utils.data import Dataset

from matting.data.augment import Geometry, cover, resize, split
from matting.data.compositing import COLOUR, DRAWS
from matting.data.decoding import DamagedFile
from matting.data.pairing import Pairing, key_of
from matting.data.sources.base import BackgroundSource, Subject
from matting.errors import UserError
from matting.ops.resize import size_of_long_side

Key = tuple[int, int]  # (pass over the whole data, sample id)
Item = TypeVar("Item")


class Subjects(Protocol):
    """Decoded subjects by id: a cache, or several side by side."""

    def load(self, id: str) -> Subject: ...

    def size(self, id: str) -> tuple[int, int]: ...


def eval_shape(eval_size: Any, height: int, width: int) -> tuple[int, int]:
    """(height, width) at which a picture is measured: native | longer side | [height, width] (stretched)."""
    if eval_size == "native":
        return height, width
    if isinstance(eval_size, int):
        return size_of_long_side((height, width), eval_size)
    return eval_size[0], eval_size[1]


def load_or_next(load: Callable[[str], Item], ids: Sequence[str], kind: str, skipped: list[str], id: str) -> Item:
    """An item, or the next in order of id where its file is damaged; `skipped` gets those that were.

    kind: what the items are, for the error where none can be read.
    """
    start = bisect.bisect_left(ids, id)
    for at in range(start, start + len(ids)):
        try:
            return load(ids[at % len(ids)])
        except DamagedFile as error:
            skipped.append(str(error))
    raise UserError(f"none of {len(ids)} {kind} can be read; the first: {skipped[0]}")


class Composites(Dataset):
    """Training samples: everything random in one is drawn from (seed, pass, sample id), wherever it is made.

    new_bgr: whether a loss composites on another background; a fifth of a sample's time.
    """

    def __init__(
        self,
        pairing: Pairing,
        subjects: Subjects,
        backgrounds: BackgroundSource,
        geometry: Geometry,
        augment: Mapping[str, Any],
        new_bgr: bool = True,
    ):
        self.pairing, self.subjects, self.backgrounds = pairing, subjects, backgrounds
        self.geometry, self.augment, self.new_bgr = geometry, augment, new_bgr

    @property
    def subject_count(self) -> int:
        return len(self.pairing.subjects)

    def __len__(self) -> int:
        return len(self.pairing)

    def __getitem__(self, key: Key) -> dict[str, Any]:
        turn, index = key
        subject_id, background_id = self.pairing[index]
        subject = self.subjects.load(subject_id)
        draw = np.random.Generator(np.random.Philox(key_of(self.pairing.seed, turn, index)))
        seeds = [int(seed) for seed in draw.integers(0, 2**31, 4)]
        skipped: list[str] = []
        fgr, alpha = self.geometry.frame_subject(subject.rgba(), seeds[0])
        size = alpha.shape[:2]
        decode = partial(self.backgrounds.load, reduction=partial(self.geometry.reduction, size))
        load = partial(load_or_next, decode, self.pairing.backgrounds, "backgrounds", skipped)
        sample = {
            "fgr": fgr,
            "alpha": alpha,
            "bgr": self.geometry.frame_background(load(background_id), seeds[1], size),
            "draws": draw_colour(draw, self.augment),
            "seed": seeds[3],
            "id": f"{subject_id}@{background_id}",
            "skipped": skipped,
        }
        if self.new_bgr:
            others = max(1, len(self.pairing.backgrounds) - 1)  # after as many the sample's own would come again
            other_id = self.pairing.background(subject_id, index % self.pairing.per_subject + 1 + turn % others)
            sample["new_bgr"] = self.geometry.frame_background(load(other_id), seeds[2], size)
        return sample


def draw_colour(draw: np.random.Generator, limits: Mapping[str, Any]) -> np.ndarray:
    """float32 (len(DRAWS),); every number is drawn each time, so that one option never moves another's draws."""
    each = (draw.uniform(-1, 1, (2, 4)) * [limits[name] for name in COLOUR]).ravel()
    blur, noise, chance, quality = draw.random(4)
    low, high = limits["jpeg"]
    jpeg = round(low + quality * (high - low)) if chance < limits["jpeg_p"] else 0
    row = np.array([*each, blur * limits["blur"], noise * limits["noise"], jpeg], np.float32)
    assert len(row) == len(DRAWS)
    return row


class EvalComposites(Dataset):
    """Validation and test samples: no draws, each composite at its own evaluation size.

    Without backgrounds the photographs themselves are the images. on_damaged: let the next background stand in for one
    that cannot be decoded, as in training, or raise its DamagedFile.
    """

    def __init__(
        self,
        pairing: Pairing,
        subjects: Subjects,
        backgrounds: BackgroundSource | None,
        eval_size: Any,
        samples: Sequence[int] | None = None,
        on_damaged: Literal["skip", "raise"] = "raise",
    ):
        self.pairing, self.subjects, self.backgrounds, self.eval_size = pairing, subjects, backgrounds, eval_size
        self.on_damaged = on_damaged
        self.samples = range(len(pairing)) if samples is None else samples

    def __len__(self) -> int:
        return len(self.samples)

    def shape(self, index: int) -> tuple[int, int]:
        """(height, width) of a sample, without decoding it."""
        subject, _ = self.pairing[self.samples[index]]
        return eval_shape(self.eval_size, *self.subjects.size(subject))

    def __getitem__(self, index: int) -> dict[str, Any]:
        at = self.samples[index]
        subject_id, background_id = self.pairing[at]
        subject = self.subjects.load(subject_id)
        fgr, alpha = split(subject.rgba())
        native = alpha.shape
        height, width = eval_shape(self.eval_size, *native)
        sample: dict[str, Any] = {
            "fgr": resize(fgr, height, width),
            "alpha": resize(alpha, height, width),
            "draws": np.zeros(len(DRAWS), np.float32),
            "seed": key_of("eval", at) % 2**31,
        }
        if self.backgrounds is None:
            assert subject.image is not None
            image = resize(subject.image, height, width)
            return {**sample, "image": image, "bgr": image, "id": subject_id}
        skipped: list[str] = []
        load = self.backgrounds.load
        if self.on_damaged == "skip":
            load = partial(load_or_next, self.backgrounds.load, self.pairing.backgrounds, "backgrounds", skipped)
        bgr = cover(load(background_id), *native)
        if self.eval_size != "native":
            # the composite is made at the subject's own size and stretched with it, as the published protocol does
            sample["image"] = np.rint(resize(exact_composite(fgr, bgr, alpha), height, width) / 255).astype(np.uint8)
        return {
            **sample,
            "bgr": resize(bgr, height, width),
            "id": f"{subject_id}@{background_id}",
            "skipped": skipped,
        }


def exact_composite(fgr: np.ndarray, bgr: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """uint16 (H, W, 3): 255 times what bytes make of a F + (1 - a) B, nothing rounded."""
    share = cv2.merge([alpha] * 3)
    return cv2.add(cv2.multiply(fgr, share, dtype=cv2.CV_16U), cv2.multiply(bgr, 255 - share, dtype=cv2.CV_16U))


def spread(count: int, samples: int | None) -> list[int] | None:
    """`samples` of range(count), evenly spread; None for all."""
    if samples is None or samples >= count:
        return None
    return [int(at) for at in np.linspace(0, count - 1, samples).round()]
