"""Haircuts: a cap on the scalp, tresses of tapering strands, and flyaway wisps."""

from dataclasses import dataclass

import cv2
import numpy as np

from matting.data.sources.procedural.canvas import Canvas, Layer, fineness, relief
from matting.data.sources.procedural.head import CRANIUM, Head
from matting.data.sources.procedural.people import Person
from matting.data.sources.procedural.strands import curved, grow, pull, ramp, taper, tresses


@dataclass(frozen=True)
class Cut:
    """A haircut; lengths are in heads.

    cap: thickness of the hair on the scalp. lift: how far roots stand off. fall: gravity over stiffness. guides, each:
    number of tresses, and of strands in a tress. uneven: how much lengths
    differ. wisps: number of flyaway groups. The others: see `tresses`.
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
    frizz: float = 0.012
    uneven: float = 0.12
    wisps: int = 14


CUTS = {
    "bald": Cut(0.03, 0.0, 1.0, 0.0, 0, 1, wisps=0),
    "fringe": Cut(0.17, 0.02, 0.5, 4.0, 150, 16, spread=0.03, frizz=0.012, wisps=8),
    "buzz": Cut(0.05, 0.012, 1.0, 0.0, 320, 8, spread=0.01, frizz=0.004, wisps=0),
    "short": Cut(0.21, 0.04, 0.3, 6.0, 190, 16, spread=0.03, frizz=0.012, wisps=10),
    "spiky": Cut(0.22, 0.03, 1.5, 0.6, 190, 14, clump=0.95, spread=0.035, frizz=0.006, wisps=6),
    "curly": Cut(0.36, 0.07, 0.9, 4.0, 190, 13, wave=0.025, turns=2.5, frizz=0.014, spread=0.05, clump=0.2, wisps=18),
    "afro": Cut(0.26, 0.17, 1.8, 0.3, 320, 9, wave=0.014, turns=4, frizz=0.014, spread=0.065, clump=0.0, wisps=16),
    "bob": Cut(0.85, 0.05, 0.2, 8.0, 150, 15, clump=0.3, spread=0.03, uneven=0.07, wisps=16),
    "long": Cut(1.7, 0.045, 0.18, 9.0, 150, 15, clump=0.45, spread=0.035, frizz=0.02, wisps=20),
    "wavy": Cut(1.45, 0.06, 0.3, 7.0, 150, 15, wave=0.03, turns=2.5, spread=0.04, frizz=0.025, wisps=22),
    "ponytail": Cut(0.9, 0.03, 0.2, 5.0, 150, 13, wave=0.015, turns=1.5, spread=0.025, frizz=0.012, wisps=20),
    "bun": Cut(0.35, 0.03, 0.2, 5.0, 150, 13, spread=0.02, frizz=0.01, wisps=22),
}
STEPS = 12  # control points of a guide
STRAND = 0.0018  # widest part of a strand, in heads: a few hairs that lie together
DENSE = (0.3, 1.0)  # mean number of strands over a point: with the first hair is thin, with the second opaque
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
            return np.concatenate([pull(roots, self.tie, CRANIUM, self.radii, STEPS), self._tail()])
        # Directions: away from the parting and backwards; short hair over the forehead is combed forwards.
        aside = np.where(roots[:, :1] > self.part, 1.0, -1.0) * np.array([1.0, 0, 0])
        combed = aside - normals * np.sum(aside * normals, axis=1, keepdims=True) + (0, 0, -0.5)
        if self.person.haircut in ("short", "buzz"):
            combed = combed + (0, 0, 0.9) * (roots[:, 2:] > 0.1)
        # Neighbours grow alike: directions and lengths change smoothly over the head, and a little from lock to lock.
        sway, uneven = (np.sin(normals @ rng.normal(0, 3, (3, 3)) + rng.uniform(0, 6, 3)) for _ in range(2))
        headings = normals * cut.lift + combed + 0.22 * sway + rng.normal(0, 0.07, roots.shape)
        headings /= np.linalg.norm(headings, axis=1, keepdims=True)
        vary = 1 + cut.uneven * (uneven[:, 0] + rng.normal(0, 0.7, len(roots)))
        lengths = self.length * np.clip(vary, 0.5, 1.5)
        guides = grow(roots, headings, lengths, self.down * cut.fall, CRANIUM, self.radii, STEPS)
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
        rng, steps, count = self.rng, STEPS, self.tail
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
        self._draw(canvas, self.behind, behind=True)

    def draw_before(self, canvas: Canvas) -> None:
        """Draw the hair that covers the skull, frames the face and falls over the shoulders."""
        if self.person.haircut != "bald":
            self._draw(canvas, ~self.behind, behind=False)

    def _draw(self, canvas: Canvas, chosen: np.ndarray, behind: bool) -> None:
        """Draw hair along the chosen guides: a dark mass, strands on it, and flyaway wisps."""
        head, cut, unit = self.head, self.cut, self.head.frame.unit
        guides = self.guides[chosen]
        lines = head.pixels(guides) if len(guides) else np.zeros((0, STEPS, 2))
        outline = head.outline(cut.cap, slice(0, 1))
        layer = Layer(canvas, np.concatenate([lines.reshape(-1, 2), outline]), margin=0.3 * unit, scale=fineness(unit))
        # A dark mass first, so that no scalp shows between strands; a hat hides it.
        if behind:
            layer.fill(outline)
        elif self.person.headwear in ("none", "veil") or cut.length > 0.6:
            for patch in head.patches(self.hairline, None, cut.cap):
                layer.fill(patch)
        if len(guides):
            self._strands(layer, guides, lines)
            self._wisps(layer, guides)
        strands, shine, depth = layer.strand_cover()
        # Where strands are dense there are more of them below, which are not drawn.
        mass, dense = (
            cv2.GaussianBlur(plane, (0, 0), max(soft * unit, 0.3), borderType=cv2.BORDER_REPLICATE)
            for plane, soft in ((layer.cover(), 0.008), (depth, 0.012))
        )
        mass = np.maximum(mass, ramp(dense, *DENSE))
        # The tone mixes the dark and the light colour of the hair.
        below = mass * (1 - strands)
        cover, tone = strands + below, shine + 0.16 * below
        dark, light = self.person.hair.astype(np.float32)
        colour = cover[..., None] * dark + tone[..., None] * (light - dark)
        # Wisps outside of the mass are thin: light passes through them and they cast no shadow.
        shade = 1.08 + mass * (relief(mass, 0.16 * unit, self.person.light) * (0.75 if behind else 1.08) - 1.08)
        colour = np.minimum(colour * shade.astype(np.float32)[..., None], cover[..., None])
        canvas.over(layer, colour, cover)

    def _glow(self, guides: np.ndarray) -> np.ndarray:
        """Return the highlight (N, K) of guides (N, K, 3), after Kajiya and Kay: bright across the light."""
        along = np.gradient(self.head.turned(guides), axis=1)
        along /= np.linalg.norm(along, axis=2, keepdims=True) + 1e-6
        sun = np.array([self.person.light[0], -self.person.light[1], 0.6])
        slant = along @ (sun / np.linalg.norm(sun))
        return np.maximum(1 - slant**2, 0) ** 6

    def _strands(self, layer: Layer, guides: np.ndarray, lines: np.ndarray) -> None:
        """Draw the strands of guides (N, K, 3), which are `lines` (N, K, 2) in pixels."""
        cut, rng, unit = self.cut, self.rng, self.head.frame.unit * layer.scale
        # From the back to the front, as strands are painted.
        order = np.argsort(self.head.turned(guides)[:, STEPS // 2, 2] + rng.normal(0, 0.1, len(guides)), kind="stable")
        guides, lines = guides[order], layer.placed(lines[order])
        long = np.quantile(np.linalg.norm(np.diff(lines, axis=1), axis=2).sum(1), 0.8)
        samples = int(np.clip(long * (1 + 5 * cut.wave) * min(1.0, 2.5 / layer.scale), 12, 1200))
        shape = (cut.each, len(guides), 1)
        ends = rng.uniform(0.62, 1.0, shape).astype(np.float32)
        base = (rng.uniform(0.2, 0.62, shape[1:]) + rng.normal(0, 0.11, shape)).astype(np.float32)
        sizes = [unit * size for size in (cut.spread, cut.wave, cut.frizz)]
        strands = tresses(rng, lines, cut.each, samples, sizes[0], cut.clump, sizes[1], cut.turns, sizes[2])
        along = np.linspace(0, 1, samples, dtype=np.float32)
        tones = base * (0.6 + 0.5 * along)
        tones += 0.42 * curved(self._glow(guides)[..., None], samples)[..., 0]
        widths = taper(along, ends) * np.float32(STRAND * unit)
        for part in range(cut.each):
            layer.strands(strands[part], widths[part], np.clip(tones[part], 0.02, 1))

    def _wisps(self, layer: Layer, guides: np.ndarray) -> None:
        """Draw groups of a few thin hairs that leave the flow of the hair together and part towards their tips."""
        rng = self.rng
        count = int(self.cut.wisps * rng.uniform(0.5, 1.6))
        if not count:
            return
        # A group starts on a guide, runs along it, and bends away from the head.
        chosen = guides[rng.integers(len(guides), size=count)]
        at = np.minimum((rng.beta(1.3, 1.6, count) * (STEPS - 2)).astype(int), STEPS - 3)
        rows = np.arange(count)
        roots, flow = chosen[rows, at], chosen[rows, at + 2] - chosen[rows, at]
        flow = flow / (np.linalg.norm(flow, axis=1, keepdims=True) + 1e-6)
        away = roots - (CRANIUM - (0, 0.2, 0))
        away /= np.linalg.norm(away, axis=1, keepdims=True) + 1e-6
        headings = flow + rng.uniform(0.1, 0.9, (count, 1)) * away + rng.normal(0, 0.2, (count, 3))
        headings /= np.linalg.norm(headings, axis=1, keepdims=True)
        lengths = np.minimum(rng.gamma(3.0, 0.08, count), 0.6) * (1.3 if self.length > 0.5 else 0.75)
        bend = rng.normal(0, 1.6, (count, 3)) + 1.5 * self.down
        stray = layer.placed(self.head.pixels(grow(roots, headings, lengths, bend, CRANIUM, self.radii, 7)))
        each, unit = 5, self.head.frame.unit * layer.scale
        longest = np.linalg.norm(np.diff(stray, axis=1), axis=2).sum(1).max()
        samples = int(np.clip(2 * longest, 12, 1200))
        lines = tresses(rng, stray, each, samples, 0.012 * unit, -0.8, 0.5 * self.cut.wave * unit, 1.5, 0.02 * unit)
        shape = (each, count, 1)
        ends, thick = rng.uniform(0.35, 1, shape).astype(np.float32), rng.uniform(0.45, 1.0, shape) * STRAND * unit
        widths = taper(np.linspace(0, 1, samples, dtype=np.float32), ends) * thick.astype(np.float32)
        tones = np.broadcast_to(rng.uniform(0.25, 0.75, shape).astype(np.float32), widths.shape)
        for part in range(each):
            layer.strands(lines[part], widths[part], tones[part])
