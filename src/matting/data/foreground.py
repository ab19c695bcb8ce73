"""Foreground colours without the old background: estimated for a photograph, kept when a subject is reduced."""

from threading import Lock

import cv2
import numpy as np

from matting.data.sources.base import Subject
from matting.ops.resize import reduced_size, shrink

# numba's default thread pools must not be entered from two threads at once.
ONE_AT_A_TIME = Lock()


def estimate_foreground(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """fgr uint8 (H, W, 3) of `image` uint8 (H, W, 3) under `alpha` uint8 (H, W).

    Pixels of a soft edge hold their old background as well: pasted as they are, they shine through on a new one.
    pymatting's multi-level estimator (Germer et al., "Fast Multi-Level Foreground Estimation", 2020) solves
    I = a F + (1 - a) B there; where alpha is 255 the photograph's own colours are kept. Its first use on a machine
    compiles for half a minute. Call it before worker processes fork: OpenMP does not survive a fork.
    """
    if alpha.size == 1:  # the estimator's pyramid would have no level
        return image.copy()
    from pymatting import estimate_foreground_ml

    with ONE_AT_A_TIME:
        estimate = estimate_foreground_ml(image / 255, alpha / 255)
    fgr = np.rint(np.clip(estimate, 0, 1) * 255).astype(np.uint8)
    return np.where(alpha[..., None] == 255, image, fgr)


def reduce_subject(subject: Subject, long_side: int | None) -> Subject:
    """Area-average `subject` to `long_side`; colours weighted by alpha, so that none from outside it bleeds in.

    Outside of it the colours of its edge go on, for warps mix into an edge what lies beside it. None: as it is, to be
    composited before anything is resampled.
    """
    if long_side is None:
        return subject
    size = reduced_size(subject.alpha.shape, long_side)
    if size == subject.alpha.shape:
        return Subject(spread_colours(subject.fgr, subject.alpha), subject.alpha, subject.image)
    # The constant vanishes beside any alpha and leaves the plain average where there is none.
    weight = subject.alpha.astype(np.float32) / 255 + 1e-20
    colour = shrink(subject.fgr * weight[..., None], size) / shrink(weight, size)[..., None]
    image = None if subject.image is None else shrink(subject.image, size)
    alpha = shrink(subject.alpha, size)
    return Subject(spread_colours(np.rint(colour).clip(0, 255).astype(np.uint8), alpha), alpha, image)


def spread_colours(fgr: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """`fgr` uint8 (H, W, 3) with the nearest colour under `alpha` uint8 (H, W) wherever that is 0."""
    outside = np.flatnonzero(alpha == 0)
    if len(outside) in (0, alpha.size):
        return fgr
    # a pixel's label is that of the nearest one where the mask is 0
    _, labels = cv2.distanceTransformWithLabels(
        (alpha == 0).view(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    inside = np.flatnonzero(alpha)
    at = np.empty(len(inside) + 1, np.int64)
    at[labels.ravel()[inside]] = inside
    spread = fgr.reshape(-1, 3).copy()
    spread[outside] = spread[at[labels.ravel()[outside]]]
    return spread.reshape(fgr.shape)
