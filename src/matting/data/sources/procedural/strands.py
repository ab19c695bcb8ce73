"""Hair as curves: guides that grow and fall, and the strands that follow each guide."""

import numpy as np

from matting.data.sources.procedural.textures import noise


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


def follow(
    rng: np.random.Generator,
    guides: np.ndarray,
    each: int,
    spread: float,
    clump: float,
    wave: float,
    turns: float,
    frizz: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return strands (N * each, K, 3) around guides (N, K, 3), and their tones (N * each,) in (0, 1].

    spread: distance from the guide at the root. clump: share of that distance lost towards the tip. wave: amplitude of
    curls, common to the strands of a guide. turns: number of curls on a strand. frizz: amplitude of each strand's own
    bends.
    """
    count, steps = guides.shape[:2]
    total = count * each
    along = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
    strands = np.repeat(guides, each, axis=0)
    offset = rng.normal(0, spread, (total, 1, 3)).astype(np.float32)
    strands = strands + offset * (1 - clump * along)
    # Curls: strands of one guide share phase and frequency, up to a little noise.
    phase = np.repeat(rng.uniform(0, 2 * np.pi, (count, 1, 3)), each, axis=0) + rng.normal(0, 0.5, (total, 1, 3))
    turn = along * (2 * np.pi * turns) * np.repeat(rng.uniform(0.75, 1.25, (count, 1, 1)), each, axis=0)
    strands += (wave * np.minimum(along * 3, 1) * np.sin(turn + phase)).astype(np.float32)
    # Frizz: each strand bends by itself, more towards the tip.
    own = rng.normal(0, frizz, (2, total, 1, 3)).astype(np.float32)
    bend = along * rng.uniform(4, 9, (total, 1, 1)).astype(np.float32)
    strands += own[0] * along * np.sin(bend) + own[1] * along**2 * np.cos(1.7 * bend)
    tones = np.repeat(rng.uniform(0.25, 0.85, count), each) + rng.normal(0, 0.16, total)
    return strands, np.clip(tones, 0.05, 1)


def shortened(strands: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the first `shares` (N,) of each strand (N, K, D), again with K points."""
    steps = strands.shape[1]
    at = shares[:, None] * np.linspace(0, steps - 1, steps)[None]
    low = np.minimum(at.astype(int), steps - 2)
    rows = np.arange(len(strands))[:, None]
    part = (at - low)[..., None].astype(np.float32)
    return strands[rows, low] * (1 - part) + strands[rows, low + 1] * part


def tufts(rng: np.random.Generator, outline: np.ndarray, unit: float, length: float) -> np.ndarray:
    """Return hairs of fur (N, 5, 2) in pixels along an outline (M, 2), in uneven tufts.

    unit: pixels per head. length: of the longest tufts, in heads.
    """
    # Roots are drawn along the outline, by its length; hairs leave it along the normal.
    ring = np.concatenate([outline, outline[:1]])
    mile = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(ring, axis=0), axis=1))])
    count = int(min(mile[-1] / unit * 300, 6000))
    at = rng.uniform(0, mile[-1], count)
    root, ahead = (np.stack([np.interp(at + more, mile, ring[:, i]) for i in (0, 1)], 1) for more in (0, 2))
    normal = (ahead - root)[:, ::-1] * (1, -1)
    normal = normal / (np.linalg.norm(normal, axis=1, keepdims=True) + 1e-6)
    tuft = noise(rng, 1, 512, 1, 70)[0][(at / mile[-1] * 511).astype(int)]
    reach = (length * unit * (0.15 + tuft**2) * rng.uniform(0.5, 1.5, count))[:, None, None]
    way = normal + rng.normal(0, 0.55, (count, 2)) + np.array((0, 0.4))
    t = np.linspace(-0.5, 1, 5)[None, :, None]
    return root[:, None] + way[:, None] * reach * t + np.array((0, 0.35)) * (reach * np.maximum(t, 0) ** 2)
