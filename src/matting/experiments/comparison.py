"""The comparison of an experiment's rows with each other and with the published figures."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from matting.experiments.experiment import Experiment, Row
from matting.experiments.measurements import Measurements
from matting.experiments.statistics import Difference, kendall_tau, paired_difference
from matting.metrics.units import ROWS, UNITS


@dataclass(frozen=True)
class Measured:
    """A row in a region of a test set.

    means: by metric the mean over the seeds and its standard deviation, None for one seed; raw figures. seeds: how many
    have figures. state: `done`, or why other seeds have no figures. published: the paper's figures by its test set, in
    the units of the table. conditions: see `Measurements.conditions`. apart: measured on other pixels than the first
    measured row.
    """

    row: Row
    title: str
    means: dict[str, tuple[float, float | None]]
    seeds: int
    state: str
    difference: Difference | None
    published: dict[str, Sequence[float]]
    conditions: Mapping[str, str]
    apart: bool


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau of the measured MSE and the MSE published for a test set, and over how many rows."""

    test: str
    tau: float
    rows: int


@dataclass(frozen=True)
class Comparison:
    """All rows in one region of one test set. varying: the conditions in which rows differ, named in their titles."""

    test: str
    region: str
    metrics: tuple[str, ...]
    rows: list[Measured]
    agreements: list[Agreement]
    varying: list[str]

    @property
    def shared(self) -> dict[str, str]:
        """The conditions that all measured rows share."""
        known = next((row.conditions for row in self.rows if row.conditions), {})
        return {key: value for key, value in known.items() if key not in self.varying}


def compare(experiment: Experiment) -> list[Comparison]:
    """Return a comparison for each test set and region; none if nothing was measured."""
    results = {job.evaluation.digest: job.evaluation.result() for row in experiment.rows for job in row.jobs}
    tests = [test for result in results.values() if result is not None for test in result["tests"].items()]
    places = dict.fromkeys((name, region) for name, test in tests for row in test["rows"].values() for region in row)
    names = {name for name, _ in tests}
    return [comparison(experiment, Measurements(results, *place), names) for place in places]


def comparison(experiment: Experiment, measurements: Measurements, tests: Collection[str]) -> Comparison:
    """Compare the rows in one region with the first row that has runs, as far as they were measured on its pixels."""
    rows, metrics = experiment.rows, tuple(experiment.published["metrics"])
    found = {at: measurements.measured(row.jobs, row.part) for at, row in enumerate(rows) if not row.control}
    first = next((at for at in found if rows[at].jobs), None)
    reference = {} if first is None else measurements.pairs(found[first], rows[first].part)
    # control rows are equal in all runs, so those of any measured row serve: the first may have failed
    known = next(filter(None, found.values()), [])
    found |= {at: measurements.measured(known, row.part) for at, row in enumerate(rows) if row.control}
    conditions = [measurements.conditions(found[at]) for at in range(len(rows))]
    varying = varying_of(conditions)
    lines = []
    for at, row in enumerate(rows):
        means = means_of([measurements.figures(job, row.part) for job in found[at]], metrics)
        apart = any(measurements.pixels(job) != measurements.pixels(known[0]) for job in found[at])
        paired = means and not (at == first or row.control or apart)
        title = ROWS[row.part] if row.control else row.label
        line = Measured(
            row=row,
            title=", ".join([title, *marks(title, conditions[at], varying)]),
            means=means,
            seeds=len(found[at]),
            state=measurements.state(known if row.control else row.jobs, row.part),
            difference=paired_difference(reference, measurements.pairs(found[at], row.part)) if paired else None,
            published=published_of(experiment, row, measurements.test, measurements.region, tests),
            conditions=conditions[at],
            apart=apart,
        )
        lines.append(line)
    agreements = [one for test in published_tests(lines) if (one := agreement(lines, test)) is not None]
    return Comparison(measurements.test, measurements.region, metrics, lines, agreements, varying)


def varying_of(conditions: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the names of the conditions in which rows differ; `size` is left out, as `images` contains it."""
    known = [one for one in conditions if one]
    return [key for key in known[0] if key != "size" and len({one[key] for one in known}) > 1] if known else []


def marks(title: str, conditions: Mapping[str, str], varying: Sequence[str]) -> Iterator[str]:
    """Yield what is added to a row's title if rows were measured differently and the title does not say so already."""
    for key in varying:
        if key in conditions:
            mark = conditions[key] if key == "images" else f"{key}={conditions[key]}"
            if mark not in title:
                yield mark


def means_of(
    figures: Sequence[Mapping[str, float | None]], metrics: Sequence[str]
) -> dict[str, tuple[float, float | None]]:
    """Return mean and deviation by metric, without metrics that no run has: the region may be empty in each image."""
    values = {metric: [one[metric] for one in figures if one[metric] is not None] for metric in metrics}
    return {metric: mean_and_deviation(known) for metric, known in values.items() if known}  # type: ignore[arg-type]


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean and the sample standard deviation, None for a single value."""
    return mean(values), stdev(values) if len(values) > 1 else None


def published_of(
    experiment: Experiment, row: Row, test: str, region: str, tests: Collection[str]
) -> dict[str, Sequence[float]]:
    """Return a row's published figures: of the test set of this name; of all if none of the paper's was measured."""
    if region != experiment.published["region"]:
        return {}
    figures = dict(row.figures or {})
    published = {name for one in experiment.rows for name in one.figures or {}}
    return {name: of for name, of in figures.items() if name == test} if published & set(tests) else figures


def published_tests(rows: Sequence[Measured]) -> list[str]:
    """Return the published test sets of the rows."""
    return list(dict.fromkeys(test for row in rows for test in row.published))


def agreement(rows: Sequence[Measured], test: str) -> Agreement | None:
    """Return how far the measured order is the published one; None for fewer than two rows with both figures."""
    ranked = [row for row in rows if "mse" in row.means and test in row.published and not row.apart]
    both = [(row.means["mse"][0], row.published[test][0]) for row in ranked]
    if len(both) < 2:
        return None
    tau = kendall_tau(*zip(*both, strict=True))
    return None if math.isnan(tau) else Agreement(test, tau, len(both))


def factor(experiment: Experiment, metric: str) -> float:
    """Return the factor from a raw figure to the published units."""
    return UNITS[experiment.published["units"]][metric][0]


def heading(experiment: Experiment, metric: str) -> str:
    """Return the heading of a metric in the published units."""
    return UNITS[experiment.published["units"]][metric][1]
