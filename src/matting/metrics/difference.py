"""The sums behind SAD, MSE and MAE."""

import numpy as np

from matting.metrics.compiled import compiled


@compiled
def difference_sums(pred, true, masks):
    """Return the sums over each mask of abs(pred - true), of its square, and of the mask: float64 (R, 3).

    pred, true: (H, W), of any real type in any unit, converted to float64 first. masks: bool (R, H, W).
    """
    sums = np.zeros((len(masks), 3))
    for y in range(pred.shape[0]):
        for region in range(len(masks)):
            absolute, squared, n = 0.0, 0.0, 0
            for x in range(pred.shape[1]):
                inside = masks[region, y, x]
                difference = (np.float64(pred[y, x]) - np.float64(true[y, x])) * inside
                absolute += abs(difference)
                squared += difference * difference
                n += inside
            sums[region, 0] += absolute
            sums[region, 1] += squared
            sums[region, 2] += n
    return sums
