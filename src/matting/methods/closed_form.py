"""Closed-form matting: the colours of a small window lie on lines (Levin, Lischinski and Weiss, 2008)."""

import numpy as np

from matting.methods.propagation import Propagation


class ClosedForm(Propagation):
    """The matting Laplacian over 3x3 windows, solved by conjugate gradients."""

    name = "Closed-form matting"

    def solve(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        # Imported here: the first import compiles for seconds.
        from pymatting import estimate_alpha_cf, jacobi

        try:
            return estimate_alpha_cf(image, trimap)
        except ValueError:  # an image of one colour has no incomplete Cholesky factors
            return estimate_alpha_cf(image, trimap, preconditioner=jacobi)
