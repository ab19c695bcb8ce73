"""The head, three ellipsoids that turn, and the frame that maps heads and bodies to the canvas.

A head is 1 unit high. Head axes: x to the viewer's right, y up from the chin, z out of the face. Body coordinates have
their origin at the pit of the neck.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from matting.data.sources.procedural.canvas import ellipse

Edge = Callable[[np.ndarray], np.ndarray]  # radians around the skull, 0 at the face -> height
# In head coordinates: the skull's centre, and the point about which the head turns. NECK: where that is on the body.
CRANIUM = np.array([0.0, 0.61, -0.08])
PIVOT = np.array([0.0, 0.2, -0.1])
NECK = np.array([0.0, 0.46, 0.0])


@dataclass(frozen=True)
class Frame:
    """The map from body units to pixels: a head is `unit` pixels high, the pit of the neck lies at (x, y)."""

    unit: float
    x: float
    y: float

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Return points (..., 2 or 3) in body units as pixels (..., 2)."""
        return points[..., :2] * (self.unit, -self.unit) + (self.x, self.y)


class Head:
    """A head, turned by yaw (to the viewer's right), pitch (down) and roll, in radians. width, jaw: factors of size."""

    def __init__(self, frame: Frame, yaw: float, pitch: float, roll: float, width: float, jaw: float) -> None:
        self.frame = frame
        cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
        turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        self.rotation = tilt @ nod @ turn
        self.skull = np.array([0.355 * width, 0.39, 0.43])
        self.face_radii = np.array([0.36 * width, 0.56, 0.36])
        self.parts = (
            (CRANIUM, self.skull),
            (np.array([0, 0.42, 0.06]), np.array([0.322 * width, 0.35, 0.30])),
            (np.array([0, 0.15, 0.16]), np.array([0.19 * jaw * width, 0.15, 0.15])),
        )

    def turned(self, points: np.ndarray) -> np.ndarray:
        """Return head coordinates (..., 3) as body coordinates (..., 3), with z towards the viewer."""
        return (points - PIVOT) @ self.rotation.T + NECK

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Return head coordinates (..., 3) as pixels (..., 2)."""
        return self.frame.pixels(self.turned(points))

    def surface(self, points: np.ndarray, lift: float | np.ndarray = 0.0) -> np.ndarray:
        """Lay points (N, 2), seen from the front, on the face and raise them by `lift`: head coordinates (N, 3)."""
        points = np.asarray(points, np.float64)
        x, y = points[:, 0] / self.face_radii[0], (points[:, 1] - 0.45) / self.face_radii[1]
        z = self.face_radii[2] * np.sqrt(np.clip(1 - x**2 - y**2, 0, None))
        return np.stack([points[:, 0], points[:, 1], z + lift], 1)

    def on_face(self, points: np.ndarray, lift: float | np.ndarray = 0.0) -> np.ndarray:
        """Return the pixels (N, 2) of points on the face; arguments as for `surface`."""
        return self.pixels(self.surface(points, lift))

    def facing(self, x: float, y: float) -> float:
        """Return how far the face at (x, y) points at the viewer: 1 straight, 0 sideways, negative hidden."""
        point = self.surface(np.array([[x, y]]))[0] - (0, 0.45, 0)
        normal = point / self.face_radii**2
        return float((self.rotation @ (normal / np.linalg.norm(normal)))[2])

    def patches(self, low: Edge, high: Edge | None, grow: float) -> np.ndarray:
        """Return patches (N, 4, 2) in pixels that tile the visible part of the skull, `grow` units larger.

        low, high: edges between which they lie; without `high` they reach the crown.
        """
        radii = self.skull + grow
        # A grid of 64 x 16 patches: `turn` around the skull, `rise` from the low to the high edge, both in radians.
        turn = np.linspace(-np.pi, np.pi, 65)[None]
        first, last = (
            np.arcsin(np.clip((edge(turn) - CRANIUM[1]) / radii[1], -1, 1)) if edge else np.full_like(turn, np.pi / 2)
            for edge in (low, high)
        )
        rise = first + (np.maximum(last, first) - first) * np.linspace(0, 1, 17)[:, None]
        normals = np.stack([np.cos(rise) * np.sin(turn), np.sin(rise), np.cos(rise) * np.cos(turn)], 2)
        flat = self.pixels(CRANIUM + normals * radii)
        seen = ((normals / radii) @ self.rotation[2])[:-1, :-1] > -0.25
        return np.stack([flat[:-1, :-1], flat[1:, :-1], flat[1:, 1:], flat[:-1, 1:]], 2)[seen]

    def outline(self, grow: float = 0.0, parts: slice = slice(None)) -> np.ndarray:
        """Return the silhouette (N, 2) in pixels of the head, or of some of its parts, `grow` units larger."""
        rings = []
        # A turned ellipsoid projects to an ellipse: the image of the unit circle under a root of its matrix.
        for centre, radii in self.parts[parts]:
            spread = self.rotation[:2] * (radii + grow)
            rings.append(self.turned(centre)[:2] + ellipse(1, 1, 40) @ np.linalg.cholesky(spread @ spread.T).T)
        points = self.frame.pixels(np.concatenate(rings)).astype(np.float32)
        return cv2.convexHull(points)[:, 0].astype(np.float64)
