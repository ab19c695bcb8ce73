"""An experiment's rows laid beside each other and beside the published figures. No torch here."""

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
    """A row on a test set in a region: means over its seeds of the raw figures, with their standard deviation.

    std: None of one seed. seeds: those with figures. state: done, or why other seeds have none. published: the paper's
    figures for this table, by the name of its test set, in the report's units. conditions: see
    `Measurements.conditions`. apart: measured on other pixels than the first row.
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
    """Kendall's tau of measured and published MSE over `rows` rows; of the published test set `test`."""

    test: str
    tau: float
    rows: int


@dataclass(frozen=True)
class Comparison:
    """All rows on one test set in one region. varying: the conditions in which rows differ, which their titles tell."""

    test: str
    region: str
    metrics: tuple[str, ...]
    rows: list[Measured]
    agreements: list[Agreement]
    varying: list[str]

    @property
    def shared(self) -> dict[str, str]:
        """The conditions of all measured rows."""
        known = next((row.conditions for row in self.rows if row.conditions), {})
        return {key: value for key, value in known.items() if key not in self.varying}


def compare(experiment: Experiment) -> list[Comparison]:
    """One comparison a test set and region; none where nothing has been measured."""
    results = {job.evaluation.digest: job.evaluation.result() for row in experiment.rows for job in row.jobs}
    tests = [test for result in results.values() if result is not None for test in result["tests"].items()]
    places = dict.fromkeys((name, region) for name, test in tests for row in test["rows"].values() for region in row)
    names = {name for name, _ in tests}
    return [comparison(experiment, Measurements(results, *place), names) for place in places]


def comparison(experiment: Experiment, measurements: Measurements, tests: Collection[str]) -> Comparison:
    """The first row that has runs is what the others are compared with, where they were measured on its pixels."""
    rows, metrics = experiment.rows, tuple(experiment.published["metrics"])
    found = {at: measurements.measured(row.jobs, row.part) for at, row in enumerate(rows) if not row.control}
    first = next((at for at in found if rows[at].jobs), None)
    reference = {} if first is None else measurements.pairs(found[first], rows[first].part)
    known = next(filter(None, found.values()), [])  # a control row is that of any run, the first may have failed
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
    agreements = [one for told in published_tests(lines) if (one := agreement(lines, told)) is not None]
    return Comparison(measurements.test, measurements.region, metrics, lines, agreements, varying)


def varying_of(conditions: Sequence[Mapping[str, str]]) -> list[str]:
    """The names of those that rows do not share; `size` stands in `images` too."""
    known = [one for one in conditions if one]
    return [key for key in known[0] if key != "size" and len({one[key] for one in known}) > 1] if known else []


def marks(title: str, conditions: Mapping[str, str], varying: Sequence[str]) -> Iterator[str]:
    """What a row's title adds, where rows were not measured alike: a choice of the grid stands there already."""
    for key in varying:
        if key in conditions:
            told = conditions[key] if key == "images" else f"{key}={conditions[key]}"
            if told not in title:
                yield told


def means_of(
    figures: Sequence[Mapping[str, float | None]], metrics: Sequence[str]
) -> dict[str, tuple[float, float | None]]:
    """By metric; without those that no run has: of a region that is empty in each image."""
    values = {metric: [one[metric] for one in figures if one[metric] is not None] for metric in metrics}
    return {metric: mean_and_deviation(known) for metric, known in values.items() if known}  # type: ignore[arg-type]


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean, and the sample's standard deviation; None of a single value."""
    return mean(values), stdev(values) if len(values) > 1 else None


def published_of(
    experiment: Experiment, row: Row, test: str, region: str, tests: Collection[str]
) -> dict[str, Sequence[float]]:
    """A row's published figures for a table: of the test set of its name; all where none of the paper's is measured."""
    if region != experiment.published["region"]:
        return {}
    figures = dict(row.figures or {})
    told = {name for one in experiment.rows for name in one.figures or {}}
    return {name: of for name, of in figures.items() if name == test} if told & set(tests) else figures


def published_tests(rows: Sequence[Measured]) -> list[str]:
    return list(dict.fromkeys(test for row in rows for test in row.published))


def agreement(rows: Sequence[Measured], test: str) -> Agreement | None:
    """Whether the measured order is the published one; None of fewer than two rows that have both figures."""
    told = [row for row in rows if "mse" in row.means and test in row.published and not row.apart]
    both = [(row.means["mse"][0], row.published[test][0]) for row in told]
    if len(both) < 2:
        return None
    tau = kendall_tau(*zip(*both, strict=True))
    return None if math.isnan(tau) else Agreement(test, tau, len(both))


def factor(experiment: Experiment, metric: str) -> float:
    """From a raw figure to the published units."""
    return UNITS[experiment.published["units"]][metric][0]


def heading(experiment: Experiment, metric: str) -> str:
    return UNITS[experiment.published["units"]][metric][1]
