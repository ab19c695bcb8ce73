"""The canvas of a subject: layers painted at four times the resolution, averaged down and laid over each other."""

from copy import copy

import cv2
import numpy as np

from matting.data.sources.procedural.strands import Dabs, covered, dabs

SUPER = 4
SUBPIXEL_BITS = 4


def fineness(unit: float) -> int:
    """Return the factor of resolution at which the strands of a head of `unit` pixels are painted."""
    return 1 + sum(unit < limit for limit in (50, 80, 400))


def ellipse(radius_x: float, radius_y: float, count: int = 20) -> np.ndarray:
    """Return the outline (count, 2) of an ellipse around the origin."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([radius_x * np.cos(turn), radius_y * np.sin(turn)], 1)


DISC = ellipse(1, 1)


class Layer:
    """A box of the canvas at `scale` times its resolution, large enough for `points` and a margin in pixels.

    tone: uint8, 255 where shapes are drawn. paint: uint8 RGB, for a layer whose parts differ in colour. dabs: what
    strands leave, from the first to the last.
    """

    def __init__(
        self,
        canvas: "Canvas",
        points: np.ndarray,
        margin: float = 2.0,
        painted: bool = False,
        scale: int = SUPER,
    ) -> None:
        self.scale = scale
        low = np.floor(points.reshape(-1, 2).min(0) - margin)
        high = np.ceil(points.reshape(-1, 2).max(0) + margin)
        limit = np.array([canvas.width, canvas.height])
        first = np.clip(low, 0, limit - 1).astype(int)
        last = np.maximum(np.clip(high, 0, limit).astype(int), first + 1)
        self.x, self.y = int(first[0]), int(first[1])
        self.width, self.height = (int(n) for n in last - first)
        self.tone = np.zeros((self.height * scale, self.width * scale), np.uint8)
        self.paint = np.zeros((*self.tone.shape, 3), np.uint8) if painted else None
        self.dabs: list[Dabs] = []

    def blank(self, scale: int) -> "Layer":
        """Return an empty layer of the same box at `scale` times the canvas's resolution."""
        layer = copy(self)
        layer.scale, layer.paint, layer.dabs = scale, None, []
        layer.tone = np.zeros((self.height * scale, self.width * scale), np.uint8)
        return layer

    def _fixed(self, points: np.ndarray) -> np.ndarray:
        """Return pixels of the canvas as OpenCV's fixed-point pixels of the layer."""
        placed = (points - (self.x, self.y)) * self.scale - 0.5
        return np.rint(placed * (1 << SUBPIXEL_BITS)).astype(np.int32)

    def fill(self, *outlines: np.ndarray, colour: np.ndarray | None = None, tone: int = 255) -> None:
        """Fill polygons (N, 2) in pixels of the canvas. Regions that an even number of them cover stay empty."""
        fixed = [self._fixed(outline) for outline in outlines]
        cv2.fillPoly(self.tone, fixed, tone, cv2.LINE_8, SUBPIXEL_BITS)
        if self.paint is not None and colour is not None:
            cv2.fillPoly(self.paint, fixed, as_bytes(colour), cv2.LINE_8, SUBPIXEL_BITS)

    def limb(self, path: np.ndarray, radii: np.ndarray, colour: np.ndarray | None = None) -> None:
        """Fill a tube along `path` (N, 2) with `radii` (N,), both in pixels, round at joints and ends."""
        along = np.diff(path, axis=0)
        across = np.stack([-along[:, 1], along[:, 0]], 1) / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-6)
        start, end = path[:-1] + across * radii[:-1, None], path[1:] + across * radii[1:, None]
        below, behind = path[1:] - across * radii[1:, None], path[:-1] - across * radii[:-1, None]
        discs = path[:, None] + radii[:, None, None] * DISC
        shapes = [*self._fixed(np.stack([start, end, below, behind], 1)), *self._fixed(discs)]
        byte = None if colour is None else as_bytes(colour)
        for shape in shapes:
            cv2.fillPoly(self.tone, [shape], 255, cv2.LINE_8, SUBPIXEL_BITS)
            if self.paint is not None and byte is not None:
                cv2.fillPoly(self.paint, [shape], byte, cv2.LINE_8, SUBPIXEL_BITS)

    def strands(self, lines: np.ndarray, widths: np.ndarray, tones: np.ndarray) -> None:
        """Draw strands (N, M, 2) with widths and tones (N, M), in pixels of the layer; later ones lie on top."""
        self.dabs.append(dabs(lines, widths, tones, *self.tone.shape))

    def placed(self, points: np.ndarray) -> np.ndarray:
        """Return pixels of the canvas as pixels of the layer, as `strands` takes them."""
        return (points - (self.x, self.y)) * self.scale

    def cover(self) -> np.ndarray:
        """Return the share of each pixel that shapes cover, float32 (height, width) in [0, 1]."""
        return self._down((self.tone > 0).view(np.uint8) * 255)

    def strand_cover(self) -> list[np.ndarray]:
        """Return of each pixel the share that strands cover, that share times their tone, and the area of all strands.

        All are float32 (height, width), the first two in [0, 1].
        """
        if not self.dabs:
            return [np.zeros((self.height, self.width), np.float32)] * 3
        at, area, tones = (np.concatenate(part) for part in zip(*self.dabs, strict=True))
        depth = np.bincount(at, area, self.tone.size).astype(np.float32).reshape(self.tone.shape)
        shine = np.zeros(self.tone.shape, np.float32)
        shine.ravel()[at] = tones  # of several values for one pixel, numpy keeps the last
        share = covered(depth)
        shine *= share
        size = (self.width, self.height)
        return [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (share, shine, depth)]

    def painted(self) -> np.ndarray:
        """Return colour times coverage, float32 (height, width, 3) in [0, 1]."""
        return self._down(self.paint)

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the pixel centres on the canvas: x (1, width) and y (height, 1), float32."""
        x = np.arange(self.x, self.x + self.width, dtype=np.float32)[None] + 0.5
        return x, np.arange(self.y, self.y + self.height, dtype=np.float32)[:, None] + 0.5

    def _down(self, plane: np.ndarray | None) -> np.ndarray:
        """Return a plane averaged down to the canvas's resolution, in [0, 1]."""
        assert plane is not None
        small = cv2.resize(plane, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return small.astype(np.float32) / 255


class Canvas:
    """Premultiplied colour (height, width, 3) and alpha (height, width), float32, empty at first."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.colour: np.ndarray = np.zeros((height, width, 3), np.float32)
        self.alpha: np.ndarray = np.zeros((height, width), np.float32)

    def over(self, layer: Layer, colour: np.ndarray, cover: np.ndarray, smear: np.ndarray | None = None) -> None:
        """Lay premultiplied `colour` with coverage `cover` over the canvas. smear: a kernel of motion blur."""
        if smear is not None:
            colour = cv2.filter2D(colour, -1, smear, borderType=cv2.BORDER_REPLICATE)
            cover = cv2.filter2D(cover, -1, smear, borderType=cv2.BORDER_REPLICATE)
        rows, columns = slice(layer.y, layer.y + layer.height), slice(layer.x, layer.x + layer.width)
        behind = 1 - cover
        self.colour[rows, columns] *= behind[..., None]
        self.colour[rows, columns] += colour
        self.alpha[rows, columns] *= behind
        self.alpha[rows, columns] += cover

    def blur(self, sigma: float) -> None:
        """Blur colour and alpha alike, as a lens does, so that a composite looks like one photograph."""
        self.colour = cv2.GaussianBlur(self.colour, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        self.alpha = cv2.GaussianBlur(self.alpha, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def extend(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return colours, float32 (H, W, 3), not premultiplied and defined everywhere, from premultiplied ones.

    Pixels without coverage take the colours nearby, by push and pull over a pyramid of images.
    """
    height, width = alpha.shape
    # Each level takes what it lacks from the next coarser one.
    if min(height, width) > 1:
        half = (max(1, width // 2), max(1, height // 2))
        coarse = extend(
            cv2.resize(colour, half, interpolation=cv2.INTER_AREA),
            cv2.resize(alpha, half, interpolation=cv2.INTER_AREA),
        )
        filled = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    else:
        filled = np.broadcast_to(colour.sum((0, 1)) / max(float(alpha.sum()), 1e-6), colour.shape)
    # The colour of a hardly covered pixel is mostly rounding: blend in that of its neighbours.
    trust = np.minimum(alpha * 64, 1)[..., None]
    return filled + trust * (colour / np.maximum(alpha, 1e-6)[..., None] - filled)


def relief(cover: np.ndarray, radius: float, light: np.ndarray) -> np.ndarray:
    """Return the brightness (height, width), around 1, of a shape whose edges are rounded over `radius` pixels.

    cover: coverage (height, width). light: direction towards the light, x right, y down.
    """
    height, width = cover.shape
    # The blurred coverage is the height of the surface: its slope against the light shades it.
    step = max(1, int(radius / 3))
    small = cv2.resize(cover, (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), max(radius / step, 0.5), borderType=cv2.BORDER_REPLICATE)
    slope_x = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8, borderType=cv2.BORDER_REPLICATE)
    slope_y = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8, borderType=cv2.BORDER_REPLICATE)
    lit = -(slope_x * light[0] + slope_y * light[1]) * (radius / step)
    shade = 0.76 + 0.26 * np.clip(soft * 2 - 1, 0, 1) + 0.75 * lit
    return cv2.resize(shade.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)


def as_bytes(colour: np.ndarray) -> tuple[int, int, int]:
    """Return an RGB colour in [0, 1] as bytes, clamped."""
    red, green, blue = (round(255 * min(max(float(c), 0.0), 1.0)) for c in colour)
    return red, green, blue


def smooth(points: np.ndarray, closed: bool = False, between: int = 6) -> np.ndarray:
    """Return a Catmull-Rom curve through points (N, D), with `between` points for each of its segments."""
    points = np.asarray(points, np.float64)
    ends = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    padded = np.concatenate([ends[0], points, ends[1]])
    a, b, c, d = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, between, endpoint=False)[None, :, None]
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    curve = curve.reshape(-1, points.shape[1])
    return curve if closed else np.concatenate([curve, points[-1:]])
