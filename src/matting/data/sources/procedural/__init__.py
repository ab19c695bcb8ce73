"""The default data, which needs no files: drawn people with exact alpha, and scenes to put behind them.

An item is a pure function of (seed, id, height, width). People are painted layer by layer at four times the resolution
and averaged down: alpha is the covered share of a pixel, times the density of translucent cloth. Hair is painted by
area, so that strands thinner than a pixel neither vanish nor thicken on a small canvas.

people: the traits of a person. subjects: one person on one canvas. canvas: layers and compositing. head, face, hair,
body, clothing, accessories: the parts of a person. strands: curves of hair. textures: noise and cloth. scenes, clutter:
backgrounds.
"""

import hashlib
from pathlib import Path

import numpy as np

from matting.data.decoding import Reduction
from matting.data.sources.base import Subject
from matting.data.sources.procedural.scenes import draw_scene
from matting.data.sources.procedural.subjects import draw_subject
from matting.errors import UserError

DRAWING = 2
DIGITS = 6
LEAST_SIDE = 16
KEPT_BYTES = 64 << 20

__all__ = ["ProceduralBackgrounds", "ProceduralSubjects"]


class ProceduralSource:
    """The items `first` to `first + count - 1` of `seed`, each (height, width); the base of people and scenes.

    Sources of one seed whose ranges do not overlap have no item in common. Raises UserError for a negative seed or
    `first`, for a side under 16 pixels, and for an empty range or one beyond six digits.
    """

    name = "procedural"
    drawn = ""
    drawing = 1  # changes whenever the same parameters give other pixels

    def __init__(self, seed: int, count: int, height: int, width: int, first: int = 0) -> None:
        bounds = {"seed": (seed, 0), "first": (first, 0), "count": (count, 1)}
        bounds |= {"height": (height, LEAST_SIDE), "width": (width, LEAST_SIDE)}
        for key, (value, least) in bounds.items():
            if value < least:
                raise UserError(
                    f"procedural {self.drawn}: {key}={value}, expected at least {least}; set a larger {key}"
                )
        if first + count > 10**DIGITS:
            raise UserError(
                f"procedural {self.drawn}: first + count = {first + count}, expected at most {10**DIGITS}; lower count"
            )
        self.seed, self.count, self.height, self.width, self.first = seed, count, height, width, first
        self.ids = tuple(f"{number:0{DIGITS}d}" for number in range(first, first + count))

    def files(self, id: str) -> tuple[Path, ...]:
        """Return no files: items are drawn."""
        return ()

    def fingerprint(self) -> str:
        """Return a digest (16 hex) of the parameters and of the version of the drawing."""
        parameters = (self.drawn, self.drawing, self.seed, self.count, self.height, self.width, self.first)
        return hashlib.blake2b(repr(parameters).encode(), digest_size=8).hexdigest()

    def number(self, id: str) -> int:
        """Return the number of an item. Raises UserError for an id that the source does not have."""
        if len(id) != DIGITS or not id.isdecimal() or not self.first <= int(id) < self.first + self.count:
            raise UserError(
                f"procedural {self.drawn}: no item {id!r}, expected {self.ids[0]} to {self.ids[-1]}; check the list"
            )
        return int(id)


class ProceduralSubjects(ProceduralSource):
    """Portraits from head and shoulders to half length, from all sides; about 5 % of their box is soft at 256x160.

    drawing: the version of the drawing, 2. With 1, the default since configs of before lack the key, finished runs are
    found, but `load` raises UserError.
    """

    drawn = "subjects"

    def __init__(self, seed: int, count: int, height: int, width: int, first: int = 0, drawing: int = 1) -> None:
        super().__init__(seed, count, height, width, first)
        self.drawing = drawing

    def check_loads(self) -> None:
        """Raise UserError for a drawing that is no longer drawn."""
        if self.drawing != DRAWING:
            raise UserError(
                f"procedural subjects: drawing={self.drawing} is no longer drawn, expected {DRAWING}; set drawing="
                f"{DRAWING}, which makes other people and so other runs"
            )

    def load(self, id: str) -> Subject:
        """Draw a person: fgr uint8 (height, width, 3), with colours continued where alpha is 0, and alpha."""
        self.check_loads()
        return draw_subject(self.seed, self.number(id), self.height, self.width)


class ProceduralBackgrounds(ProceduralSource):
    """Studios, rooms, streets, landscapes and textures, with clutter of skin, hair and cloth colours, often blurred."""

    drawn = "backgrounds"

    def __init__(self, seed: int, count: int, height: int, width: int, first: int = 0) -> None:
        super().__init__(seed, count, height, width, first)
        self.kept: dict[str, np.ndarray] = {}

    def load(self, id: str, reduction: Reduction | None = None) -> np.ndarray:
        """Draw a scene, uint8 (height, width, 3) RGB, read-only. reduction: has no effect.

        Scenes recur in many samples, so each process keeps the first 64 MiB that it draws.
        """
        scene = self.kept.get(id)
        if scene is None:
            scene = draw_scene(self.seed, self.number(id), self.height, self.width)
            scene.flags.writeable = False
            if (len(self.kept) + 1) * scene.nbytes <= KEPT_BYTES:
                self.kept[id] = scene
        return scene
