"""KNN matting: pixels of similar colour and place have a similar alpha (Chen, Li and Tang, 2013)."""

import numpy as np

from matting.methods.propagation import Propagation

NEIGHBOURS = (20, 10)  # near in colour; near in colour and place


class KNN(Propagation):
    """The Laplacian of each pixel's nearest neighbours in colour and place, solved by conjugate gradients."""

    name = "KNN matting"

    def solve(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        # Imported here: the first import compiles for seconds.
        from pymatting import estimate_alpha_knn

        # A small picture has fewer pixels than a pixel has neighbours.
        neighbours = [min(count, trimap.size) for count in NEIGHBOURS]
        return estimate_alpha_knn(image, trimap, laplacian_kwargs={"n_neighbors": neighbours})
