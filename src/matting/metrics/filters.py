"""The filters of the gradient error (Rhemann et al., CVPR 2009), and the gradient error of P3M."""

import numpy as np
import torch

SIGMA = 1.4
HALF = 4  # taps on each side: the Gaussian is below 1e-2 beyond them

x = np.arange(-HALF, HALF + 1)
gauss = np.exp(-(x**2) / (2 * SIGMA**2))
# The 2-D filter is their outer product: it has norm 1 because each of them has.
GAUSS, SLOPE = (line / np.linalg.norm(line) for line in (gauss, x * gauss))


def gain(image: np.ndarray) -> float:
    """Return the factor of the min-max normalisation of an image; 0 for a constant image."""
    low, high = (bound.item() for bound in torch.aminmax(torch.from_numpy(image)))
    return 1 / (high - low) if high > low else 0.0


def p3m_gradient_sums(pred: np.ndarray, true: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return the gradient error over each mask as P3M measures it: float64 (R,).

    Filters of sum 1, mirrored border, float32, no min-max normalisation. pred, true: (H, W) in [0, 1]. masks: bool
    (R, H, W). Source: Li et al., "Privacy-Preserving Portrait Matting", 2021, which publishes this sum divided by 10.
    """
    from scipy.ndimage import gaussian_filter

    def amplitude(image: np.ndarray) -> np.ndarray:
        gx, gy = (gaussian_filter(image, SIGMA, order=order, output=np.float32) for order in ((0, 1), (1, 0)))
        return np.sqrt(gx**2 + gy**2)

    squares = (amplitude(pred) - amplitude(true)) ** 2
    return np.array([squares.sum(where=mask, dtype=np.float64) for mask in masks])
