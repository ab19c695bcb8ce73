"""A comparison as tables of text, and as CSV. No torch here."""

import csv
import io
from collections.abc import Iterator, Sequence

from matting.comparison import CONFIDENCE, Comparison, Difference, Measured, factor, heading, published_tests
from matting.experiment_rows import Experiment
from matting.formats import Table
from matting.scales import NOT_COMPARABLE, region_title, size_text

FIELDS = (
    *("experiment", "test", "region", "row", "metric", "unit", "mean", "std", "seeds"),
    *("difference", "low", "high", "images", "published", "published_on"),
    *("state", "size", "convention", "data", "scale"),
)


def tables_of(experiment: Experiment, comparisons: Sequence[Comparison]) -> list[Table]:
    """One table a comparison; without any, the published figures alone."""
    if not comparisons:
        return [nothing_measured(experiment)]
    tables = [table_of(experiment, comparison) for comparison in comparisons]
    elsewhere = {test: comparison for comparison in comparisons for test in told_apart(comparison)}
    return [*tables, *(published_table(experiment, comparison, test) for test, comparison in elsewhere.items())]


def told_apart(comparison: Comparison) -> list[str]:
    """Published test sets that get tables of their own: of several, none of which was measured."""
    tests = published_tests(comparison.rows)
    return tests if len(tests) > 1 else []


def published_table(experiment: Experiment, comparison: Comparison, test: str) -> Table:
    lines = []
    for row in comparison.rows:
        if test in row.published:
            lines.append([row.row.title, *map(number, row.published[test])])
    head = ["", *(heading(experiment, metric) for metric in comparison.metrics)]
    return Table(f"published, {test}: not measured here", head, lines, [])


def table_of(experiment: Experiment, comparison: Comparison) -> Table:
    """Measured figures, the difference in MSE from the first row, the published figures."""
    data, scale = where(experiment)
    size = size_text(comparison.facts)
    title = f"{comparison.test}, {region_title(comparison.region)}: {size}, convention {comparison.convention}"
    title += f", data {data}, scale {scale}"
    metrics = [heading(experiment, metric) for metric in comparison.metrics]
    compared = [row for row in comparison.rows if row.difference is not None]
    head, tests = ["", *metrics], [] if told_apart(comparison) else published_tests(comparison.rows)
    if compared:
        head.append(f"difference in {heading(experiment, 'mse')} [{CONFIDENCE:.0%}]")
    head += [f"published{on(test)}: {metric}" for test in tests for metric in metrics]
    lines = []
    for row in comparison.rows:
        cells = [row.title, *cells_of(experiment, comparison, row)]
        cells += [difference_text(row.difference, factor(experiment, "mse"))] if compared else []
        for test in tests:
            figures = row.published.get(test)
            cells += [number(figure) for figure in figures] if figures else [""] * len(metrics)
        lines.append(cells)
    return Table(title, head, lines, notes(experiment, comparison, bool(compared)))


def cells_of(experiment: Experiment, comparison: Comparison, row: Measured) -> list[str]:
    """A row's figures; where it has none, why, in the first cell."""
    if not row.means:
        return [row.state, *[""] * (len(comparison.metrics) - 1)]
    cells = []
    for metric in comparison.metrics:
        mean, deviation = row.means.get(metric, (None, None))
        times = factor(experiment, metric)
        text = "-" if mean is None else number(mean * times)
        cells.append(text if deviation is None else f"{text} ± {number(deviation * times, 2)}")
    return cells


def notes(experiment: Experiment, comparison: Comparison, compared: bool) -> list[str]:
    """What stands below: seeds, what is missing of a row, rank agreement, the paper's conditions."""
    rows, published = [row for row in comparison.rows if not row.row.control], experiment.published
    seeds = max(row.seeds for row in rows)
    found = [f"mean ± standard deviation over {seeds} seeds" if seeds > 1 else "one seed: no standard deviation"]
    for row in rows:
        if row.means and row.state != "done":
            found.append(f"{row.title}: {row.seeds} of {len(row.row.jobs)} seeds; {row.state}")
        elif row.row.note:
            found.append(f"{row.title}: {row.row.note}")
    if compared:
        first = next(row for row in rows if row.row.jobs)
        found.append(
            f"differences are from {first.title}, with the {CONFIDENCE:.0%} interval of a bootstrap over the test "
            "subjects, each with all its images, paired by image and seed; it says nothing of other trainings"
        )
    for agreement in comparison.agreements:
        found.append(
            f"rank agreement with the published order{on(agreement.test)}: Kendall's tau {agreement.tau:.2f} "
            f"over {agreement.rows} rows"
        )
    absent = [row.title for row in rows if not row.row.jobs]
    if absent:
        found.append(f"not run, the suite has no such system: {', '.join(absent)}")
    if comparison.region == published["region"]:
        found.append(f"published: {published['source']}: {' '.join(published['conditions'].split())}")
    if published["scale"] in NOT_COMPARABLE:
        found.append(NOT_COMPARABLE[published["scale"]])
    return found


def nothing_measured(experiment: Experiment) -> Table:
    """The published figures, and why there is nothing beside them."""
    published = experiment.published
    metrics = [heading(experiment, metric) for metric in published["metrics"]]
    rows = [row for row in experiment.rows if not row.control]
    tests = list(dict.fromkeys(test for row in rows for test in row.figures or {}))
    head = ["", "measured", *(f"published{on(test)}: {metric}" for test in tests for metric in metrics)]
    lines = []
    for row in rows:
        states = dict.fromkeys(job.state() for job in row.jobs)
        cells = [row.label, "; ".join(states) or "not run"]
        for test in tests:
            figures = (row.figures or {}).get(test)
            cells += [number(figure) for figure in figures] if figures else [""] * len(metrics)
        lines.append(cells)
    made = f"`{experiment.command}` makes the rows"
    told = f"published: {published['source']}: {' '.join(published['conditions'].split())}"
    return Table("nothing measured yet", head, lines, [made, told])


def where(experiment: Experiment) -> tuple[str, str]:
    """Names of data and scale of the rows, as far as they agree."""
    configs = [job.evaluation.config for job in experiment.jobs]
    data, scale = (dict.fromkeys(config[node]["name"] for config in configs) for node in ("data", "scale"))
    return " / ".join(data), " / ".join(scale)


def on(test: str) -> str:
    return "" if test == "*" else f", {test}"


def number(value: float, digits: int = 4, sign: str = "") -> str:
    short = f"{value:{sign}.{digits}g}"
    return f"{value:{sign}.0f}" if "e+" in short else short


def difference_text(difference: Difference | None, times: float) -> str:
    if difference is None:
        return ""
    mean, low, high = (number(value * times, 3, "+") for value in (difference.mean, difference.low, difference.high))
    return f"{mean} [{low}, {high}]"


def comma_separated(experiment: Experiment, comparisons: Sequence[Comparison]) -> str:
    """One line a row, test set, region and metric, in the published units; the difference with the MSE alone."""
    out = io.StringIO()
    table = csv.DictWriter(out, FIELDS, lineterminator="\n")
    table.writeheader()
    data, scale = where(experiment)
    for comparison in comparisons:
        size = " to ".join(dict.fromkeys(f"{height}x{width}" for height, width in comparison.facts["sizes"]))
        known = {"experiment": experiment.name, "test": comparison.test, "region": comparison.region, "size": size}
        known |= {"convention": comparison.convention, "data": data, "scale": scale}
        for row in comparison.rows:
            for entry in entries(experiment, comparison, row):
                table.writerow({**known, **entry})
    return out.getvalue()


def entries(experiment: Experiment, comparison: Comparison, row: Measured) -> Iterator[dict[str, object]]:
    """A row's lines: one a metric, and one more for each further test set that the paper has."""
    for column, metric in enumerate(comparison.metrics):
        times, means = factor(experiment, metric), row.means.get(metric)
        entry: dict[str, object] = {"row": row.title, "metric": metric, "state": row.state, "seeds": row.seeds}
        entry["unit"] = heading(experiment, metric)
        if means is not None:
            entry |= {"mean": means[0] * times, "std": "" if means[1] is None else means[1] * times}
        if row.difference is not None and metric == "mse":
            found = row.difference
            entry |= {"difference": found.mean * times, "low": found.low * times, "high": found.high * times}
            entry["images"] = found.images
        for test, figures in row.published.items():
            yield {**entry, "published_on": test, "published": figures[column]}
        if not row.published:
            yield entry
