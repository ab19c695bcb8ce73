"""What SAD, MSE and MAE are made of."""

import numpy as np

from matting.metrics.compiled import compiled


@compiled
def difference_sums(pred, true, mask):
    """Sums over `mask` of abs(pred - true) and of its square, and the number of pixels in it.

    pred, true: (H, W), of any real type in any unit. mask: bool (H, W). Widened before they are subtracted.
    """
    absolute, squared, n = 0.0, 0.0, 0
    for y in range(pred.shape[0]):
        row_absolute, row_squared, row_n = 0.0, 0.0, 0
        for x in range(pred.shape[1]):
            difference = (np.float64(pred[y, x]) - np.float64(true[y, x])) * mask[y, x]
            row_absolute += abs(difference)
            row_squared += difference * difference
            row_n += mask[y, x]
        absolute += row_absolute
        squared += row_squared
        n += row_n
    return absolute, squared, n
