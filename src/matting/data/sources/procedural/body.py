"""Shoulders, arms and hands: their shapes, and how skin is drawn. Units as in `head`."""

import numpy as np

from matting.data.sources.procedural.canvas import Canvas, Layer, ellipse, relief, smooth
from matting.data.sources.procedural.head import Frame, Head
from matting.data.sources.procedural.people import Person

# By pose, for the arm on the viewer's right: elbow from the shoulder, wrist from the shoulder, direction of the hand.
ARMS = {
    "down": ((0.17, -1.15), (0.06, -2.2), (0.0, -1.0)),
    "hip": ((0.66, -0.98), (0.0, -1.75), (-0.6, -0.5)),
    "cross": ((0.16, -1.15), (-0.88, -0.98), (-1.0, 0.25)),
    "wave": ((0.40, -0.86), (0.56, 0.16), (0.12, 1.0)),
    "chin": ((0.02, -1.2), (-0.52, 0.02), (-0.35, 1.0)),
    "rest": ((0.12, -1.1), (-0.42, -0.62), (-0.45, 0.9)),
}


class Body:
    """The trunk, turned by `body_yaw`: it gets narrower, and its front moves to the side that it faces."""

    def __init__(self, frame: Frame, person: Person, rng: np.random.Generator) -> None:
        self.frame, self.person = frame, person
        self.cosine, self.sine = np.cos(person.body_yaw), np.sin(person.body_yaw)
        self.back = self.cosine < -0.2
        self.width = float(np.hypot(person.shoulders * self.cosine, 0.46 * self.sine))
        self.slope = rng.uniform(-0.04, 0.05)
        self.girth = rng.uniform(0.9, 1.12)

    def front(self, points: np.ndarray) -> np.ndarray:
        """Return the pixels of points (N, 2) on the chest, given as seen from the front."""
        points = np.asarray(points, np.float64)
        depth = 0.02 + 0.3 * np.clip(-points[:, 1] * 1.3, 0, 1)
        across = points[:, 0] * abs(self.cosine) + depth * self.sine
        return self.frame.pixels(np.stack([across, points[:, 1] - self.slope * points[:, 0]], 1))

    def trunk(self) -> np.ndarray:
        """Return the outline (N, 2) in pixels from the neck to below the hips."""
        wide, girth = self.width - 0.06, self.girth
        half = [(0.16, 0.06), (0.25, 0.02), (0.48 * wide, -0.05), (0.84 * wide, -0.14), (wide, -0.3), (wide, -0.6)]
        half += [(0.88 * wide * girth, -1.0), (0.78 * wide * girth, -1.7)]
        half += [(0.84 * wide * girth, -2.3), (0.9 * wide * girth, -2.75)]
        right = np.array(half)
        left = right * (-1, 1)
        right[:, 1] -= self.slope
        left[:, 1] += self.slope
        return self.frame.pixels(smooth(np.concatenate([left[::-1], right])))

    def arm(self, side: int, pose: str, head: Head) -> tuple[np.ndarray, np.ndarray]:
        """Return an arm's centre line (N, 2) in pixels from shoulder to wrist, and the direction (2,) of its hand."""
        shoulder = np.array([self.width - 0.2, -0.37])
        elbow, wrist, hand = (np.array(value) for value in ARMS[pose])
        if pose == "chin":  # the hand must meet the chin, wherever the head is turned
            chin = head.turned(np.array([side * 0.12, 0.02, 0.3]))[:2] * (side, 1)
            wrist = chin - shoulder + (0.1, -0.42)
        upper, fore = shoulder + elbow * 0.55, shoulder + (elbow + wrist) / 2
        joints = np.array([shoulder, upper, shoulder + elbow, fore, shoulder + wrist])
        joints[:, 1] -= side * self.slope
        return self.frame.pixels(smooth(joints * (side, 1), between=4)), hand * (side, -1)

    def radii(self, count: int, thick: float = 1.0) -> np.ndarray:
        """Return radii (count,) in pixels from shoulder to wrist."""
        shape = np.interp(np.linspace(0, 1, count), [0, 0.25, 0.5, 0.7, 1], [0.175, 0.17, 0.14, 0.13, 0.085])
        return shape * thick * self.girth * self.frame.unit * (0.85 + 0.25 * self.person.shoulders)


def draw_skin(canvas: Canvas, body: Body, head: Head, person: Person) -> None:
    """Draw neck and chest (bare shoulders under a tank top) with the shadow of the chin, in one layer without seams."""
    unit = head.frame.unit
    top = head.turned(np.array([0, 0.28, -0.13]))[:2]
    foot = np.array([0.03 * body.sine, -0.12])
    path = head.frame.pixels(smooth(np.array([top, (top + foot) / 2, foot, foot + np.array((0, -0.2))]), between=4))
    thick = (0.17 + 0.07 * (person.shoulders - 0.74) / 0.26) * unit
    radii = thick * np.interp(np.linspace(0, 1, len(path)), [0, 0.4, 0.8, 1], [1.02, 0.98, 1.12, 1.4])
    chest = body.front(ellipse(0.3 * body.width / 0.8, 0.35) + np.array((0, -0.25)))
    if person.garment == "tank":
        chest = body.trunk()
    layer = Layer(canvas, np.concatenate([path, chest]), margin=2 * thick)
    layer.limb(path, radii)
    layer.fill(chest)
    cover = layer.cover()
    # The chin's shadow: a dark band just below it.
    y = layer.grid()[1]
    chin = head.pixels(np.array([0, 0.05, 0.1]))[1]
    shadow = 1 - 0.38 * np.exp(-(((y - chin - 0.02 * unit) / (0.17 * unit)) ** 2)) * np.ones_like(cover)
    shade = (relief(cover, 0.14 * unit, person.light) * shadow)[..., None]
    canvas.over(layer, np.minimum(cover[..., None] * person.skin * shade, cover[..., None]).astype(np.float32), cover)


def hand_shapes(wrist: np.ndarray, way: np.ndarray, size: float, thumb: int, curl: float, spread: float) -> list:
    """Return palm, thumb and four fingers, each as (path, radii) in pixels.

    way: direction of the hand. size: of the hand in pixels. thumb: side on which the thumb grows, -1 or 1. curl: share
    by which fingers are shortened. spread: angle between fingers.
    """
    way = way / np.linalg.norm(way)
    across = np.array([-way[1], way[0]]) * thumb
    axes = np.stack([way, across]) * size

    def place(points: list) -> np.ndarray:
        """Return points along and across the hand as pixels."""
        return wrist + np.array(points) @ axes

    palm = place([(-0.1, 0), (0.12, 0.0), (0.3, 0.0)])
    shapes = [(palm, np.array([0.12, 0.165, 0.19]) * size)]
    shapes.append((place([(0.1, 0.1), (0.26, 0.26), (0.45, 0.33)]), np.array([0.09, 0.075, 0.055]) * size))
    for finger, length in enumerate((0.36, 0.42, 0.39, 0.29)):
        offset = 0.14 - 0.095 * finger
        lean = offset * spread
        reach = length * (1 - curl)
        root = np.array([0.4, offset])
        bend = 0.05 * curl
        tip = root + np.array((reach * np.cos(lean), reach * np.sin(lean) + bend))
        joints = [tuple(root), tuple((root + tip) / 2), tuple(tip)]
        shapes.append((place(joints), np.array([0.062, 0.055, 0.044]) * size))
    return shapes


def draw_hand(
    canvas: Canvas,
    wrist: np.ndarray,
    way: np.ndarray,
    frame: Frame,
    person: Person,
    side: int,
    pose: str,
    smear: np.ndarray | None,
) -> None:
    """Draw a hand, open when it waves, half closed when it rests. smear: a kernel of motion blur."""
    size = 0.82 * frame.unit * (0.6 + 0.4 * person.shoulders)
    curl, spread = {"wave": (0.0, 2.2), "down": (0.2, 0.6)}.get(pose, (0.5, 0.3))
    palm, thumb, *fingers = hand_shapes(wrist, way, size, -side if pose == "wave" else side, curl, spread)
    everywhere = np.concatenate([path for path, _ in (palm, thumb, *fingers)])
    layer = Layer(canvas, everywhere, margin=0.35 * frame.unit, painted=True)
    # Each part has a dark rim. The palm, filled once more, covers all of it except between the fingers.
    for path, radii in (palm, *fingers, thumb):
        layer.limb(path, radii, person.skin * 0.72)
        layer.limb(path, radii * 0.86, person.skin * 0.97)
    layer.limb(palm[0], palm[1] * 0.9, person.skin * 0.97)
    cover, colour = layer.cover(), layer.painted()
    shade = relief(cover, 0.07 * frame.unit, person.light)[..., None]
    canvas.over(layer, np.minimum(colour * shade, cover[..., None]), cover, smear)
