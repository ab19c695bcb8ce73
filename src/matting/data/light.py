"""The light of a background on a subject that was drawn or photographed apart from it."""

import cv2
import numpy as np

GRID = 4  # the light of a picture is known at 4 x 4 places, and smooth between them
BRIGHTNESS, TEMPERATURE = 0.3, 0.2  # exponents: the share of the background's ratios that the subject takes
LARGEST = 0.16  # largest change of a colour's logarithm by brightness, and by temperature


def share_light(fgr: np.ndarray, bgr: np.ndarray) -> np.ndarray:
    """Return the colours of a subject, uint8 (H, W, 3) RGB, in the light of its background, of the same shape.

    The subject gets brighter on the side where the background is brighter than its mean, and warmer where it is warmer,
    by at most 17 % each. A function of the two pictures; the mean brightness stays as it is.
    """
    cells = (
        cv2.resize(bgr, (GRID, GRID), interpolation=cv2.INTER_AREA).astype(np.float32) + 16
    )  # dark pixels say little
    level = np.log(cells @ np.array([0.299, 0.587, 0.114], np.float32))
    side = np.clip(BRIGHTNESS * (level - level.mean()), -LARGEST, LARGEST)
    warmth = np.clip(TEMPERATURE * np.log(cells[..., 0] / cells[..., 2]), -LARGEST, LARGEST) / 2
    gain = np.exp(np.stack([side + warmth, side, side - warmth], 2))
    size = (fgr.shape[1], fgr.shape[0])
    return cv2.multiply(fgr, cv2.resize(gain, size, interpolation=cv2.INTER_LINEAR), dtype=cv2.CV_8U)
