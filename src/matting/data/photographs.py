"""Samples of photographs with person masks: a truth for segmentation, without compositing."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from torch.utils.data import Dataset

from matting.data.augment import Geometry, to_plane
from matting.data.compositing import DRAWS
from matting.data.dataset import Key, draw_colour, load_or_next
from matting.data.empty import NOBODY, drawn_empty
from matting.data.pairing import key_of
from matting.data.sources.base import BackgroundSource, Labelled, MaskSource
from matting.ops.resize import resize, size_inside


class Photographs(Dataset):
    """Training samples. All that is random in a sample depends on (seed, epoch, index) alone, as in `Composites`.

    A sample has uint8 planes of the frame's size: image (H, W, 3); alpha (H, W), the mask as 0 and 255; and valid
    (H, W), 0 outside the photograph and where the mask is unknown.
    empty_share: share of the samples that are a background without a person. backgrounds: needed for these alone.
    """

    def __init__(
        self,
        source: MaskSource,
        ids: Sequence[str],
        geometry: Geometry,
        augment: Mapping[str, Any],
        seed: int,
        empty_share: float = 0.0,
        backgrounds: BackgroundSource | None = None,
    ):
        self.source, self.ids, self.geometry, self.augment, self.seed = source, sorted(ids), geometry, augment, seed
        self.empty_share, self.backgrounds = empty_share, backgrounds

    @property
    def subject_count(self) -> int:
        """Number of subjects: each photograph counts as one, since nothing says who is on two of them."""
        return len(self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, key: Key) -> dict[str, Any]:
        epoch, index = key
        skipped: list[str] = []
        item: Labelled
        if drawn_empty(self.empty_share, self.seed, epoch, index):
            item, id = empty_photograph(self.backgrounds, skipped, self.seed, epoch, index)
        else:
            id = self.ids[index]
            item = load_or_next(self.source.load, self.ids, "photographs", skipped, id)
        draw = np.random.Generator(np.random.Philox(key_of(self.seed, epoch, index)))
        geometry_seed, camera_seed = (int(seed) for seed in draw.integers(0, 2**31, 2))
        # Two seeds, one for the geometry here, one for the camera's noise on the device.
        image, alpha, valid = self.geometry.frame_photograph(item.image, item.mask, item.valid, geometry_seed)
        return {
            "image": image,
            "alpha": alpha,
            "valid": valid,
            "draws": draw_colour(draw, self.augment),
            "seed": camera_seed,
            "id": id,
            "skipped": skipped,
        }


class EvalPhotographs(Dataset):
    """Validation samples: whole photographs in frames of one size, nothing random.

    fit: `stretch` fills the frame; any other value scales the photograph to fit inside, centred, and pixels beside it
    are not valid. The next photograph replaces a damaged one, as in training.
    empty: which of the samples are a background without a person. backgrounds: needed for these alone.
    """

    def __init__(
        self,
        source: MaskSource,
        ids: Sequence[str],
        frame: tuple[int, int],
        fit: str,
        samples: Sequence[int] | None = None,
        empty: Collection[int] = (),
        backgrounds: BackgroundSource | None = None,
    ):
        self.source, self.ids, self.frame, self.fit = source, sorted(ids), frame, fit
        self.empty, self.backgrounds = empty, backgrounds
        self.samples = range(len(self.ids)) if samples is None else samples

    def __len__(self) -> int:
        return len(self.samples)

    def shape(self, index: int) -> tuple[int, int]:
        return self.frame

    def __getitem__(self, index: int) -> dict[str, Any]:
        number = self.samples[index]
        skipped: list[str] = []
        if index in self.empty:
            item, id = empty_photograph(self.backgrounds, skipped, "val", number)
        else:
            id = self.ids[number]
            item = load_or_next(self.source.load, self.ids, "photographs", skipped, id)
        size = self.frame if self.fit == "stretch" else size_inside(item.mask.shape[:2], self.frame)
        image = resize(item.image, *size)
        alpha, valid = (to_plane(resize(to_plane(plane), *size) > 127) for plane in (item.mask, item.valid))
        # Continue image and mask beyond the photograph, so that no edge appears there; `valid` leaves it out.
        below, right = self.frame[0] - size[0], self.frame[1] - size[1]
        sides = below // 2, below - below // 2, right // 2, right - right // 2
        return {
            "image": cv2.copyMakeBorder(image, *sides, cv2.BORDER_REPLICATE),
            "alpha": cv2.copyMakeBorder(alpha, *sides, cv2.BORDER_REPLICATE),
            "valid": cv2.copyMakeBorder(valid, *sides, cv2.BORDER_CONSTANT, value=0),
            "draws": np.zeros(len(DRAWS), np.float32),
            "seed": key_of("eval", number) % 2**31,
            "id": id,
            "skipped": skipped,
        }


def empty_photograph(backgrounds: BackgroundSource | None, skipped: list[str], *key: object) -> tuple[Labelled, str]:
    """Return a background as a photograph without a person, and its id: a function of the key.

    skipped: see `load_or_next`.
    """
    assert backgrounds is not None
    id = backgrounds.ids[key_of("background", *key) % len(backgrounds.ids)]
    picture = load_or_next(backgrounds.load, backgrounds.ids, "backgrounds", skipped, id)
    nobody = np.zeros(picture.shape[:2], bool)
    return Labelled(picture, nobody, ~nobody), f"{NOBODY}@{id}"
