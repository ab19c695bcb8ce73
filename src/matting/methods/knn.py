"""KNN matting: pixels of similar colour and place have a similar alpha (Chen, Li and Tang, 2013)."""

import numpy as np

from matting.methods.propagation import Propagation


class KNN(Propagation):
    """The Laplacian of each pixel's nearest neighbours in colour and place, solved by conjugate gradients."""

    name = "KNN matting"

    def solve(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        # Imported here: the first import compiles for seconds.
        from pymatting import estimate_alpha_knn

        return estimate_alpha_knn(image, trimap)
