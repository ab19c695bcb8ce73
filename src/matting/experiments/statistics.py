"""Figures in pairs: a row's difference from another with its interval, the agreement of two orders. No torch here."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

RESAMPLES, CONFIDENCE, CHUNK = 2000, 0.95, 100
Pairs = dict[tuple[int, str], float]  # (seed, id of the test sample) -> MSE


@dataclass(frozen=True)
class Difference:
    """Of a row's MSE from the first row's, raw: mean and bootstrap interval over `images` test images."""

    mean: float
    low: float
    high: float
    images: int


def paired_difference(first: Pairs, other: Pairs) -> Difference | None:
    """`other` less `first` over the samples of both, paired by seed and sample; None where they share none.

    A percentile bootstrap over the subjects (the id's part before "@"), each drawn with all its images: composites of
    one person do not err independently. Nor do seeds: a sample seen with several is one image, its difference the mean
    over them.
    """
    by_image: dict[str, list[float]] = {}
    for seed, id in sorted(first.keys() & other.keys()):
        by_image.setdefault(id, []).append(other[seed, id] - first[seed, id])
    if not by_image:
        return None
    by_subject: dict[str, list[float]] = {}
    for id, values in by_image.items():
        by_subject.setdefault(id.partition("@")[0], []).append(float(np.mean(values)))
    sums, counts = (np.array([of(values) for values in by_subject.values()]) for of in (sum, len))
    means = np.concatenate([sums[chosen].sum(1) / counts[chosen].sum(1) for chosen in resamples(len(sums))])
    low, high = np.quantile(means, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return Difference(float(sums.sum() / counts.sum()), float(low), float(high), len(by_image))


def resamples(count: int) -> Iterator[np.ndarray]:
    """RESAMPLES draws of `count` out of `count` with replacement, in chunks of rows; the same for every row."""
    if count * RESAMPLES <= 2**20:
        yield few_resamples(count)
        return
    draw = np.random.default_rng(0)
    for _ in range(RESAMPLES // CHUNK):
        yield draw.integers(0, count, (CHUNK, count))


@cache
def few_resamples(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, count, (RESAMPLES, count))


def kendall_tau(one: Sequence[float], other: Sequence[float]) -> float:
    """Kendall's tau-b, NaN where all figures of a side are equal. scipy's takes a second to import."""
    first, second = (np.sign(np.subtract.outer(side, side)).ravel() for side in (one, other))
    pairs = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / pairs) if pairs else math.nan
