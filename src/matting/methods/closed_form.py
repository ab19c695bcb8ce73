"""Closed-form matting: the colours of a small window lie on lines (Levin, Lischinski and Weiss, 2008)."""

import cv2
import numpy as np

from matting.methods.propagation import Propagation

WINDOW = 3  # pixels; two pixels of one window depend on each other


class ClosedForm(Propagation):
    """The matting Laplacian over 3x3 windows, solved by conjugate gradients."""

    name = "Closed-form matting"

    def solve(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        # Imported here: the first import compiles for seconds.
        from pymatting import estimate_alpha_cf, jacobi

        height, width = trimap.shape
        sides = (0, max(0, WINDOW - height)), (0, max(0, WINDOW - width))  # a smaller picture has no window
        image, trimap = np.pad(image, (*sides, (0, 0)), "edge"), fill_islands(np.pad(trimap, sides, "edge"))
        if (trimap == 0.5).any():
            try:
                trimap = estimate_alpha_cf(image, trimap)
            except ValueError:  # an image of one colour has no incomplete Cholesky factors
                trimap = estimate_alpha_cf(image, trimap, preconditioner=jacobi)
        return trimap[:height, :width]


def fill_islands(trimap: np.ndarray) -> np.ndarray:
    """Fill each unknown region that windows connect to foreground alone, or to background alone, with its 1 or 0.

    That is the exact solution there, and conjugate gradients do not find it: where all regions are such islands in
    the background, their right-hand side is 0. trimap: float64 (H, W) with 0, 0.5 and 1.
    """
    unknown = trimap == 0.5
    # Pixels of two windows that share a pixel are up to 2 apart. Regions up to 3 apart count as one: the solver has it.
    window, reach = np.ones((WINDOW, WINDOW), np.uint8), np.ones((2 * WINDOW - 1, 2 * WINDOW - 1), np.uint8)
    count, labels = cv2.connectedComponents(cv2.dilate(unknown.view(np.uint8), window))
    filled = trimap.copy()
    touches = {}
    for value in (0.0, 1.0):
        near = cv2.dilate((trimap == value).view(np.uint8), reach).view(bool) & unknown
        touches[value] = np.bincount(labels[near], minlength=count) > 0
    for value in (0.0, 1.0):
        filled[unknown & ~touches[1 - value][labels]] = value
    return filled
