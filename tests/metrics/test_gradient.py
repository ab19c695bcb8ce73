"""The fused gradient kernel against the 2-D filter of its definition."""

import numpy as np
import pytest
from scipy.ndimage import correlate

from matting.metrics.gradient import gradient_sums


def defined_amplitude(image: np.ndarray) -> np.ndarray:
    spread = image.max() - image.min()
    image = (image - image.min()) / spread if spread else np.zeros_like(image)
    i = np.arange(-4, 5)
    gauss = np.exp(-(i**2) / (2 * 1.4**2)) / (1.4 * np.sqrt(2 * np.pi))
    kernel = np.outer(gauss, -i * gauss / 1.4**2)
    kernel /= np.linalg.norm(kernel)
    return np.hypot(correlate(image, kernel, mode="nearest"), correlate(image, kernel.T, mode="nearest"))


@pytest.mark.parametrize("shape", [(1, 1), (1, 12), (7, 1), (2, 3), (9, 8), (37, 53)])
def test_equals_two_correlations_a_side(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    pred, true = 0.2 + 0.5 * rng.random(shape), rng.random(shape)
    mask = rng.random(shape) < 0.7
    difference = (defined_amplitude(pred) - defined_amplitude(true)) ** 2
    # 1e-20: what rounding leaves where all differences are zero
    assert gradient_sums(pred, true, mask[None])[0] == pytest.approx(difference[mask].sum(), rel=1e-11, abs=1e-20)


def test_scale_and_offset_of_an_image_do_not_count() -> None:
    rng = np.random.default_rng(2)
    true = rng.random((20, 30))
    assert gradient_sums(0.1 + 0.3 * true, true, np.ones((1, 20, 30), bool))[0] < 1e-24


def test_a_constant_image_has_no_gradient() -> None:
    true = np.random.default_rng(3).random((20, 30))
    expected = (defined_amplitude(true) ** 2).sum()
    measured = gradient_sums(np.full_like(true, 0.3), true, np.ones((1, 20, 30), bool))[0]
    assert measured == pytest.approx(expected, rel=1e-11)
