"""Gradient error (Rhemann et al., "A Perceptually Motivated Online Benchmark for Image Matting", CVPR 2009)."""

import numpy as np

from matting.metrics.compiled import compiled
from matting.metrics.filters import GAUSS, HALF, SLOPE, gain

G0, G1, G2, G3, G4 = (float(tap) for tap in GAUSS[HALF:])
_, S1, S2, S3, S4 = (float(tap) for tap in SLOPE[HALF:])


@compiled
def amplitude_row(image, y, smooth, steep, out):
    """Write row `y` of the gradient amplitude of `image` to `out`; `smooth` and `steep` are work rows of width + 8.

    The columns are filtered first, so that both passes run along rows. Pixels outside the image repeat the border.
    """
    h, w = image.shape
    here = image[y]
    up1, up2 = image[max(y - 1, 0)], image[max(y - 2, 0)]
    up3, up4 = image[max(y - 3, 0)], image[max(y - 4, 0)]
    low = h - 1
    down1, down2 = image[min(y + 1, low)], image[min(y + 2, low)]
    down3, down4 = image[min(y + 3, low)], image[min(y + 4, low)]
    # The taps are written out: a loop over them keeps the compiler from vectorising along the row.
    for i in range(w):
        a1, a2, a3, a4 = np.float64(up1[i]), np.float64(up2[i]), np.float64(up3[i]), np.float64(up4[i])
        b1, b2, b3, b4 = np.float64(down1[i]), np.float64(down2[i]), np.float64(down3[i]), np.float64(down4[i])
        near = G0 * here[i] + G1 * (a1 + b1) + G2 * (a2 + b2)
        smooth[i + 4] = near + G3 * (a3 + b3) + G4 * (a4 + b4)
        steep[i + 4] = S1 * (b1 - a1) + S2 * (b2 - a2) + S3 * (b3 - a3) + S4 * (b4 - a4)
    for line in (smooth, steep):
        line[:4] = line[4]
        line[w + 4 :] = line[w + 3]
    for i in range(w):
        gx = S1 * (smooth[i + 5] - smooth[i + 3]) + S2 * (smooth[i + 6] - smooth[i + 2])
        gx += S3 * (smooth[i + 7] - smooth[i + 1]) + S4 * (smooth[i + 8] - smooth[i])
        gy = G0 * steep[i + 4] + G1 * (steep[i + 5] + steep[i + 3]) + G2 * (steep[i + 6] + steep[i + 2])
        gy += G3 * (steep[i + 7] + steep[i + 1]) + G4 * (steep[i + 8] + steep[i])
        out[i] = np.sqrt(gx * gx + gy * gy)


@compiled
def squared_difference(pred, true, masks, pred_gain, true_gain):
    """Sum the squared difference of the scaled amplitudes over each mask, row by row."""
    h, w = pred.shape
    smooth, steep = np.empty(w + 8), np.empty(w + 8)
    pred_row, true_row = np.empty(w), np.empty(w)
    totals = np.zeros(len(masks))
    for y in range(h):
        amplitude_row(pred, y, smooth, steep, pred_row)
        amplitude_row(true, y, smooth, steep, true_row)
        for region in range(len(masks)):
            row = 0.0
            for i in range(w):
                difference = pred_gain * pred_row[i] - true_gain * true_row[i]
                row += difference * difference * masks[region, y, i]
            totals[region] += row
    return totals


def gradient_sums(pred: np.ndarray, true: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return the sum over each mask of the squared difference of the gradient amplitudes: float64 (R,).

    Both images are min-max normalised. pred, true: (H, W), of any real type in any unit. masks: bool (R, H, W).
    Filters: Gaussian derivative, sigma 1.4, 9x9, norm 1, border replicated. They are linear: scaling the amplitude is
    the same as scaling the image.
    """
    sums: np.ndarray = squared_difference(pred, true, masks, gain(pred), gain(true))
    return sums
