"""Backgrounds: studios, rooms, streets, landscapes, textures and clutter, sharp or out of focus."""

from collections.abc import Callable

import cv2
import numpy as np

from matting.data.sources.procedural.clutter import Image, defocus, grass, lights, place_object
from matting.data.sources.procedural.people import palette
from matting.data.sources.procedural.textures import FABRICS, cloud, fabric, noise


def draw_scene(seed: int, number: int, height: int, width: int) -> Image:
    """Draw the scene `number` of `seed`, uint8 RGB (height, width, 3)."""
    rng = np.random.default_rng([seed, number, 16])
    kind = int(rng.choice(len(PLACES), p=[0.17, 0.23, 0.2, 0.22, 0.18]))
    scene = np.clip(PLACES[kind](rng, height, width), 0, 1).astype(np.float32)
    for _ in range(int(rng.integers(2, 9)) if rng.random() < 0.75 else 0):
        place_object(rng, scene)
    if rng.random() < 0.3:
        grass(rng, scene)
    # Out of focus by a share of the shorter side, in most scenes.
    side = min(height, width)
    focus = float(rng.choice([0.0, rng.uniform(0.004, 0.02), rng.uniform(0.03, 0.07)], p=[0.4, 0.3, 0.3]))
    if focus > 0.03 and rng.random() < 0.6:
        lights(rng, scene)
    if focus * side > 0.4:
        scene = defocus(scene, focus * side)
    # The camera: vignette, exposure and white balance, grain.
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    vignette = 1 - rng.uniform(0, 0.3) * (x**2 + y**2) / 2
    gain = rng.uniform(0.7, 1.1) * (1 + rng.uniform(-0.08, 0.08) * np.array([1, 0, -1]))
    grain = rng.standard_normal((height, width), np.float32)[..., None] * rng.uniform(0.003, 0.012)
    scene = scene * (vignette[..., None] * gain).astype(np.float32) + grain
    return np.rint(np.clip(scene, 0, 1) * 255).astype(np.uint8)


def studio(rng: np.random.Generator, height: int, width: int) -> Image:
    """Draw paper or painted cloth under one lamp."""
    first, second, _ = palette(rng)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    glow = np.exp(-((x - rng.uniform(0.1, 0.9)) ** 2 + (y - rng.uniform(0.1, 0.8)) ** 2) / rng.uniform(0.1, 0.5))
    mottle = rng.uniform(0, 0.5) * (cloud(rng, height, width, 3) - 0.5)
    mix = np.clip(glow + mottle, 0, 1)[..., None]
    return first * 0.55 + second * 0.5 * mix


def room(rng: np.random.Generator, height: int, width: int) -> Image:
    """Draw wall and floor, with one to three windows, pictures, curtains or shelves of books."""
    wall, trim, floor = palette(rng) * 0.5 + 0.3
    scene = np.empty((height, width, 3), np.float32)
    scene[:] = wall * (0.85 + 0.3 * noise(rng, height, width, 1, 2))[..., None]
    ground = int(height * rng.uniform(0.65, 0.95))
    scene[ground:] = floor * 0.7 * (0.8 + 0.4 * noise(rng, height - ground, width, 3, 20))[..., None]
    unit = min(height, width)
    for _ in range(rng.integers(1, 4)):
        w, h = (int(unit * rng.uniform(0.2, 0.6)) for _ in range(2))
        x, y = int(rng.uniform(-0.1, 0.9) * width), int(rng.uniform(-0.05, 0.5) * height)
        kind = rng.choice(["window", "picture", "shelf", "curtain"])
        cv2.rectangle(scene, (x, y), (x + w, y + h), tuple(float(c) for c in trim * 0.5), -1)
        rim = unit // 50
        inner = slice(max(y + rim, 0), max(y + h - rim, 1)), slice(max(x + rim, 0), max(x + w - rim, 1))
        rows, columns = scene[inner].shape[:2]
        if min(rows, columns) < 4:
            continue
        if kind == "window":
            scene[inner] = np.linspace(1.0, 0.75, rows)[:, None, None] * np.array([0.92, 0.97, 1.0])
            for share in (0.33, 0.67):
                bar = x + int(w * share)
                cv2.line(scene, (bar, y), (bar, y + h), tuple(float(c) for c in trim), max(1, unit // 80))
        elif kind == "picture":
            scene[inner] = texture(rng, rows, columns)
        elif kind == "curtain":
            phase = np.linspace(0, rng.uniform(15, 40), columns)[None] + 2 * noise(rng, rows, columns, 2, 2)
            scene[inner] = palette(rng)[0] * (0.75 + 0.3 * np.sin(phase))[..., None]
        else:
            books(rng, scene[inner])
    return scene


def books(rng: np.random.Generator, shelf: Image) -> None:
    """Draw rows of books into a shelf."""
    rows, columns = shelf.shape[:2]
    for top in np.linspace(0, rows, rng.integers(2, 5))[:-1].astype(int):
        deep, x = rows // 4 + 1, 0
        while x < columns:
            thick = max(2, int(rng.uniform(0.03, 0.1) * columns))
            shelf[top + int(deep * rng.uniform(0.0, 0.4)) : top + deep, x : x + thick - 1] = palette(rng)[0] * 0.8
            x += thick


def street(rng: np.random.Generator, height: int, width: int) -> Image:
    """Draw houses with rows of windows under a sky, in two rows, and a road."""
    scene = sky(rng, height, width)
    # The far row of houses first, paler, then the near one over it.
    for depth in range(2):
        x = -rng.uniform(0, 0.2) * width
        while x < width:
            wide, top = rng.uniform(0.15, 0.4) * width, rng.uniform(0.02, 0.5) * height
            wall = palette(rng)[0] * 0.55 + 0.15 + 0.15 * (1 - depth)
            left, right = int(max(x, 0)), int(max(x + wide, 0))
            scene[int(top) :, left:right] = wall
            pitch = wide / rng.integers(3, 7)
            lit = np.clip(wall + rng.choice([-0.25, 0.3]), 0, 1)
            for row in np.arange(top + 0.4 * pitch, height, pitch * 1.3):
                for column in np.arange(x + 0.3 * pitch, x + wide - 0.6 * pitch, pitch):
                    start, end = (int(column), int(row)), (int(column + 0.45 * pitch), int(row + 0.8 * pitch))
                    shade = lit * rng.uniform(0.6, 1.1)
                    cv2.rectangle(scene, start, end, tuple(float(c) for c in shade), -1)
            x += wide * rng.uniform(1.0, 1.3)
    road = int(height * rng.uniform(0.75, 1.0))
    scene[road:] = 0.3 + 0.15 * noise(rng, height, width, 20, 20)[road:, :, None]
    return scene


def sky(rng: np.random.Generator, height: int, width: int) -> Image:
    """Draw a sky that fades to the horizon, with clouds."""
    high = np.array([(0.35, 0.55, 0.85), (0.6, 0.65, 0.7), (0.85, 0.55, 0.4)])[rng.integers(3)]
    low = np.array([0.9, 0.9, 0.88])
    fade = np.linspace(0, 1, height)[:, None, None]
    puff = np.clip(cloud(rng, height, width, 3) * 2.5 - 1.1, 0, 1)[..., None] * rng.uniform(0, 1)
    blue = high * (1 - fade) + low * fade
    return (blue + (0.96 - blue) * puff).astype(np.float32)


def landscape(rng: np.random.Generator, height: int, width: int) -> Image:
    """Draw three ridges of hills under a sky, hazier the further away."""
    scene = sky(rng, height, width)
    green = np.array([(0.25, 0.42, 0.15), (0.45, 0.45, 0.2), (0.55, 0.35, 0.15), (0.6, 0.55, 0.4)])[rng.integers(4)]
    for depth, level in enumerate(np.sort(rng.uniform(0.25, 0.8, 3))):
        # A ridge line of broad and of fine noise; haze adds the colour of the air with distance.
        ridge = level + 0.12 * (noise(rng, 1, width, 1, 3 + depth)[0] - 0.5) + 0.03 * noise(rng, 1, width, 1, 40)[0]
        below = (np.arange(height)[:, None] > ridge[None] * height)[..., None]
        haze = 0.55 * (1 - depth / 2)
        leaves = 0.55 + 0.9 * cloud(rng, height, width, 8, 4)[..., None]
        ground = green * rng.uniform(0.7, 1.1) * leaves * (1 - haze) + haze * np.array([0.7, 0.76, 0.82])
        scene = np.where(below, ground, scene)
    return scene


def texture(rng: np.random.Generator, height: int, width: int) -> Image:
    """Draw brick, planks, leaves, marble or a hanging cloth over the whole frame."""
    colours = palette(rng)
    kind = rng.choice(["brick", "planks", "leaves", "marble", "cloth"])
    unit = min(height, width)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    grime = cloud(rng, height, width, 4)[..., None]
    # Bricks of every second row are shifted by half; each brick has a tone.
    if kind == "brick":
        tall = max(4.0, unit * rng.uniform(0.05, 0.12))
        row = np.floor(y / tall)
        column = np.floor(x / (2.2 * tall) + 0.5 * (row % 2))
        joint = ((y % tall) < 0.12 * tall) | (((x / (2.2 * tall) + 0.5 * (row % 2)) % 1) < 0.06)
        tone = 0.75 + 0.4 * rng.random((int(row.max()) + 1, int(column.max()) + 1))[row.astype(int), column.astype(int)]
        return np.where(joint[..., None], 0.55 * colours[1] + 0.25, colours[0] * tone[..., None]) * (0.7 + 0.6 * grime)
    if kind == "planks":
        wide = max(5.0, unit * rng.uniform(0.08, 0.25))
        plank = (x / wide).astype(int)
        tone = 0.7 + 0.5 * rng.random(int(plank.max()) + 1)[plank]
        tone = tone + 0.3 * noise(rng, height, width, 3, int(width / wide * 9) + 1)
        gap = ((x % wide) < 0.05 * wide)[..., None]
        return np.where(gap, 0.1, (0.5 * colours[0] + (0.25, 0.17, 0.1)) * tone[..., None])
    if kind == "leaves":
        leaf = cloud(rng, height, width, int(rng.integers(6, 14)), 4)[..., None]
        return (0.5 * colours[0] + (0.1, 0.25, 0.05)) * np.clip(leaf * 3.2 - 0.9, 0.1, 1.5)
    if kind == "marble":
        vein = np.abs(np.sin((x + y * 0.6) / unit * rng.uniform(4, 12) + 7 * grime[..., 0]))[..., None]
        return 0.5 + 0.45 * colours[0] - 0.35 * (1 - vein) ** 4
    return fabric(rng, str(rng.choice(FABRICS)), x[:1], y[:, :1], unit * 0.7, colours) * (0.6 + 0.8 * grime)


PLACES: tuple[Callable[[np.random.Generator, int, int], Image], ...] = (studio, room, street, landscape, texture)
