"""An experiment's rows laid beside each other and beside the published figures. No torch here."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import mean, stdev
from typing import Any

import numpy as np

from matting.experiment_rows import Experiment, Row
from matting.experiments import NOT_RUN
from matting.runs import Run
from matting.scales import SCALES, row_title

RESAMPLES, CONFIDENCE, CHUNK = 2000, 0.95, 100
Pairs = dict[tuple[int, str], float]  # (seed, id of the test sample) -> MSE


@dataclass(frozen=True)
class Difference:
    """Of a row's MSE from the first row's, raw: mean and bootstrap interval over `images` test images."""

    mean: float
    low: float
    high: float
    images: int


@dataclass(frozen=True)
class Measured:
    """A row on a test set in a region: means over seeds of the raw figures, with their standard deviation.

    std: None of one seed. state: done, "not run" or "failed: reason", of the first seed that has no figures. published:
    the paper's figures for this table, by the name of its test set, in the report's units.
    """

    row: Row
    title: str
    means: dict[str, tuple[float, float | None]]
    seeds: int
    state: str
    difference: Difference | None
    published: dict[str, Sequence[float]]


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau of measured and published MSE over `rows` rows; of the published test set `test`."""

    test: str
    tau: float
    rows: int


@dataclass(frozen=True)
class Comparison:
    """All rows on one test set in one region. facts: the test set's node of the first result: samples, sizes."""

    test: str
    region: str
    metrics: tuple[str, ...]
    rows: list[Measured]
    agreements: list[Agreement]
    facts: Mapping[str, Any]
    convention: str


def compare(experiment: Experiment) -> list[Comparison]:
    """One comparison a test set and region; none where nothing has been measured."""
    results = {job.evaluation.digest: job.evaluation.result() for row in experiment.rows for job in row.jobs}
    done = [result for result in results.values() if result is not None]
    tests = {name: test for result in done for name, test in result["tests"].items()}
    tables = []
    for name, test in tests.items():
        for region in next(iter(test["rows"].values())):
            rows = list(measured(experiment, results, name, region, tests))
            agreements = [found for told in published_tests(rows) if (found := agreement(rows, told)) is not None]
            metrics = tuple(experiment.published["metrics"])
            tables.append(Comparison(name, region, metrics, rows, agreements, test, done[0]["convention"]))
    return tables


def measured(
    experiment: Experiment,
    results: Mapping[str, Mapping[str, Any] | None],
    test: str,
    region: str,
    tests: Mapping[str, Any],
) -> Iterator[Measured]:
    """The rows of one table; the first of them that has runs is what the others are compared with."""
    first = next((row for row in experiment.rows if row.jobs), None)
    reference = pairs_of(first, results, test, region) if first is not None else {}
    for row in experiment.rows:
        known = [result for job in row.jobs if (result := results[job.evaluation.digest]) is not None]
        found = [figures for result in known if (figures := figures_of(result, row, test, region))]
        means = {}
        for metric in experiment.published["metrics"]:
            values = [figures[metric] for figures in found if figures[metric] is not None]
            if values:
                means[metric] = mean_and_deviation(values)
        missing = [job for job in row.jobs if results[job.evaluation.digest] is None]
        state = missing[0].state() if missing else "done" if found else NOT_RUN
        title = row_title(row.part, known[0] if known else {"names": {}}) if row.control else row.label
        against = row is not first and not row.control and means
        difference = paired_difference(reference, pairs_of(row, results, test, region)) if against else None
        told = published_of(experiment, row, test, region, tests)
        yield Measured(row, title, means, len(found), state, difference, told)


def published_of(
    experiment: Experiment, row: Row, test: str, region: str, tests: Mapping[str, Any]
) -> dict[str, Sequence[float]]:
    """A row's published figures for a table: of the test set of its name; of all where no such test set is measured."""
    figures = dict(row.figures or {})
    if region != experiment.published["region"]:
        return {}
    if test in figures:
        return {test: figures[test]}
    return {} if figures.keys() & tests.keys() else figures


def figures_of(result: Mapping[str, Any], row: Row, test: str, region: str) -> Mapping[str, Any]:
    """A result's means for a row; empty where it has none."""
    found: Mapping[str, Any] = result["tests"].get(test, {"rows": {}})["rows"].get(row.part, {}).get(region, {})
    return found


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean, and the sample's standard deviation; None of a single value."""
    return mean(values), stdev(values) if len(values) > 1 else None


def pairs_of(row: Row, results: Mapping[str, Any], test: str, region: str) -> Pairs:
    """A row's MSE on each test sample, of all its seeds that are done."""
    pairs: Pairs = {}
    for job in row.jobs:
        if results[job.evaluation.digest] is not None:
            pairs |= {(job.seed, id): mse for id, mse in errors(job.evaluation, row.part, test, region)}
    return pairs


def errors(evaluation: Run, part: str, test: str, region: str) -> Iterator[tuple[str, float]]:
    """(id, MSE) of each test sample whose region is not empty."""
    file = evaluation.folder / "images.jsonl"
    if not file.is_file():
        return
    wanted = (f'"test": {json.dumps(test)}', f'"row": {json.dumps(part)}', f'"region": {json.dumps(region)}')
    with file.open() as lines:
        for line in lines:
            if all(word in line for word in wanted):  # parsing all of a thousand files would take most of the time
                entry = json.loads(line)
                if not math.isnan(entry["mse"]):
                    yield entry["id"], entry["mse"]


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


def published_tests(rows: Sequence[Measured]) -> list[str]:
    return list(dict.fromkeys(test for row in rows for test in row.published))


def agreement(rows: Sequence[Measured], test: str) -> Agreement | None:
    """Whether the measured order is the published one; None of fewer than two rows that have both figures."""
    told = [row for row in rows if "mse" in row.means and test in row.published]
    both = [(row.means["mse"][0], row.published[test][0]) for row in told]
    if len(both) < 2:
        return None
    tau = kendall_tau(*zip(*both, strict=True))
    return None if math.isnan(tau) else Agreement(test, tau, len(both))


def kendall_tau(one: Sequence[float], other: Sequence[float]) -> float:
    """Kendall's tau-b, NaN where all figures of a side are equal. scipy's takes a second to import."""
    first, second = (np.sign(np.subtract.outer(side, side)).ravel() for side in (one, other))
    pairs = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / pairs) if pairs else math.nan


def factor(experiment: Experiment, metric: str) -> float:
    """From a raw figure to the published units."""
    return SCALES[experiment.published["scale"]][metric][0]


def heading(experiment: Experiment, metric: str) -> str:
    return SCALES[experiment.published["scale"]][metric][1]
