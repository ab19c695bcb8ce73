"""Clothes on the head and around the shoulders: caps, beanies, scarves, and translucent veils and shawls."""

import numpy as np

from matting.data.sources.procedural.body import Body
from matting.data.sources.procedural.canvas import Canvas, Layer, relief, smooth
from matting.data.sources.procedural.head import CRANIUM, Edge, Head
from matting.data.sources.procedural.people import Person, palette
from matting.data.sources.procedural.textures import cloud, fabric, folds, noise


class Accessories:
    """The headwear of one person, drawn at three moments: behind the head, on it, and over everything."""

    def __init__(self, canvas: Canvas, body: Body, head: Head, person: Person, rng: np.random.Generator) -> None:
        self.canvas, self.body, self.head, self.person, self.rng = canvas, body, head, person, rng
        self.unit = head.frame.unit
        self.colours = palette(rng)
        self.thick = rng.uniform(0.12, 0.3) if person.headwear == "veil" else rng.uniform(0.4, 0.62)
        self.kind = str(rng.choice(["plain", "stripes", "knit", "dots", "plaid"]))

    def draw_behind(self) -> None:
        """Draw the part of a scarf behind the head."""
        if self.person.headwear == "scarf":
            layer = Layer(self.canvas, self._drape())
            layer.fill(self._drape())
            self._cloth(layer, 0.8)

    def draw_on_head(self) -> None:
        """Draw cap, beanie or scarf."""
        {"cap": self._cap, "beanie": self._beanie, "scarf": self._scarf}.get(self.person.headwear, lambda: None)()

    def draw_over(self, smear: np.ndarray | None) -> None:
        """Draw a veil from the crown on both sides, and a shawl over one shoulder. smear: a kernel of motion blur."""
        head, rng = self.head, self.rng
        if self.person.headwear == "veil":
            for side in (-1, 1):
                crown = head.turned(CRANIUM + np.array((side * 0.05, 0.41, -0.05)))[:2]
                flare = rng.uniform(0.7, 1.15)
                outer = np.array([(0, 0), (0.36, -0.17), (0.5, -0.6), (0.3 + flare * 0.5, -1.3), (0.25 + flare, -2.4)])
                inner = np.array([(0.62, -2.5), (0.40, -1.4), (0.31, -0.6), (0.16, -0.12)])
                hung = crown + np.array((0, 0.15))
                self._sheer(crown + outer * (side, 1), crown + inner * (side, 1), hung, smear)
        if self.person.shawl:
            side = int(rng.choice([-1, 1]))
            w, out = self.body.width, rng.uniform(0.35, 0.9)
            outer = np.array([(0.1, 0.02), (0.55 * w, 0.06), (1.02 * w, -0.16), (1.15 * w + 0.4 * out, -0.75)])
            outer = np.concatenate([outer, [(1.1 * w + out, -1.6)]])
            inner = np.array([(0.55 * w + 0.5 * out, -1.95), (0.72 * w, -1.5), (0.45 * w, -0.8), (0.05, -0.45)])
            self._sheer(outer * (side, 1), inner * (side, 1), np.array([side * 0.1, 0.5]), smear)

    def _drape(self) -> np.ndarray:
        """Return the outline (N, 2) in pixels of a scarf around head, neck and shoulders."""
        head, body = self.head, self.body
        # The upper half of the head's outline, then down to the shoulders and across the chest.
        hull = head.outline(0.075)
        low = body.frame.pixels(np.array([[-0.62, -0.28], [-0.3, -0.5], [0.05, -0.62], [0.35, -0.48], [0.6, -0.3]]))
        top = hull[hull[:, 1] < head.pixels(np.array([0, 0.35, 0]))[1]]
        left, right = top[top[:, 0].argmin()], top[top[:, 0].argmax()]
        over = top[np.argsort(np.arctan2(top[:, 1] - top[:, 1].max() - 1, top[:, 0] - top[:, 0].mean()))]
        neck = body.frame.pixels(np.array([[0.36, 0.1], [-0.36, 0.1]]))
        neck[0, 0] = max(neck[0, 0], right[0] - 0.05 * self.unit)
        neck[1, 0] = min(neck[1, 0], left[0] + 0.05 * self.unit)
        return smooth(np.concatenate([over[::3], neck[:1], low[::-1], neck[1:]]), closed=True)

    def _scarf(self) -> None:
        """Draw a scarf with a hole for the face, or without one from behind."""
        drape = self._drape()
        layer = Layer(self.canvas, drape)
        if self.head.facing(0, 0.45) > 0.05:
            # The face is an ellipse on the head: it turns with it, and the even-odd fill leaves it open.
            turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
            face = np.stack([0.285 * np.sin(turn), 0.41 + 0.375 * np.cos(turn)], 1)
            layer.fill(drape, self.head.on_face(face, 0.02))
        else:
            layer.fill(drape)
        self._cloth(layer, 1.0)

    def _cap(self) -> None:
        """Draw a cap, with its brim unless it points away."""
        head = self.head
        layer = Layer(self.canvas, head.outline(0.1), margin=0.3 * self.unit)
        self._dome(layer, 0.05, 0.68)
        left, right = [[-0.3, 0.69, 0.2], [-0.26, 0.67, 0.5]], [[0.26, 0.67, 0.5], [0.3, 0.69, 0.2]]
        brim = np.array([*left, [0, 0.66, 0.66], *right, [0, 0.73, 0.33]])
        self._cloth(layer, 1.0)
        if head.rotation[2, 2] > -0.3:
            shade = Layer(self.canvas, head.pixels(brim), margin=3)
            shade.fill(head.pixels(smooth(brim, closed=True)))
            self._cloth(shade, 0.7)

    def _beanie(self) -> None:
        """Draw a beanie with a thicker cuff."""
        head = self.head
        layer = Layer(self.canvas, head.outline(0.2), margin=0.3 * self.unit)
        self._dome(layer, 0.075, 0.66)
        self._cloth(layer, 1.0)
        cuff = Layer(self.canvas, head.outline(0.2), margin=0.3 * self.unit)
        self._dome(cuff, 0.095, 0.64, high=0.78)
        self._cloth(cuff, 0.85)

    def _dome(self, layer: Layer, grow: float, low: float, high: float | None = None) -> None:
        """Fill the skull above `low` and below `high`, heights at the brow; edges are lower at the nape."""

        def edge(height: float) -> Edge:
            return lambda turn: height - 0.08 * (1 - np.cos(turn))

        for patch in self.head.patches(edge(low), None if high is None else edge(high), grow):
            layer.fill(patch)

    def _cloth(self, layer: Layer, tint: float) -> None:
        """Lay the shape of a layer over the canvas as cloth. tint: a factor of brightness."""
        x, y = layer.grid()
        colour = fabric(self.rng, self.kind, x - self.head.frame.x, y - self.head.frame.y, self.unit, self.colours)
        cover = layer.cover()
        shade = relief(cover, 0.15 * self.unit, self.person.light)[..., None]
        shade = shade * folds(self.rng, layer.height, layer.width, 0.6 * self.unit, 0.35) * tint
        self.canvas.over(layer, np.clip(colour * shade, 0, 1) * cover[..., None], cover)

    def _sheer(self, outer: np.ndarray, inner: np.ndarray, hung: np.ndarray, smear: np.ndarray | None) -> None:
        """Draw translucent cloth between two edges, hung from a point: its folds run away from there and are denser."""
        frame, rng, unit = self.head.frame, self.rng, self.unit
        outline = frame.pixels(np.concatenate([smooth(outer), smooth(inner)]))
        # The hem is nearly opaque: without it the edge of thin cloth would be lost.
        layer = Layer(self.canvas, outline, margin=0.1 * unit)
        layer.fill(outline)
        hem = Layer(self.canvas, outline, margin=0.1 * unit)
        edge = frame.pixels(smooth(outer))
        hem.limb(edge, np.full(len(edge), 0.012 * unit))
        # Folds: waves over the angle around the point, bent by noise; broad noise makes the density uneven.
        x, y = layer.grid()
        at = frame.pixels(hung)
        around = np.arctan2(x - at[0], y - at[1] + 1e-3)
        wander = cloud(rng, layer.height, layer.width, 2, 2)
        ridge = 0.5 + 0.5 * np.sin(around * rng.uniform(30, 50) + 4 * wander)
        broad = noise(rng, layer.height, layer.width, 2, 4)
        dense = self.thick + 0.45 * ridge**3 * (0.3 + broad) + 0.3 * broad
        cover = np.maximum(layer.cover() * np.clip(dense, 0, 0.92), 0.8 * hem.cover()).astype(np.float32)
        bright = (0.72 + 0.4 * ridge * (0.5 + 0.5 * broad)).astype(np.float32)[..., None]
        pale = (0.35 * self.colours[0] + 0.65 * np.array([0.93, 0.91, 0.89])).astype(np.float32)
        tone = pale if self.person.headwear == "veil" else self.colours[0] * 0.8 + 0.12
        self.canvas.over(layer, np.clip(tone * bright, 0, 1) * cover[..., None], cover, smear)
