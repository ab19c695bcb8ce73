"""Noise and woven patterns."""

import cv2
import numpy as np

FABRICS = ("plain", "stripes", "check", "plaid", "dots", "blobs", "knit", "denim")


def noise(rng: np.random.Generator, height: int, width: int, rows: int, columns: int) -> np.ndarray:
    """Return smooth noise in [0, 1], float32 (height, width), with about `rows` by `columns` bumps."""
    coarse = rng.random((rows + 2, columns + 2), np.float32)
    return np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


def cloud(rng: np.random.Generator, height: int, width: int, bumps: int, octaves: int = 4) -> np.ndarray:
    """Return noise of several scales in [0, 1], float32 (height, width). bumps: on a side at the coarsest scale."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        total += noise(rng, height, width, bumps << octave, bumps << octave) * 0.5 ** (octave + 1)
    return total / (1 - 0.5**octaves)


def edge(wave: np.ndarray, unit: float) -> np.ndarray:
    """Return 1 where `wave` is positive, else 0, with a ramp against aliasing. unit: pixels per period."""
    return np.clip(wave * max(unit / 4, 0.6) + 0.5, 0, 1)


def fabric(
    rng: np.random.Generator, kind: str, x: np.ndarray, y: np.ndarray, unit: float, colours: np.ndarray
) -> np.ndarray:
    """Return cloth, float32 (height, width, 3), of a kind in FABRICS.

    x (1, width), y (height, 1): pixels from the wearer's origin, so that the pattern moves with the body. unit: pixels
    per head. colours: (3, 3) RGB.
    """
    height, width = y.shape[0], x.shape[1]
    period = unit * rng.uniform(0.08, 0.26)
    angle = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
    # Phases of the pattern, across and along its threads, bent a little by noise.
    bend_x, bend_y = (0.35 * (noise(rng, height, width, 3, 4) - 0.5) * 2 * np.pi for _ in range(2))
    across = (x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / period) + bend_x
    along = (y * np.cos(angle) - x * np.sin(angle)) * (2 * np.pi / period) + bend_y
    first, second, third = colours
    # The share of the second colour. Lambdas, since each kind draws other random numbers.
    mix = {
        "plain": lambda: np.zeros((height, width), np.float32),
        "stripes": lambda: edge(np.sin(across) - rng.uniform(-0.5, 0.5), period),
        "check": lambda: edge(np.sin(across) * np.sin(along), period),
        "plaid": lambda: 0.5 * edge(np.sin(across), period) + 0.5 * edge(np.sin(along), period),
        "dots": lambda: edge(np.cos(across) + np.cos(along) - 1.1, period),
        "blobs": lambda: edge(5 * (cloud(rng, height, width, max(3, round(width / unit * 4)), 3) - 0.5), period),
        "knit": lambda: 0.5 + 0.5 * np.sin(x * (20 / period) + 1.5 * np.sin(y * (20 / period))),
        "denim": lambda: rng.random((height, width), np.float32) * 0.6,
    }[kind]()
    mix = mix.astype(np.float32)[..., None]
    cloth = first * (1 - mix) + second * mix
    # Plaid has thin lines of the third colour; knit is one colour with a relief of stitches.
    if kind == "plaid":
        thin = edge(np.sin(across) - 0.93, period) + edge(np.sin(along) - 0.93, period)
        cloth += (third - cloth) * np.minimum(thin, 1).astype(np.float32)[..., None] * 0.8
    if kind == "knit":
        cloth = first * (0.8 + 0.25 * mix)
    return cloth.astype(np.float32)


def folds(rng: np.random.Generator, height: int, width: int, unit: float, strength: float = 0.3) -> np.ndarray:
    """Return the brightness (height, width, 1), around 1, of cloth that hangs in folds."""
    down = noise(rng, height, width, max(1, round(height / unit)), max(2, round(3.5 * width / unit)))
    slack = noise(rng, height, width, max(2, round(2.5 * height / unit)), max(2, round(1.5 * width / unit)))
    return (1 + strength * (down + 0.8 * slack - 0.9)).astype(np.float32)[..., None]
