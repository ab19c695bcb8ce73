"""Clothes below the neck: garments, collars, sleeves, fur."""

import numpy as np

from matting.data.sources.procedural.body import Body, draw_hand
from matting.data.sources.procedural.canvas import Canvas, Layer, ellipse, fineness, relief, smooth
from matting.data.sources.procedural.head import Head
from matting.data.sources.procedural.people import Person
from matting.data.sources.procedural.strands import curved, taper, tufts
from matting.data.sources.procedural.textures import fabric, folds

SHORT_SLEEVES = ("tee", "tank")


class Wardrobe:
    """The clothes of one body. Trunk and sleeves are of the same cloth."""

    def __init__(self, canvas: Canvas, body: Body, head: Head, person: Person, rng: np.random.Generator) -> None:
        self.canvas, self.body, self.head, self.person, self.rng = canvas, body, head, person, rng
        self.unit = head.frame.unit
        self.pattern = int(rng.integers(1 << 30))
        quiet = {"jacket": "plain", "fur": "plain", "sweater": "knit"}
        self.kind = quiet.get(person.garment, person.fabric)

    def cloth(
        self,
        layer: Layer,
        rounding: float,
        tint: float = 1.0,
        smear: np.ndarray | None = None,
        fur: np.ndarray | None = None,
    ) -> None:
        """Lay the shape of a layer over the canvas as cloth.

        rounding: of the edges, in heads. tint: a factor of brightness. smear: a kernel of motion blur. fur: coverage of
        hairs that reach beyond the shape.
        """
        x, y = layer.grid()
        # A fixed seed: trunk and sleeves get the same pattern.
        cut = np.random.default_rng(self.pattern)
        colour = fabric(cut, self.kind, x - self.head.frame.x, y - self.head.frame.y, self.unit, self.person.cloth)
        cover = layer.cover()
        if fur is not None:
            cover += fur * (1 - cover)
        shade = relief(cover, rounding * self.unit, self.person.light)[..., None]
        shade = shade * folds(self.rng, layer.height, layer.width, self.unit) * tint
        self.canvas.over(layer, np.clip(colour * shade, 0, 1) * cover[..., None], cover, smear)

    def draw_trunk(self) -> None:
        """Draw trousers, the garment with its openings, and its collar."""
        body, person, unit = self.body, self.person, self.unit
        outline = body.trunk()
        hips = outline[:, 1].max() - 0.3 * unit
        if hips < self.canvas.height:
            self._legs(hips)
        layer = Layer(self.canvas, outline, margin=0.2 * unit)
        layer.fill(outline)
        # A jacket's opening shows the shirt, drawn below it; any other opening shows skin.
        if person.garment == "jacket" and not body.back:
            self._shirt_front()
        holes = self._openings() if person.garment == "tank" or not body.back else []
        for hole in holes:
            layer.fill(hole, tone=0)
        fur = self._fur(layer, outline, 0.13, *holes) if person.garment == "fur" else None
        self.cloth(layer, 0.22, fur=fur)
        if not body.back:
            self._collar()

    def _openings(self) -> list[np.ndarray]:
        """Return the outlines of the neckline and the armholes."""
        garment, front = self.person.garment, self.body.front
        # Straps leave both shoulders open: the armholes are seen from the front and from the back.
        if garment == "tank":
            wide = self.body.width / 0.86
            collar = np.array([[-0.36, 0.3], [-0.35, -0.2], [-0.2, -0.5], [0.2, -0.5], [0.35, -0.2], [0.36, 0.3]])
            neck = smooth(collar * (wide, 1))
            sleeve = smooth(np.array([[0.5, 0.3], [0.5, -0.25], [0.6, -0.62], [1.4, -0.8]]) * (wide, 1))
            corner = np.array([[1.4, 0.3]])
            right = np.concatenate([sleeve, corner])
            flat = self.body.frame.pixels
            return [front(neck), flat(right), flat(right * (-1, 1))]
        if garment in ("shirt", "jacket"):
            return [front(np.array([[-0.22, 0.2], [0, -0.4 if garment == "shirt" else -1.3], [0.22, 0.2]]))]
        return [front(np.concatenate([[[-0.25, 0.3]], self._ring(), [[0.25, 0.3]]]))]

    def _ring(self) -> np.ndarray:
        """Return the curve (N, 2) of a round neckline, on the chest."""
        deep = {"hoodie": 0.26, "fur": 0.3}.get(self.person.garment, 0.17)
        return smooth(np.array([[-0.215, 0.02], [-0.12, -0.7 * deep], [0, -deep], [0.12, -0.7 * deep], [0.215, 0.02]]))

    def _shirt_front(self) -> None:
        """Draw the shirt and the tie under a jacket."""
        front, person = self.body.front, self.person
        layer = Layer(self.canvas, front(np.array([[-0.4, 0.2], [0.4, -1.5]])), painted=True)
        shirt = np.array([[-0.3, 0.05], [-0.35, -1.4], [0.35, -1.4], [0.3, 0.05]])
        layer.fill(front(shirt), colour=self._linen() * 0.92)
        layer.fill(front(np.array([[-0.17, 0.2], [0, -0.3], [0.17, 0.2]])), colour=np.zeros(3), tone=0)
        tie = [[-0.06, -0.24], [0.06, -0.24], [0.045, -0.34], [0.1, -1.0], [0, -1.25], [-0.1, -1.0], [-0.045, -0.34]]
        layer.fill(front(np.array(tie)), colour=person.cloth[2] * 0.8)
        self._painted(layer)

    def _linen(self) -> np.ndarray:
        """Return the colour (3,) of a shirt under a jacket."""
        return np.clip(self.person.cloth[1] * 0.4 + 0.56, 0, 1)

    def _legs(self, hips: float) -> None:
        """Draw trousers from the row `hips` down."""
        canvas, unit, body = self.canvas, self.unit, self.body
        half, middle, top = 0.42 * unit * body.width / 0.8, body.frame.x, hips - 0.3 * unit
        paths = [
            np.array([[middle + side * half, top], [middle + side * half * 1.1, canvas.height + 9]]) for side in (-1, 1)
        ]
        layer = Layer(canvas, np.concatenate(paths), margin=0.6 * unit)
        for path in paths:
            layer.limb(path, np.array([0.42, 0.33]) * unit * body.width / 0.8)
        cover = layer.cover()
        shade = relief(cover, 0.15 * unit, self.person.light)[..., None]
        shade = shade * folds(self.rng, layer.height, layer.width, unit)
        trousers = self.person.cloth[2] * 0.5 + 0.04
        canvas.over(layer, np.clip(trousers * shade, 0, 1) * cover[..., None], cover)

    def _fur(self, layer: Layer, outline: np.ndarray, length: float, *holes: np.ndarray) -> np.ndarray:
        """Return the coverage, in the box of `layer`, of fur along an outline (N, 2), cut off at `holes`.

        length: of its longest hairs, in heads.
        """
        fur = layer.blank(fineness(self.unit))
        hairs, unit = fur.placed(tufts(self.rng, outline, self.unit, length)), self.unit * fur.scale
        samples = int(np.clip(1.5 * length * unit, 8, 200))
        ends = self.rng.uniform(0.7, 1, (len(hairs), 1)).astype(np.float32)
        widths = taper(np.linspace(0, 1, samples, dtype=np.float32), ends) * np.float32(0.0022 * unit)
        fur.strands(curved(hairs, samples), widths, np.ones_like(widths))
        for hole in holes:
            fur.fill(hole)
        return fur.strand_cover()[0] * (1 - fur.cover())

    def _collar(self) -> None:
        """Draw ribbing, the roll and cords of a hood, or lapels, flaps and buttons."""
        body, person, unit = self.body, self.person, self.unit
        dark, bright = person.cloth[0] * 0.72, np.clip(person.cloth[0] * 1.08 + 0.02, 0, 1)
        layer = Layer(self.canvas, body.front(np.array([[-0.5, 0.3], [0.5, -2.5]])), margin=0.2 * unit, painted=True)
        if person.garment in ("tee", "sweater"):
            rib = body.front(self._ring())
            layer.limb(rib, np.full(len(rib), 0.03 * unit), dark)
        elif person.garment == "hoodie":
            roll = body.front(self._ring())
            layer.limb(roll, np.full(len(roll), 0.08 * unit), dark)
            layer.limb(roll + np.array((0, 0.01 * unit)), np.full(len(roll), 0.06 * unit), bright)
            for side in (-1, 1):
                cord = np.array([[side * 0.08, -0.26], [side * 0.1, -0.55], [side * 0.09, -0.8]])
                layer.limb(body.front(cord), np.full(3, 0.013 * unit), np.array([0.85, 0.84, 0.8]))
        elif person.garment in ("shirt", "jacket"):
            linen = bright if person.garment == "shirt" else self._linen()
            lapel = np.array(
                [[0.2, 0.07], [0.3, 0.03], [0.42, -0.3], [0.34, -0.36], [0.4, -0.45], [0.02, -1.35], [0.12, -0.5]]
            )
            flap = np.array([[0.17, 0.16], [0.24, 0.06], [0.29, -0.08], [0.2, -0.3], [0.01, -0.33], [0.1, -0.1]])
            # Each flap is drawn twice: a dark one, and over it a slightly smaller bright one, which leaves an edge.
            for side in (-1, 1):
                if person.garment == "jacket":
                    layer.fill(body.front(lapel * (side, 1)), colour=dark)
                    layer.fill(body.front((lapel * (0.95, 0.97) + (0.012, 0)) * (side, 1)), colour=bright * 0.93)
                layer.fill(body.front(flap * (side, 1)), colour=linen * 0.72)
                layer.fill(body.front((flap * (0.94, 0.94) + (0.01, 0.0)) * (side, 1)), colour=linen)
            if person.garment == "shirt":
                strip = np.array([[-0.035, -0.36], [0.035, -0.36], [0.035, -2.5], [-0.035, -2.5]])
                layer.fill(body.front(strip), colour=dark)
                for y in np.arange(-0.45, -2.4, -0.3):
                    button = np.array([0, y]) + ellipse(0.02, 0.02, 10)
                    layer.fill(body.front(button), colour=np.array([0.9, 0.89, 0.86]))
        self._painted(layer)

    def _painted(self, layer: Layer) -> None:
        """Lay a painted layer over the canvas, with folds."""
        cover, colour = layer.cover(), layer.painted()
        shade = folds(self.rng, layer.height, layer.width, self.unit, 0.2)
        self.canvas.over(layer, np.minimum(colour * shade, cover[..., None]), cover)

    def draw_arm(self, side: int, pose: str, smear: np.ndarray | None) -> None:
        """Draw skin, hand and sleeve of one arm. side: -1 is the viewer's left, 1 the right."""
        body, person, unit = self.body, self.person, self.unit
        path, way = body.arm(side, pose, self.head)
        radii = body.radii(len(path))
        if person.garment in SHORT_SLEEVES:
            layer = Layer(self.canvas, path, margin=0.3 * unit)
            layer.limb(path, radii)
            cover = layer.cover()
            shade = relief(cover, 0.1 * unit, person.light)[..., None] * cover[..., None]
            self.canvas.over(layer, np.clip(person.skin * shade, 0, cover[..., None]).astype(np.float32), cover, smear)
        if pose != "hip":
            draw_hand(self.canvas, path[-1], way, self.head.frame, person, side, pose, smear)
        if person.garment == "tank":
            return
        # The sleeve covers a share of the arm, wider than the arm itself.
        share = 0.42 if person.garment == "tee" else 0.97
        count = max(2, int(share * len(path)))
        wide = {"tee": 1.2, "fur": 1.3, "hoodie": 1.25, "sweater": 1.2}.get(person.garment, 1.12)
        sleeve = Layer(self.canvas, path[:count], margin=0.55 * unit)
        loose = body.radii(len(path), wide)[:count]
        sleeve.limb(path[:count], loose)
        # Fur grows along both edges of the sleeve.
        fur = None
        if person.garment == "fur":
            along = np.gradient(path[:count], axis=0)
            across = np.stack([-along[:, 1], along[:, 0]], 1) / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-6)
            reach = across * loose[:, None]
            fur = self._fur(sleeve, np.concatenate([path[:count] - reach, (path[:count] + reach)[::-1]]), 0.11)
        self.cloth(sleeve, 0.11, 0.96, smear, fur)
