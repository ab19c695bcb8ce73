"""Closed-form matting: colours lie on a line in each small window (Levin, Lischinski and Weiss 2008)."""

import numpy as np

from matting.methods.propagation import Propagation


class ClosedForm(Propagation):
    """The matting Laplacian over 3x3 windows, solved by conjugate gradients."""

    name = "Closed-form matting"

    def solve(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        # compiles for seconds at its first import: a run without it need not pay
        from pymatting import estimate_alpha_cf, jacobi

        try:
            return estimate_alpha_cf(image, trimap)
        except ValueError:  # its incomplete Cholesky factors do not exist where all colours are one
            return estimate_alpha_cf(image, trimap, preconditioner=jacobi)
