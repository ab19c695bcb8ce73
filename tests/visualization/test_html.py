"""Pictures inside a page."""

import cv2
import numpy as np

from matting.visualization.html import picture_uri


def test_a_large_picture_is_webp_and_a_small_one_png():
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    assert picture_uri(noise).startswith("data:image/webp;base64,")
    assert picture_uri(cv2.blur(noise, (199, 199))).startswith("data:image/png;base64,")
