"""Foreground colours without the old background: estimate them, and keep them when a subject is reduced."""

from threading import Lock

import cv2
import numpy as np

from matting.data.sources.base import Subject
from matting.ops.resize import reduced_size, resize

# Two threads must not enter numba's default thread pool at once.
ONE_AT_A_TIME = Lock()


def estimate_foreground(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return the foreground uint8 (H, W, 3) of `image` uint8 (H, W, 3) under `alpha` uint8 (H, W).

    The pixels of a soft edge are mixed with their old background, which would shine through on a new one. pymatting's
    multi-level estimator (Germer et al., "Fast Multi-Level Foreground Estimation", 2020) solves I = a F + (1 - a) B
    there. Where alpha is 255 the colours of the image are kept. The first use on a machine compiles for half a minute.
    Call it before worker processes are forked: OpenMP does not survive a fork.
    """
    if alpha.size == 1:  # the estimator's pyramid would have no level
        return image.copy()
    from pymatting import estimate_foreground_ml

    with ONE_AT_A_TIME:
        estimate = estimate_foreground_ml(image / 255, alpha / 255)
    fgr = np.rint(np.clip(estimate, 0, 1) * 255).astype(np.uint8)
    return np.where(alpha[..., None] == 255, image, fgr)


def reduce_subject(subject: Subject, long_side: int | None) -> Subject:
    """Reduce a subject to `long_side` pixels by area averages, with colours weighted by alpha.

    Thus no colour from outside of the subject enters it. Pixels outside get the nearest colour of the subject, because
    a warp mixes neighbours into an edge. None returns the subject unchanged: it is composited before it is resampled.
    """
    if long_side is None:
        return subject
    size = reduced_size(subject.alpha.shape, long_side)
    if size == subject.alpha.shape:
        return Subject(spread_colours(subject.fgr, subject.alpha), subject.alpha, subject.image)
    # The constant is negligible beside any alpha, and gives the plain average where alpha is 0.
    weight = subject.alpha.astype(np.float32) / 255 + 1e-20
    colour = resize(subject.fgr * weight[..., None], *size) / resize(weight, *size)[..., None]
    image = None if subject.image is None else resize(subject.image, *size)
    alpha = resize(subject.alpha, *size)
    return Subject(spread_colours(np.rint(colour).clip(0, 255).astype(np.uint8), alpha), alpha, image)


def spread_colours(fgr: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Fill `fgr` uint8 (H, W, 3) where `alpha` uint8 (H, W) is 0 with the nearest colour where it is not."""
    outside = np.flatnonzero(alpha == 0)
    if len(outside) in (0, alpha.size):
        return fgr
    # Each pixel gets the label of the nearest pixel whose mask is 0.
    _, labels = cv2.distanceTransformWithLabels(
        (alpha == 0).view(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    inside = np.flatnonzero(alpha)
    at = np.empty(len(inside) + 1, np.int64)
    at[labels.ravel()[inside]] = inside
    spread = fgr.reshape(-1, 3).copy()
    spread[outside] = spread[at[labels.ravel()[outside]]]
    return spread.reshape(fgr.shape)
