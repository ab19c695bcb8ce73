"""Samples by key: composites for training, and composites for validation and tests."""

import bisect
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from torch.utils.data import Dataset

from matting.data.augment import Geometry, cover, split
from matting.data.compositing import COLOUR, DRAWS
from matting.data.decoding import DamagedFile
from matting.data.empty import NOBODY, drawn_empty
from matting.data.light import share_light
from matting.data.pairing import Pairing, key_of
from matting.data.sources.base import BackgroundSource, Subject
from matting.errors import UserError
from matting.ops.resize import size_of_long_side

Key = tuple[int, int]  # (pass over the whole data, sample id)
Item = TypeVar("Item")


class Subjects(Protocol):
    """Decoded subjects by id: one cache or several."""

    def load(self, id: str) -> Subject: ...

    def size(self, id: str) -> tuple[int, int]: ...


def eval_shape(eval_size: Any, height: int, width: int) -> tuple[int, int]:
    """Return the (height, width) at which the prediction for a picture of height x width is measured.

    eval_size: `native`, the length of the longer side in pixels, or [height, width]. Prediction and truth are resized
    to it; the picture that a method sees is not.
    """
    if eval_size == "native":
        return height, width
    if isinstance(eval_size, int):
        return size_of_long_side((height, width), eval_size)
    return eval_size[0], eval_size[1]


def load_or_next(load: Callable[[str], Item], ids: Sequence[str], kind: str, skipped: list[str], id: str) -> Item:
    """Load an item, or the next one in the order of ids where its file is damaged.

    skipped: gets the reason of each damaged file. kind: what the items are, for the UserError where none can be read.
    """
    start = bisect.bisect_left(ids, id)
    for at in range(start, start + len(ids)):
        try:
            return load(ids[at % len(ids)])
        except DamagedFile as error:
            skipped.append(str(error))
    raise UserError(f"none of {len(ids)} {kind} can be read, the first because of {skipped[0]}")


class Composites(Dataset):
    """Training samples: subjects framed and backgrounds cut, as uint8 planes that are composited later.

    Everything random is drawn from (seed, pass, sample id): a sample is the same in every worker and on every rank.
    new_bgr: whether to add the second background, on which a loss composites; it takes a fifth of a sample's time.
    empty_share: share of the samples without a person, whose alpha is 0.
    light: whether subjects take on the light of their backgrounds.
    """

    def __init__(
        self,
        pairing: Pairing,
        subjects: Subjects,
        backgrounds: BackgroundSource,
        geometry: Geometry,
        augment: Mapping[str, Any],
        new_bgr: bool = True,
        empty_share: float = 0.0,
        light: bool = False,
    ):
        self.pairing, self.subjects, self.backgrounds = pairing, subjects, backgrounds
        self.geometry, self.augment, self.new_bgr, self.empty_share = geometry, augment, new_bgr, empty_share
        self.light = light

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
        empty = drawn_empty(self.empty_share, self.pairing.seed, turn, index)
        alpha = np.zeros_like(alpha) if empty else alpha
        size = alpha.shape[:2]
        decode = partial(self.backgrounds.load, reduction=partial(self.geometry.reduction, size))
        load = partial(load_or_next, decode, self.pairing.backgrounds, "backgrounds", skipped)
        bgr = self.geometry.frame_background(load(background_id), seeds[1], size)
        sample = {
            "fgr": share_light(fgr, bgr) if self.light else fgr,
            "alpha": alpha,
            "bgr": bgr,
            "draws": draw_colour(draw, self.augment),
            "seed": seeds[3],
            "id": f"{NOBODY if empty else subject_id}@{background_id}",
            "skipped": skipped,
        }
        if self.new_bgr:
            others = max(1, len(self.pairing.backgrounds) - 1)  # one more would be the background of the sample itself
            other_id = self.pairing.background(subject_id, index % self.pairing.per_subject + 1 + turn % others)
            sample["new_bgr"] = self.geometry.frame_background(load(other_id), seeds[2], size)
        return sample


def draw_colour(draw: np.random.Generator, limits: Mapping[str, Any]) -> np.ndarray:
    """Draw the colour augmentation of a sample: float32 (len(DRAWS),).

    Every number is drawn each time, so that changing one option leaves the draws of the others as they are.
    """
    each = (draw.uniform(-1, 1, (2, 4)) * [limits[name] for name in COLOUR]).ravel()
    blur, noise, chance, quality = draw.random(4)
    low, high = limits["jpeg"]
    jpeg = round(low + quality * (high - low)) if chance < limits["jpeg_p"] else 0
    row = np.array([*each, blur * limits["blur"], noise * limits["noise"], jpeg], np.float32)
    assert len(row) == len(DRAWS)
    return row


class EvalComposites(Dataset):
    """Validation and test samples: nothing is random, and each has the size of its subject.

    backgrounds: None where the photographs are the images. eval_size: at which predictions are measured, see
    `eval_shape`. samples: indices, None for all.
    empty: which of the samples have no person, whose alpha is 0; needs backgrounds.
    light: whether subjects take on the light of their backgrounds.
    on_damaged: `skip` takes the next background in place of one that cannot be decoded, `raise` raises its DamagedFile.
    """

    def __init__(
        self,
        pairing: Pairing,
        subjects: Subjects,
        backgrounds: BackgroundSource | None,
        eval_size: Any,
        samples: Sequence[int] | None = None,
        on_damaged: Literal["skip", "raise"] = "raise",
        empty: Collection[int] = (),
        light: bool = False,
    ):
        self.pairing, self.subjects, self.backgrounds, self.eval_size = pairing, subjects, backgrounds, eval_size
        self.on_damaged, self.empty, self.light = on_damaged, empty, light
        self.samples = range(len(pairing)) if samples is None else samples

    def __len__(self) -> int:
        return len(self.samples)

    def shape(self, index: int) -> tuple[int, int]:
        """Return (height, width) of a sample without decoding it."""
        subject, _ = self.pairing[self.samples[index]]
        return self.subjects.size(subject)

    def __getitem__(self, index: int) -> dict[str, Any]:
        at = self.samples[index]
        subject_id, background_id = self.pairing[at]
        subject = self.subjects.load(subject_id)
        fgr, alpha = split(subject.rgba())
        if index in self.empty:
            alpha, subject_id = np.zeros_like(alpha), NOBODY
        sample: dict[str, Any] = {
            "fgr": fgr,
            "alpha": alpha,
            "draws": np.zeros(len(DRAWS), np.float32),
            "seed": key_of("eval", at) % 2**31,
        }
        if self.backgrounds is None:
            assert subject.image is not None
            return {**sample, "image": subject.image, "bgr": subject.image, "id": subject_id}
        skipped: list[str] = []
        load = self.backgrounds.load
        if self.on_damaged == "skip":
            load = partial(load_or_next, self.backgrounds.load, self.pairing.backgrounds, "backgrounds", skipped)
        bgr = cover(load(background_id), *alpha.shape)
        if self.light:
            sample["fgr"] = share_light(fgr, bgr)
        return {**sample, "bgr": bgr, "id": f"{subject_id}@{background_id}", "skipped": skipped}


def spread(count: int, samples: int | None) -> list[int] | None:
    """Return `samples` numbers of range(count), evenly spread, or None for all."""
    if samples is None or samples >= count:
        return None
    return [int(at) for at in np.linspace(0, count - 1, samples).round()]
