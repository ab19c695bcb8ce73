"""Metrics against the way they are commonly written: float64, a 2-D filter, one labelling for each threshold.

Both sides run on one thread, in turns, on the 1280x768 pair of the golden values. Ours includes checking the input.
The labelling is scipy's, about twice as fast here as the one of scikit-image that published code calls.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from scipy.ndimage import label

from matting.metrics.functional import connectivity_error, gradient_error, matting_metrics

GOLDEN = Path(__file__).parents[1] / "metrics" / "golden.npz"
PAIR = "portrait_1280x768"


def naive_gradient(pred: np.ndarray, true: np.ndarray) -> float:
    i = np.arange(-4, 5)
    gauss = np.exp(-(i**2) / (2 * 1.4**2))
    kernel = np.outer(gauss, i * gauss)
    kernel /= np.linalg.norm(kernel)

    def amplitude(image: np.ndarray) -> np.ndarray:
        image = (image - image.min()) / (image.max() - image.min())
        gx, gy = (cv2.filter2D(image, -1, k, borderType=cv2.BORDER_REPLICATE) for k in (kernel, kernel.T))
        return np.sqrt(gx**2 + gy**2)

    return ((amplitude(pred) - amplitude(true)) ** 2).sum()


def naive_connectivity(pred: np.ndarray, true: np.ndarray) -> float:
    thresholds = np.arange(11) / 10
    left = np.full(pred.shape, -1.0)
    for i in range(1, 11):
        labels, _ = label((pred >= thresholds[i]) & (true >= thresholds[i]))
        omega = np.zeros(pred.shape)
        omega[labels == 1 + np.bincount(labels.ravel(), minlength=2)[1:].argmax()] = 1
        left[(left == -1) & (omega == 0)] = thresholds[i - 1]
    left[left == -1] = 1
    d_pred, d_true = pred - left, true - left
    phi_pred, phi_true = 1 - d_pred * (d_pred >= 0.15), 1 - d_true * (d_true >= 0.15)
    return np.abs(phi_pred - phi_true).sum()


def medians(sides: list[Callable[[], object]], rounds: int) -> list[float]:
    """Milliseconds of each side: what else the machine does in a round meets all of them."""
    seconds: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, spent in zip(sides, seconds, strict=True):
            start = time.perf_counter()
            side()
            spent.append(time.perf_counter() - start)
    return [1000 * statistics.median(spent) for spent in seconds]


def measure(rounds: int = 15) -> list[dict[str, str | float]]:
    """Rows of name, ours_ms, naive_ms, ratio and bar (the least ratio)."""
    with np.load(GOLDEN) as arrays:
        pred, true = arrays[f"{PAIR}/pred"], arrays[f"{PAIR}/gt"]
    ours = torch.from_numpy(pred), torch.from_numpy(true)
    wide = pred / 255, true / 255
    threads, cv2_threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        measured = matting_metrics(*ours)  # compiles, and shows that both sides compute the same
        np.testing.assert_allclose(measured["conn"].item(), naive_connectivity(*wide), rtol=1e-9)
        np.testing.assert_allclose(measured["grad"].item(), naive_gradient(*wide), rtol=1e-9)
        conn, grad, five, naive_conn, naive_grad = medians(
            [
                lambda: connectivity_error(*ours),
                lambda: gradient_error(*ours),
                lambda: matting_metrics(*ours),
                lambda: naive_connectivity(*wide),
                lambda: naive_gradient(*wide),
            ],
            rounds,
        )
    finally:
        torch.set_num_threads(threads)
        cv2.setNumThreads(cv2_threads)
    rows = [
        ("connectivity error", conn, naive_conn, 12),
        ("gradient error", grad, naive_grad, 9),
        ("all five metrics", five, naive_conn + naive_grad, 8),
    ]
    return [
        {"name": name, "ours_ms": ours_ms, "naive_ms": naive_ms, "ratio": naive_ms / ours_ms, "bar": bar}
        for name, ours_ms, naive_ms, bar in rows
    ]


if __name__ == "__main__":
    for row in measure():
        print("{name:20} {ours_ms:6.1f} ms  naive {naive_ms:6.1f} ms  {ratio:5.1f}x  bar {bar}x".format(**row))
