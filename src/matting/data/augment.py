"""Augment the geometry of uint8 planes, in the workers. No other file uses albumentations.

Every draw comes from the seed of a sample (`transformed`): by itself albumentations 2.0.8 gives all workers one stream.
"""

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else its import asks the network for a newer version

import albumentations as A
import cv2
import numpy as np

from matting.ops.resize import resize

FITS = ("crop", "pad", "stretch", "unknown", "whole")
CROPS = (1.0, 1.5, 2.0)  # sizes of a crop in frames: the 320, 480 and 640 px of Deep Image Matting
HALF = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # pixel centres lie at half integers
UNHALF = np.linalg.inv(HALF)
Transforms = Sequence[A.DualTransform]


class FrameSubject(A.DualTransform):
    """Scale, rotate, shift and crop a subject into a frame by one warp of its RGBA planes.

    fit: sets the scale before the jitter. `pad` shows the whole subject. `crop` draws a scale between that and filling
    the frame, around a pixel of soft alpha. `stretch` ignores the proportions. `unknown` cuts CROPS times the frame out
    of the unscaled plane, with a pixel of soft alpha in the middle.
    Where the edge of the plane cuts the person, that edge stays at the edge of the frame or outside of it.
    """

    def __init__(self, height: int, width: int, fit: str, scale: tuple[float, float], rotate: float, shift: float):
        super().__init__(p=1.0)
        self.height, self.width, self.fit = height, width, fit
        self.scale, self.rotate, self.shift = scale, rotate, shift

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Draw the map from the plane to the frame."""
        alpha, draw = data["image"][..., 3], self.py_random
        height, width = alpha.shape[:2]
        fits = self.width / width, self.height / height
        edges = alpha[:, 0].any(), alpha[:, -1].any(), alpha[0].any(), alpha[-1].any()
        if self.fit == "stretch":
            scale_x, scale_y = fits
        elif self.fit == "unknown":
            scale_x = scale_y = 1 / draw.choice(CROPS)
        else:
            low, high = min(fits), max(fits)
            scale_x = scale_y = low * (high / low) ** draw.random() if self.fit == "crop" else low
        jitter = math.exp(draw.uniform(math.log(self.scale[0]), math.log(self.scale[1])))
        # Where both edges of an axis cut the person, the plane has to span the frame.
        least_x, least_y = (fit * bool(edges[at] and edges[at + 1]) for at, fit in zip((0, 2), fits, strict=True))
        if self.fit == "stretch":
            scale_x, scale_y = max(scale_x * jitter, least_x), max(scale_y * jitter, least_y)
        else:
            scale_x = scale_y = max(scale_x * jitter, least_x, least_y)
        # Place the scaled plane in the frame, then turn it around the middle of the frame.
        soft_y, soft_x = soft_pixel(alpha, draw.random())
        left = self.place(width * scale_x, self.width, soft_x * scale_x, edges[0], edges[1])
        top = self.place(height * scale_y, self.height, soft_y * scale_y, edges[2], edges[3])
        angle = math.radians(draw.uniform(-self.rotate, self.rotate))
        to_frame = np.array([[scale_x, 0, left], [0, scale_y, top], [0, 0, 1]])
        centre_x, centre_y = self.width / 2, self.height / 2
        cos, sin = math.cos(angle), math.sin(angle)
        turn = np.array(
            [
                [cos, -sin, centre_x - cos * centre_x + sin * centre_y],
                [sin, cos, centre_y - sin * centre_x - cos * centre_y],
                [0, 0, 1],
            ]
        )
        return {"matrix": turn @ to_frame}

    def place(self, length: float, frame: int, soft: float, cut_start: bool, cut_end: bool) -> float:
        """Return where a plane of `length` starts in a frame, along one axis, in pixels."""
        draw = self.py_random
        free = frame - length
        around = (0.5 if self.fit == "unknown" else draw.uniform(0.2, 0.8)) * frame - soft
        start = draw.uniform(0, free) if free >= 0 else min(max(around, free), 0.0)
        start += draw.uniform(-self.shift, self.shift) * frame
        if cut_start:
            start = min(start, 0.0)
        return max(start, free) if cut_end else start

    def apply(self, img: np.ndarray, matrix: np.ndarray, **params: Any) -> np.ndarray:
        return warp(img, matrix, self.height, self.width)

    def apply_to_masks(self, masks: np.ndarray, *args: Any, matrix: np.ndarray, **params: Any) -> np.ndarray:
        """Warp planes that are 0 outside of the picture, such as `valid`."""
        return np.stack([warp(mask, matrix, self.height, self.width, cv2.BORDER_CONSTANT) for mask in masks])


def soft_pixel(alpha: np.ndarray, draw: float) -> tuple[int, int]:
    """Return (y, x) of a pixel with 0 < alpha < 255 in every fourth row, or the centre where there is none."""
    rows = np.ascontiguousarray(alpha[::4])
    soft = np.flatnonzero((rows - np.uint8(1)) < 254)  # 0 wraps to 255: soft means 0..253 after the shift
    if not len(soft):
        return alpha.shape[0] // 2, alpha.shape[1] // 2
    row, column = divmod(int(soft[int(draw * len(soft))]), rows.shape[1])
    return 4 * row, column


def warp(
    plane: np.ndarray, matrix: np.ndarray, height: int, width: int, border: int = cv2.BORDER_REPLICATE
) -> np.ndarray:
    """Warp by one affine map, reduced by area first where the map shrinks to less than half.

    Four channels take OpenCV less than half the time of three.
    """
    (a, b, _), (c, d, _), _ = matrix.tolist()
    shrink = math.sqrt(abs(a * d - b * c))
    if shrink < 0.5:
        factor = 2 ** math.floor(-math.log2(shrink))
        # A margin as wide as a reduced pixel, lest the person at the edge is averaged into what is repeated beyond it.
        plane = cv2.copyMakeBorder(plane, factor, factor, factor, factor, border)
        matrix = matrix @ np.array([[1, 0, -factor], [0, 1, -factor], [0, 0, 1]])
        rows, columns = max(1, plane.shape[0] // factor), max(1, plane.shape[1] // factor)
        matrix = matrix @ np.diag([plane.shape[1] / columns, plane.shape[0] / rows, 1])
        # OpenCV is several times faster than `resize`, and within one level of it.
        plane = cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA)
    centred = UNHALF @ matrix @ HALF  # the map is between edges, OpenCV's is between centres
    return cv2.warpAffine(plane, centred[:2], (width, height), flags=cv2.INTER_LINEAR, borderMode=border)


class Geometry:
    """The geometry of a training: how subjects and backgrounds are framed, each from a seed.

    fit: one of FrameSubject, or `whole`: the subject keeps its size, may be mirrored, and the background is cut to it.
    """

    def __init__(self, height: int, width: int, fit: str, augment: Mapping[str, Any]):
        if fit not in FITS:
            raise ValueError(f"stage.fit={fit}: expected one of {', '.join(FITS)}")
        self.whole = fit == "whole"
        low, high = augment["scale"]
        frame = FrameSubject(height, width, fit, (low, high), augment["rotate"], augment["shift"])
        flip, flip_background = (
            A.HorizontalFlip(p=augment["flip"]),
            A.HorizontalFlip(p=augment.get("background_flip", 0.5)),
        )
        self.cut: float = augment.get("cut", 0.4)  # where the shape of the background allows it
        self.subject: Transforms = [flip] if self.whole else [frame, flip]
        ratio = (width / height, width / height)  # cut, never stretched or tiled
        cut = A.RandomResizedCrop(
            (height, width),
            scale=(self.cut, 1.0),
            ratio=ratio,
            interpolation=cv2.INTER_LINEAR,
            area_for_downscale="image",  # OpenCV's, within one level of `resize`
        )
        self.background: Transforms = [flip_background] if self.whole else [cut, flip_background]

    def frame_subject(self, rgba: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Frame a subject uint8 (h, w, 4): return fgr uint8 (H, W, 3) and alpha uint8 (H, W)."""
        return split(transformed(self.subject, seed, image=rgba)["image"])

    def frame_photograph(
        self, image: np.ndarray, mask: np.ndarray, valid: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Frame a photograph like a subject: return uint8 (H, W, 3), and mask and valid as uint8 (H, W) of 0 and 255.

        image: uint8 (h, w, 3). mask, valid: bool (h, w). Pixels outside of the photograph are not valid.
        """
        photograph = cv2.merge([image, to_plane(mask)])
        planes = transformed(self.subject, seed, image=photograph, masks=to_plane(valid)[None])
        image, person = split(planes["image"])
        return image, to_plane(person > 127), to_plane(planes["masks"][0] > 127)

    def frame_background(self, bgr: np.ndarray, seed: int, size: tuple[int, int]) -> np.ndarray:
        """Frame a background at the `size` of the framed subject: return uint8 (H, W, 3)."""
        bgr = cover(bgr, *size) if self.whole else bgr
        return transformed(self.background, seed, image=bgr)["image"]

    def reduction(self, size: tuple[int, int], height: int, width: int) -> int:
        """Return the factor, 1, 2, 4 or 8, by which a background may be reduced when it is decoded.

        The smallest cut of the reduced background still has as many pixels as `size`. Position and size of a cut are
        drawn as shares of the picture, so that the reduced one is cut at the same place.
        """
        covers = min(height / size[0], width / size[1])
        if not self.whole:
            covers = min(covers, math.sqrt(self.cut * height * width / (size[0] * size[1])))
        return max(times for times in (1, 2, 4, 8) if times <= max(1, covers))


def transformed(transforms: Transforms, seed: int, **planes: np.ndarray) -> dict[str, np.ndarray]:
    """Return the planes as an `A.Compose` of the transforms with this seed would.

    Only the generators in use are seeded, and no sample is checked, which would take 20 % and 10 % of the time of a
    small sample.
    """
    for transform in transforms:
        transform.py_random.seed(seed)
        planes = transform(**planes)
    return planes


def split(rgba: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split uint8 (H, W, 4) into colours (H, W, 3) and alpha (H, W)."""
    return cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), cv2.extractChannel(rgba, 3)


def to_plane(mask: np.ndarray) -> np.ndarray:
    """Convert a bool mask (H, W) to uint8 of 0 and 255."""
    return mask.astype(np.uint8) * np.uint8(255)


def cover(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cut the largest centred part with the proportions of a frame and resize it to (height, width)."""
    scale = max(height / picture.shape[0], width / picture.shape[1])
    rows, columns = max(1, round(height / scale)), max(1, round(width / scale))
    top, left = (picture.shape[0] - rows) // 2, (picture.shape[1] - columns) // 2
    return resize(picture[top : top + rows, left : left + columns], height, width)
