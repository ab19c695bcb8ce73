"""Hair as smooth curves: guides that grow and fall, tresses of strands around each guide, and how they are painted."""

from functools import lru_cache

import numpy as np
from scipy.interpolate import BSpline

from matting.data.sources.procedural.textures import noise

WIDEST = 1.3  # pixels; a wider line is painted as two
LIMIT = 2.0  # strands that cover a point this many times hide what is behind them


def grow(
    roots: np.ndarray,
    directions: np.ndarray,
    lengths: np.ndarray,
    fall: np.ndarray,
    centre: np.ndarray,
    radii: np.ndarray,
    steps: int,
) -> np.ndarray:
    """Return guides (N, steps, 3) that grow from `roots` (N, 3) in `directions` (N, 3) for `lengths` (N,).

    fall: (3,) or (N, 3), added to the direction for each unit of length (gravity over stiffness). centre, radii: an
    ellipsoid that no guide enters.
    """
    points = np.empty((len(roots), steps, 3), np.float32)
    point, heading = roots.copy(), directions.copy()
    stride = (lengths / (steps - 1))[:, None]
    for step in range(steps):
        points[:, step] = point
        heading = heading + fall * stride
        heading /= np.linalg.norm(heading, axis=1, keepdims=True) + 1e-6
        point = point + heading * stride
        # Push a point inside the ellipsoid out to its surface.
        inside = (point - centre) / radii
        point = centre + inside * radii / np.minimum(np.linalg.norm(inside, axis=1, keepdims=True), 1)
    return points


def pull(roots: np.ndarray, target: np.ndarray, centre: np.ndarray, radii: np.ndarray, steps: int) -> np.ndarray:
    """Return guides (N, steps, 3) combed from `roots` (N, 3) over an ellipsoid to the point `target`."""
    along = np.linspace(0, 1, steps)[None, :, None]
    points = roots[:, None] * (1 - along) + target * along
    inside = (points - centre) / radii
    return (centre + inside * radii / np.minimum(np.linalg.norm(inside, axis=2, keepdims=True), 1)).astype(np.float32)


@lru_cache(maxsize=256)
def spline(controls: int, samples: int) -> np.ndarray:
    """Return the matrix (samples, controls) from control points to points of a cubic B-spline, which has no corners."""
    degree = min(3, controls - 1)
    knots = np.concatenate([np.zeros(degree), np.linspace(0, 1, controls - degree + 1), np.ones(degree)])
    matrix = BSpline.design_matrix(np.linspace(0, 1, samples), knots, degree).toarray().astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def curved(controls: np.ndarray, samples: int) -> np.ndarray:
    """Return the splines (..., samples, D) of control points (..., K, D), float32."""
    return spline(controls.shape[-2], samples) @ controls.astype(np.float32, copy=False)


def tresses(
    rng: np.random.Generator,
    guides: np.ndarray,
    each: int,
    samples: int,
    spread: float,
    clump: float,
    wave: float,
    turns: float,
    frizz: float,
) -> np.ndarray:
    """Return strands (each, N, samples, 2) around guides (N, K, 2). Lengths are in one unit.

    spread: distance from the guide at the root. clump: share of that distance lost towards the tip. wave: amplitude of
    curls, common to the strands of a guide. turns: number of curls on a strand. frizz: amplitude of each strand's own
    bends.
    """
    count, bends = len(guides), 4 + round(turns)
    start = rng.normal(0, spread, (each, count, 2)).astype(np.float32)
    own = rng.normal(0, frizz, (each, count, bends, 2)).astype(np.float32)
    loose = rng.gamma(2.0, 0.5, (each, count)).astype(np.float32)
    phase, pace = rng.uniform(0, 2 * np.pi, (count, 1, 2)), rng.uniform(0.8, 1.25, (count, 1, 1))
    t = np.linspace(0, 1, bends, dtype=np.float32)[:, None]
    controls = start[:, :, None] * (1 - clump * t) + own * (loose[..., None, None] * t)
    strands = curved(controls, samples)
    strands += curved(guides, samples)
    if wave:
        along = np.linspace(0, 1, samples)[None, :, None]
        # A helix seen from the side. Strands of a guide share it, with amplitudes and phases that differ a little.
        turn = along * (2 * np.pi * turns) * pace + phase
        rise = np.minimum(along * 3, 1) * wave
        first, second = ((rise * part(turn)).astype(np.float32) for part in (np.sin, np.cos))
        angle = rng.normal(0, 0.45, (each, count, 1, 1)).astype(np.float32)
        strands += np.cos(angle) * first
        strands += np.sin(angle) * second
    return strands


def taper(along: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return relative widths (..., M) of strands that start thin, end in a point at `ends` (..., 1), empty beyond.

    along: (M,), 0 at the root to 1.
    """
    left = np.clip((1 - along / ends) / 0.75, 0, 1)
    return np.sqrt(left, out=left) * np.minimum(0.25 + along * 12, 1)


Dabs = tuple[np.ndarray, np.ndarray, np.ndarray]


def dabs(lines: np.ndarray, widths: np.ndarray, tones: np.ndarray, height: int, width: int) -> Dabs:
    """Return where lines touch a plane of height x width pixels: flat indices (D,), areas (D,) and tones (D,).

    lines: (N, M, 2) pixels. widths: (N, M) pixels. tones: (N, M) in [0, 1]. A line is a row of samples. Each leaves its
    area in the pixel in which it lies, so that a line much thinner than a pixel keeps its area.
    """
    # A wide line is two lines of half its width, side by side.
    if widths.max(initial=0) > WIDEST:
        ahead = np.gradient(lines, axis=1)
        across = ahead[..., ::-1] * (-1, 1) / (np.hypot(ahead[..., :1], ahead[..., 1:]) + 1e-6) * widths[..., None] / 4
        sides = np.stack([lines - across, lines + across], 1).reshape(-1, *lines.shape[1:])
        return dabs(sides, np.repeat(widths, 2, 0) / 2, np.repeat(tones, 2, 0), height, width)
    area = widths * strides(lines)
    # What is empty or leaves the plane is left out.
    seen = area > 0
    for axis, limit in ((0, width), (1, height)):
        place = lines[..., axis]
        if place.min(initial=0) < 0 or place.max(initial=0) >= limit:
            seen &= (place >= 0) & (place < limit)
    cells = lines.astype(np.int32)
    return (cells[..., 1] * np.int32(width) + cells[..., 0])[seen], area[seen], tones[seen]


def strides(lines: np.ndarray, every: int = 6) -> np.ndarray:
    """Return the distances (N, M) between the samples of smooth lines (N, M, 2), means over `every` samples."""
    marks = np.append(np.arange(0, lines.shape[1] - 1, every), lines.shape[1] - 1)
    ahead, counts = np.diff(lines[:, marks], axis=1), np.diff(marks)
    steps = np.repeat(np.hypot(ahead[..., 0], ahead[..., 1]) / counts.astype(np.float32), counts, axis=1)
    return np.concatenate([steps[:, :1], steps], axis=1)


def ramp(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return 0 where `value` is below `low`, 1 where it is above `high`, and a smooth step between."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def covered(depth: np.ndarray) -> np.ndarray:
    """Return the share of each pixel that strands of a total area `depth` cover, in [0, 1].

    The strands of a pixel overlap by chance, as if they were in two layers: 1 - (1 - depth / 2)^2.
    """
    clear = 1 - np.minimum(depth, LIMIT) / LIMIT
    return 1 - clear * clear


def tufts(rng: np.random.Generator, outline: np.ndarray, unit: float, length: float) -> np.ndarray:
    """Return hairs of fur (N, 4, 2) in pixels along an outline (M, 2), in uneven tufts.

    unit: pixels per head. length: of the longest tufts, in heads.
    """
    # Roots are drawn along the outline, by its length; hairs leave it along the normal.
    ring = np.concatenate([outline, outline[:1]])
    mile = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(ring, axis=0), axis=1))])
    count = int(min(mile[-1] / unit * 300, 6000))
    at = rng.uniform(0, mile[-1], count)
    root, ahead = (np.stack([np.interp(at + more, mile, ring[:, i]) for i in (0, 1)], 1) for more in (0, 0.01 * unit))
    normal = (ahead - root)[:, ::-1] * (1, -1)
    normal = normal / (np.linalg.norm(normal, axis=1, keepdims=True) + 1e-6)
    tuft = noise(rng, 1, 512, 1, 70)[0][(at / mile[-1] * 511).astype(int)]
    reach = (length * unit * (0.15 + tuft**2) * rng.uniform(0.5, 1.5, count))[:, None, None]
    way = normal + rng.normal(0, 0.4, (count, 2)) + np.array((0, 0.4))
    t = np.linspace(-0.5, 1, 4)[None, :, None]
    return root[:, None] + way[:, None] * reach * t + np.array((0, 0.35)) * (reach * np.maximum(t, 0) ** 2)
