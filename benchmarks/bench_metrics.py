"""Metrics against the way they are commonly written: float64, a 2-D filter, one labelling for each threshold.

Both sides run in turns on the 1280 px high pair of the golden values, ours with its check of the input.
The labelling is scipy's, about twice as fast here as the one of scikit-image that published code calls.
"""

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from scipy.ndimage import label

from matting.metrics.functional import connectivity_error, gradient_error, matting_metrics, region_metrics
from matting.utils import process

GOLDEN = Path(__file__).parents[1] / "tests" / "metrics" / "golden.npz"
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


def golden() -> tuple[np.ndarray, np.ndarray]:
    with np.load(GOLDEN) as arrays:
        return arrays[f"{PAIR}/pred"], arrays[f"{PAIR}/gt"]


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    before, cv2_before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(count)
    cv2.setNumThreads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        cv2.setNumThreads(cv2_before)


def pairs(pred: np.ndarray, true: np.ndarray, rounds: int, bars: dict[str, float | None]) -> list[dict[str, Any]]:
    """One thread each."""
    ours = torch.from_numpy(pred), torch.from_numpy(true)
    wide = pred / 255, true / 255
    with threads(1):
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
    size = f"{pred.shape[1]}x{pred.shape[0]}"
    rows = [
        (f"connectivity error, {size}", conn, naive_conn, bars["connectivity"]),
        (f"gradient error, {size}", grad, naive_grad, bars["gradient"]),
        (f"all five metrics, {size}", five, naive_conn + naive_grad, bars["all five"]),
    ]
    return [row_of(*row) for row in rows]


def row_of(name: str, ours: float, naive: float, bar: float | None) -> dict[str, Any]:
    return {"name": name, "ours_ms": ours, "naive_ms": naive, "ratio": naive / ours, "bar": bar}


def regions_and_cores(rounds: int) -> Iterator[dict[str, Any]]:
    """What evaluation makes of one call: two regions from one pass, the samples of a batch over both cores."""
    pred, true = (torch.from_numpy(image)[None, None] for image in golden())
    batch, mask = (pred.expand(4, -1, -1, -1), true.expand(4, -1, -1, -1)), (true > 0) & (true < 255)
    with threads(1):
        together, apart = medians(
            [
                lambda: region_metrics(pred, true, [None, mask]),
                lambda: [matting_metrics(pred, true, each) for each in (None, mask)],
            ],
            rounds,
        )
    yield row_of("all five metrics of two regions, against two calls", together, apart, None)

    def spread_over(count: int) -> None:
        with threads(count):
            matting_metrics(*batch)

    two, one = medians([lambda: spread_over(2), lambda: spread_over(1)], rounds)
    yield row_of("all five metrics of a batch of 4, two threads against one", two, one, None)


def measure(rounds: int = 15) -> list[dict[str, Any]]:
    """Rows of name, ours_ms, naive_ms, ratio and bar (the least ratio)."""
    process.keep_freed()  # as the command does, for both sides
    bars: dict[str, float | None] = {"connectivity": 12, "gradient": 9, "all five": 8}
    return [*pairs(*golden(), rounds, bars), *regions_and_cores(rounds)]


if __name__ == "__main__":
    for row in measure():
        print("{name}: {ours_ms:.1f} ms, plain {naive_ms:.1f} ms, {ratio:.2f}x (bar {bar})".format(**row))
