"""Haircuts: a cap on the scalp, locks, single strands and flyaway hair."""

from dataclasses import dataclass

import numpy as np

from matting.data.sources.procedural.canvas import Canvas, Layer, relief
from matting.data.sources.procedural.head import CRANIUM, Head
from matting.data.sources.procedural.people import Person
from matting.data.sources.procedural.strands import follow, grow, pull, shortened


@dataclass(frozen=True)
class Cut:
    """A haircut; lengths are in heads.

    cap: thickness of the hair on the scalp. lift: how far roots stand off. fall: gravity over stiffness. guides, each:
    number of locks, and of strands in a lock. steps: points of a strand. flyaways: number of single hairs. The others:
    see `follow`.
    """

    length: float
    cap: float
    lift: float
    fall: float
    guides: int
    each: int
    spread: float = 0.02
    clump: float = 0.5
    wave: float = 0.0
    turns: float = 1.0
    frizz: float = 0.02
    steps: int = 9
    flyaways: int = 60


CUTS = {
    "bald": Cut(0.03, 0.0, 1.0, 0.0, 0, 1, flyaways=0),
    "fringe": Cut(0.16, 0.02, 0.9, 1.5, 120, 6, spread=0.025, frizz=0.05, flyaways=30),
    "buzz": Cut(0.05, 0.012, 1.0, 0.0, 260, 4, steps=3, frizz=0.01, flyaways=0),
    "short": Cut(0.24, 0.045, 0.45, 2.5, 170, 7, frizz=0.03, flyaways=40),
    "spiky": Cut(0.24, 0.03, 1.6, 0.6, 150, 8, clump=0.9, spread=0.03, flyaways=30),
    "curly": Cut(0.42, 0.09, 1.1, 2.0, 150, 6, wave=0.035, turns=2.5, frizz=0.07, steps=18, flyaways=70),
    "afro": Cut(0.4, 0.2, 2.0, 0.2, 240, 5, wave=0.03, turns=4, frizz=0.08, steps=20, spread=0.04, flyaways=90),
    "bob": Cut(0.85, 0.05, 0.25, 7.0, 150, 7, clump=0.3, spread=0.03, frizz=0.03, steps=14, flyaways=70),
    "long": Cut(1.7, 0.045, 0.2, 8.0, 150, 7, clump=0.5, spread=0.035, frizz=0.05, steps=16, flyaways=80),
    "wavy": Cut(1.45, 0.07, 0.4, 6.0, 150, 7, wave=0.05, turns=3, spread=0.045, frizz=0.06, steps=24, flyaways=90),
    "ponytail": Cut(0.9, 0.03, 0.2, 5.0, 150, 6, wave=0.02, turns=2, spread=0.025, frizz=0.04, steps=14, flyaways=90),
    "bun": Cut(0.35, 0.03, 0.2, 5.0, 150, 6, spread=0.02, frizz=0.03, steps=12, flyaways=100),
}
TAILS = {"bun": 90, "ponytail": 60}  # guides of a bun or a ponytail
FACE_CLEAR = 0.29  # half the width of the face that long hair leaves free


class Hair:
    """The hair of one person, split into strands behind the shoulders and strands in front of them."""

    def __init__(self, head: Head, person: Person, rng: np.random.Generator) -> None:
        self.head, self.person, self.rng = head, person, rng
        self.cut = CUTS[person.haircut]
        self.radii = head.skull + self.cut.cap
        self.down = head.rotation.T @ np.array([0.0, -1.0, 0.0])
        self.tie = np.array([0, 1.1, -0.2]) if person.haircut == "bun" else np.array([0, 0.72, -0.56])
        self.length = self.cut.length * rng.uniform(0.75, 1.25)
        self.tail = TAILS.get(person.haircut, 0)
        self.part = rng.uniform(-0.2, 0.2)
        self.guides = self._guides() if self.cut.guides else np.zeros((0, 2, 3), np.float32)
        # Combed hair lies where its root is, and starts in front of the head; falling hair lies where its middle is.
        combed = np.arange(len(self.guides)) < len(self.guides) - self.tail
        steps = np.where(combed & (self.tail > 0), 0, self.guides.shape[1] // 2)
        self.behind = head.turned(self.guides[np.arange(len(steps)), steps])[:, 2] < -0.02

    def crown(self) -> float:
        """Return the height of the highest hair above the pit of the neck, in heads."""
        skull = self.head.turned(CRANIUM)[1] + self.radii[1] + 0.12 * (self.person.headwear != "none")
        return max([float(skull), *self.head.turned(self.guides)[..., 1].ravel()]) + 0.03

    def hairline(self, turn: np.ndarray) -> np.ndarray:
        """Return the height on the skull where hair begins, `turn` radians from the middle of the forehead."""
        front = 1.0 if self.person.haircut in ("fringe", "bald") else 0.80 + 0.03 * np.sin(self.part * 20)
        heights = [front, front - 0.02, 0.62, 0.42, 0.33, 0.26]
        return np.interp(np.abs(turn), [0.0, 0.45, 0.95, 1.3, 1.7, 2.4], heights)

    def _guides(self) -> np.ndarray:
        """Return the guides (N, steps, 3) of the haircut in head coordinates."""
        rng, cut = self.rng, self.cut
        # Roots: random points of the skull above the hairline.
        normals = rng.normal(size=(cut.guides * 4, 3))
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        roots = CRANIUM + normals * self.head.skull
        grown = roots[:, 1] > self.hairline(np.arctan2(roots[:, 0], roots[:, 2] - CRANIUM[2]))
        normals, roots = (a[grown][: cut.guides].astype(np.float32) for a in (normals, roots))
        if self.tail:
            return np.concatenate([pull(roots, self.tie, CRANIUM, self.radii, cut.steps), self._tail()])
        # Directions: away from the parting and backwards; short hair over the forehead is combed forwards.
        aside = np.where(roots[:, :1] > self.part, 1.0, -1.0) * np.array([1.0, 0, 0])
        combed = aside - normals * np.sum(aside * normals, axis=1, keepdims=True) + (0, 0, -0.5)
        if self.person.haircut in ("short", "buzz"):
            combed = combed + (0, 0, 0.9) * (roots[:, 2:] > 0.1)
        headings = normals * cut.lift + combed + rng.normal(0, 0.2, roots.shape)
        headings /= np.linalg.norm(headings, axis=1, keepdims=True)
        # Locks of one length would make an outline like fur.
        uneven = 1 + 0.25 * np.sin(normals @ rng.normal(0, 4, 3) + rng.uniform(0, 6)) + rng.normal(0, 0.12, len(roots))
        lengths = self.length * np.clip(uneven, 0.4, 1.6)
        guides = grow(roots, headings, lengths, self.down * cut.fall, CRANIUM, self.radii, cut.steps)
        # Long hair leaves the face free: move it to the side of the face where it grows.
        if cut.length > 0.6:
            near = (guides[..., 1] < 0.84) & (guides[..., 2] > 0) & (guides[..., 1] > -0.2)
            clear = FACE_CLEAR * self.person.head_width + rng.normal(0, 0.03, (len(guides), 1))
            side = np.where(roots[:, :1] > self.part, 1, -1)
            guides[..., 0] = np.where(near & (side * guides[..., 0] < clear), side * clear, guides[..., 0])
            guides[..., 2] = np.where(
                near, np.minimum(guides[..., 2], rng.uniform(0, 0.12, (len(guides), 1))), guides[..., 2]
            )
        return guides

    def _tail(self) -> np.ndarray:
        """Return the guides of a bun, a ball of arcs, or of a ponytail."""
        rng, steps, count = self.rng, self.cut.steps, self.tail
        if self.person.haircut == "bun":
            start = rng.normal(size=(count, 3))
            start /= np.linalg.norm(start, axis=1, keepdims=True)
            axis = np.cross(start, rng.normal(size=(count, 3)))
            axis /= np.linalg.norm(axis, axis=1, keepdims=True)
            turn = np.linspace(0, 2.4, steps)[None, :, None]
            arcs = start[:, None] * np.cos(turn) + np.cross(axis, start)[:, None] * np.sin(turn)
            return (self.tie + arcs * rng.uniform(0.12, 0.19, (count, 1, 1))).astype(np.float32)
        roots = np.repeat(self.tie[None], count, axis=0) + rng.normal(0, 0.035, (count, 3))
        side = 0.5 * np.sign(self.part)
        headings = np.array([side, 0.25, -0.8]) + rng.normal(0, 0.15, (count, 3))
        lengths = self.length * rng.uniform(0.75, 1.2, count)
        return grow(roots, headings, lengths, self.down * 5.0, CRANIUM, self.radii, steps)

    def draw_behind(self, canvas: Canvas) -> None:
        """Draw the hair that hangs behind neck and shoulders."""
        if self.person.haircut in ("fringe", "bald", "buzz"):
            return
        self._draw(canvas, self.guides[self.behind], behind=True)

    def draw_before(self, canvas: Canvas) -> None:
        """Draw the hair that covers the skull, frames the face and falls over the shoulders."""
        if self.person.haircut != "bald":
            self._draw(canvas, self.guides[~self.behind], behind=False)

    def _draw(self, canvas: Canvas, guides: np.ndarray, behind: bool) -> None:
        """Draw hair along guides: the mass on the skull, dark locks, fine strands on them, and flyaway hairs."""
        head, cut, rng, unit = self.head, self.cut, self.rng, self.head.frame.unit
        lines = head.pixels(guides) if len(guides) else np.zeros((0, 2, 2))
        outline = head.outline(cut.cap, slice(0, 1))
        # A dark mass first, so that no scalp shows between strands; a hat hides it.
        layer = Layer(canvas, np.concatenate([lines.reshape(-1, 2), outline]), margin=0.3 * unit)
        if behind:
            layer.fill(outline, tone=70)
        elif self.person.headwear in ("none", "veil") or cut.length > 0.6:
            for patch in head.patches(self.hairline, None, cut.cap):
                layer.fill(patch, tone=90)
        if len(guides):
            locks, tones = follow(rng, guides, 3, cut.spread, cut.clump, cut.wave, cut.turns, 0.0)
            shares = rng.uniform(0.6, 0.9, len(locks)) if cut.length > 0.1 else np.ones(len(locks))
            layer.strands(
                head.pixels(shortened(locks, shares)), tones * 0.55, (0.021 if cut.length > 0.1 else 0.01) * unit
            )
            # On a larger canvas more and thinner strands: their density in pixels stays.
            more = max(1.0, min(unit / 110, 2.5))
            fine, tones = follow(
                rng, guides, round(cut.each * more), cut.spread, cut.clump, cut.wave, cut.turns, cut.frizz
            )
            layer.strands(head.pixels(fine), tones, 0.004 * unit / more)
            self._flyaways(layer, guides)
        # The tone of a strand mixes the dark and the light colour of the hair.
        cover, tone = layer.cover(), layer.tones()
        dark, light = self.person.hair
        colour = cover[..., None] * dark + tone[..., None] * (light - dark)
        shade = relief(cover, 0.16 * unit, self.person.light)[..., None] * (0.72 if behind else 1.05)
        canvas.over(layer, np.minimum(colour * shade, cover[..., None]).astype(np.float32), cover)

    def _flyaways(self, layer: Layer, guides: np.ndarray) -> None:
        """Draw single hairs that leave the mass, a quarter of a pixel wide on a small canvas."""
        count = int(self.cut.flyaways * self.rng.uniform(0.4, 1.6))
        if not count:
            return
        rng, steps = self.rng, 16
        # They start at random places along the guides and grow away from the head.
        chosen = guides[rng.integers(len(guides), size=count)]
        at = np.minimum((rng.beta(1.5, 1.2, count) * chosen.shape[1]).astype(int), chosen.shape[1] - 1)
        roots = chosen[np.arange(count), at]
        away = roots - (CRANIUM - (0, 0.2, 0))
        away /= np.linalg.norm(away, axis=1, keepdims=True) + 1e-6
        headings = 0.8 * away + rng.normal(0, 0.6, (count, 3)) + 0.4 * self.down
        headings /= np.linalg.norm(headings, axis=1, keepdims=True)
        lengths = np.minimum(rng.gamma(2.0, 0.09, count), 0.5) * (1.3 if self.length > 0.5 else 0.8)
        stray = grow(roots, headings, lengths, rng.normal(0, 2, (count, 3)) + self.down, CRANIUM, self.radii, steps)
        lines, tones = follow(rng, stray, 1, 0.0, 0.0, self.cut.wave * 0.6, 1.5, 0.03)
        layer.strands(self.head.pixels(lines), tones, 0.002 * self.head.frame.unit)
