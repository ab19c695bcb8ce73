"""Maps of the distance to a trimap's known regions, the input of FBA."""

import cv2
import numpy as np

REFERENCE = 320  # pixels that a width of 1 stands for, whatever the size of the image
WIDTHS = (0.02, 0.08, 0.16)


def known_maps(trimap: np.ndarray) -> np.ndarray:
    """Return where a trimap (H, W) of 0, 0.5 and 1 is background and where foreground: float32 (H, W, 2) of 0 and 1."""
    return np.stack([trimap == 0, trimap == 1], -1).astype(np.float32)


def distance_maps(known: np.ndarray) -> np.ndarray:
    """Return exp(-d^2 / 2 s^2) of the distance d to known pixels, for background then foreground and three widths s.

    known: float (H, W, 2); a pixel is known where it is 1. Values in between come from the authors' resizing: they
    become bytes as in their code, modulo 256, and only a byte of 0 counts as known. Returns float32 (H, W, 6), 0 where
    a region is empty (Forte and Pitie, section 3.1).
    """
    maps = []
    for channel in np.moveaxis(known, 2, 0):
        rest = (np.trunc(255 * (1 - channel)).astype(np.int64) & 255).astype(np.uint8)
        if rest.all():
            maps += [np.zeros(channel.shape, np.float32)] * len(WIDTHS)
            continue
        distance = cv2.distanceTransform(rest, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        maps += [np.exp(-(distance**2) / (2 * (width * REFERENCE) ** 2)) for width in WIDTHS]
    return np.stack(maps, -1).astype(np.float32)
