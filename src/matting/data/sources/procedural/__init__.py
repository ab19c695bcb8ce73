"""The embedded default data: people with exact alpha and scenes to put behind them, drawn, never read from a file.

An item is a pure function of (seed, id, height, width). People are painted at four times the resolution, layer by
layer, and averaged down: alpha is the share of a pixel that is covered, times the density of translucent cloth. Both
papers need photographs; these people stand in where there are none.
"""

import hashlib
from pathlib import Path

import numpy as np

from matting.data.decoding import Reduction
from matting.data.sources.base import Subject
from matting.data.sources.procedural.scenes import draw_scene
from matting.data.sources.procedural.subjects import draw_subject
from matting.errors import UserError

DRAWING_VERSION = 1
DIGITS = 6
LEAST_SIDE = 16
KEPT_BYTES = 64 << 20

__all__ = ["ProceduralBackgrounds", "ProceduralSubjects"]


class ProceduralSource:
    """Items `first` to `first + count - 1` of `seed`, each (height, width): the part that people and scenes share.

    Two sources of one seed whose ranges do not overlap have no item in common. Raises `UserError` for a negative seed
    or `first`, for a side under 16 pixels, and for an empty range or one beyond six digits.
    """

    name = "procedural"
    drawn = ""

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
        """None: items are drawn."""
        return ()

    def fingerprint(self) -> str:
        """Digest (16 hex) of the parameters and the version of the drawing."""
        parameters = (self.drawn, DRAWING_VERSION, self.seed, self.count, self.height, self.width, self.first)
        return hashlib.blake2b(repr(parameters).encode(), digest_size=8).hexdigest()

    def number(self, id: str) -> int:
        """The number of an item. Raises `UserError` for an id that the source does not have."""
        if len(id) != DIGITS or not id.isdecimal() or not self.first <= int(id) < self.first + self.count:
            raise UserError(
                f"procedural {self.drawn}: no item {id!r}, expected {self.ids[0]} to {self.ids[-1]}; check the list"
            )
        return int(id)


class ProceduralSubjects(ProceduralSource):
    """Portraits, head and shoulders to half length, from all sides; about 5 % of their box is soft at 256 x 160."""

    drawn = "subjects"

    def load(self, id: str) -> Subject:
        """fgr uint8 (height, width, 3), with colours that go on beyond the support, and alpha uint8 (height, width)."""
        return draw_subject(self.seed, self.number(id), self.height, self.width)


class ProceduralBackgrounds(ProceduralSource):
    """Studios, rooms, streets, landscapes, textures; clutter of skin, hair and cloth colour; many out of focus."""

    drawn = "backgrounds"

    def __init__(self, seed: int, count: int, height: int, width: int, first: int = 0) -> None:
        super().__init__(seed, count, height, width, first)
        self.kept: dict[str, np.ndarray] = {}

    def load(self, id: str, reduction: Reduction | None = None) -> np.ndarray:
        """uint8 (height, width, 3) RGB, read-only; drawn, so never reduced.

        Small ones are drawn once a process: they recur a hundred times.
        """
        scene = self.kept.get(id)
        if scene is None:
            scene = draw_scene(self.seed, self.number(id), self.height, self.width)
            scene.flags.writeable = False
            if (len(self.kept) + 1) * scene.nbytes <= KEPT_BYTES:
                self.kept[id] = scene
        return scene
