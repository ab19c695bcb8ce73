"""Statistics of paired figures: the difference of two rows with its interval, the agreement of two orders."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES, CONFIDENCE = 2000, 0.95
CHUNK = 100  # draws at a time: all of a large test set would take hundreds of megabytes
Pairs = dict[tuple[int, str], float]  # (seed, id of the test sample) -> MSE


@dataclass(frozen=True)
class Difference:
    """A row's MSE less that of the first row, raw: mean and bootstrap interval, over this number of test images."""

    mean: float
    low: float
    high: float
    images: int


def paired_difference(first: Pairs, other: Pairs) -> Difference | None:
    """Return `other` less `first`, paired by seed and sample; None if they have no sample in common.

    The interval is a percentile bootstrap over subjects (the part of the id before "@"), each drawn with all its
    images, because errors on composites of one person are not independent. Neither are the errors of several seeds on
    one image: they count as one image with their mean difference.
    """
    by_image: dict[str, list[float]] = {}
    for seed, id in sorted(first.keys() & other.keys()):
        by_image.setdefault(id, []).append(other[seed, id] - first[seed, id])
    if not by_image:
        return None
    # of each subject the sum over its images and their number: a resample's mean needs no more
    by_subject: dict[str, list[float]] = {}
    for id, values in by_image.items():
        by_subject.setdefault(id.partition("@")[0], []).append(float(np.mean(values)))
    sums, counts = (np.array([of(values) for values in by_subject.values()]) for of in (sum, len))
    means = np.concatenate([sums[chosen].sum(1) / counts[chosen].sum(1) for chosen in resamples(len(sums))])
    low, high = np.quantile(means, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return Difference(float(sums.sum() / counts.sum()), float(low), float(high), len(by_image))


def resamples(count: int) -> Iterator[np.ndarray]:
    """Yield RESAMPLES draws of `count` out of `count` with replacement, in chunks (draws, count), always the same."""
    draw = np.random.default_rng(0)
    for _ in range(RESAMPLES // CHUNK):
        yield draw.integers(0, count, (CHUNK, count))


def kendall_tau(one: Sequence[float], other: Sequence[float]) -> float:
    """Return Kendall's tau-b of two lists of figures; NaN if all figures of a list are equal."""
    from scipy.stats import kendalltau  # takes a second: only reports need it

    return float(kendalltau(one, other).statistic)
