"""Objects, grass and lamps in a scene, and the defocus of the lens."""

import cv2
import numpy as np

from matting.data.sources.procedural.canvas import ellipse, smooth
from matting.data.sources.procedural.people import HAIRS, SKINS, palette
from matting.data.sources.procedural.strands import grow
from matting.data.sources.procedural.textures import FABRICS, fabric

Image = np.ndarray


def place_object(rng: np.random.Generator, scene: Image) -> None:
    """Draw a lit object of cloth, skin or hair colour into a scene; a method must not take it for a person."""
    height, width = scene.shape[:2]
    reach = min(height, width) * rng.uniform(0.05, 0.28)
    centre = rng.random(2) * (width, height)
    corners = ellipse(reach, reach * rng.uniform(0.4, 1.6), int(rng.integers(4, 9))) * rng.uniform(0.6, 1.1, (1, 1))
    turn = rng.uniform(0, np.pi)
    corners = corners @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    # A polygon or a smooth blob; only its box is drawn.
    shape = (smooth(corners, closed=True) if rng.random() < 0.6 else corners) + centre
    low = np.clip(np.floor(shape.min(0)), 0, (width - 1, height - 1)).astype(int)
    high = np.maximum(np.clip(np.ceil(shape.max(0)) + 1, 0, (width, height)).astype(int), low + 1)
    x, y = np.arange(low[0], high[0], dtype=np.float32)[None], np.arange(low[1], high[1], dtype=np.float32)[:, None]
    mask = np.zeros((len(y), x.shape[1]), np.uint8)
    cv2.fillPoly(mask, [np.rint((shape - low) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    # Fill it with cloth or with one colour, brighter on the upper left.
    kind = rng.choice(["cloth", "skin", "hair", "glow"], p=[0.5, 0.2, 0.15, 0.15])
    if kind == "cloth":
        colour = fabric(rng, str(rng.choice(FABRICS)), x, y, reach * 3, palette(rng))
    else:
        plain = {"skin": SKINS[rng.integers(len(SKINS))], "hair": HAIRS[rng.integers(len(HAIRS))][1]}.get(str(kind))
        colour = np.asarray(palette(rng)[1] * 0.4 + 0.5 if plain is None else np.array(plain) / 255)
    away = np.hypot(x - centre[0] + reach / 3, y - centre[1] + reach / 3)
    lit = 0.75 + 0.35 * np.clip(1 - away / reach / 1.4, 0, 1)[..., None]
    part = scene[low[1] : high[1], low[0] : high[0]]
    part += (mask[..., None] / 255).astype(np.float32) * (colour * lit - part)


def grass(rng: np.random.Generator, scene: Image) -> None:
    """Draw blades, twigs or hair-like strands that rise from below into a scene."""
    height, width = scene.shape[:2]
    count = int(rng.integers(30, 160))
    left = rng.uniform(0, 1, count) * width
    roots = np.stack([left, np.full(count, height * rng.uniform(0.6, 1.1)), np.zeros(count)], 1)
    headings = np.stack([rng.normal(0, 0.35, count), np.full(count, -1.0), np.zeros(count)], 1)
    lengths = rng.uniform(0.1, 0.6, count) * height
    bend = np.stack([rng.normal(0, 1.5 / height, count), np.zeros(count), np.zeros(count)], 1)
    # Strands of hair serve as blades, with an ellipsoid to avoid that is far away.
    nowhere = np.array([0.0, 0.0, 1e9])
    blades = grow(roots, headings, lengths, bend, nowhere, np.ones(3), 10)[..., :2]
    dark, light = palette(rng)[:2] * 0.6 + np.array([0.1, 0.16, 0.02])
    for blade in np.rint(blades * 16).astype(np.int32):
        colour = dark + (light - dark) * rng.random()
        cv2.polylines(scene, [blade], False, tuple(float(c) for c in colour), max(1, height // 250), cv2.LINE_8, 4)


def lights(rng: np.random.Generator, scene: Image) -> None:
    """Draw far lamps into a scene, small and much brighter than white: `defocus` makes discs of them."""
    height, width = scene.shape[:2]
    for _ in range(rng.integers(5, 30)):
        at = (int(rng.random() * width), int(rng.random() * height))
        colour = (palette(rng)[0] * 0.5 + 0.5) * rng.uniform(3, 9)
        cv2.circle(scene, at, max(1, min(height, width) // 90), tuple(float(c) for c in colour), -1)


def defocus(scene: Image, radius: float) -> Image:
    """Return a scene blurred by a round aperture of `radius` pixels."""
    height, width = scene.shape[:2]
    # At a lower resolution, which the blur would leave anyway.
    step = max(1, int(radius / 4))
    small = cv2.resize(scene, (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA)
    reach = radius / step
    half = int(np.ceil(reach))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    disc = np.clip(reach + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    small = cv2.filter2D(small, -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT_101)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
