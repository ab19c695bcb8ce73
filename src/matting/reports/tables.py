"""The tables of an experiment: a comparison's measured and published figures as text, and as records for CSV."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matting.experiments.comparison import Comparison, Measured, factor, heading, published_tests
from matting.experiments.experiment import Experiment, Row
from matting.experiments.jobs import NOT_RUN
from matting.experiments.measurements import states_text
from matting.experiments.statistics import CONFIDENCE, Difference
from matting.metrics.units import NOT_COMPARABLE, region_title
from matting.reports.table_formats import Table

CONDITIONS = ("size", "convention", "data", "scale")
FIELDS = (
    *("experiment", "test", "region", "row", "metric", "unit", "mean", "std", "seeds"),
    *("difference", "low", "high", "images", "published", "published_on"),
    *("state", *CONDITIONS),
)


def tables_of(experiment: Experiment, comparisons: Sequence[Comparison]) -> list[Table]:
    """Return a table for each comparison; if nothing was measured, the published figures alone."""
    if not comparisons:
        return [nothing_measured(experiment)]
    tables = [table_of(experiment, comparison) for comparison in comparisons]
    separate = {test: comparison for comparison in comparisons for test in separate_tests(comparison)}
    return [*tables, *(published_table(experiment, comparison, test) for test, comparison in separate.items())]


def separate_tests(comparison: Comparison) -> list[str]:
    """Return the published test sets that get separate tables: several ones, of which none was measured."""
    tests = published_tests(comparison.rows)
    return tests if len(tests) > 1 else []


def published_table(experiment: Experiment, comparison: Comparison, test: str) -> Table:
    """Return the published figures of a test set that was not measured here."""
    rows = [row for row in comparison.rows if test in row.published]
    lines = [[row.row.title, *map(number, row.published[test])] for row in rows]
    head = ["", *(heading(experiment, metric) for metric in comparison.metrics)]
    return Table(f"published, {test}: not measured here", head, lines)


def table_of(experiment: Experiment, comparison: Comparison) -> Table:
    """Return the measured figures, the difference in MSE from the first row, and the published figures."""
    metrics = [heading(experiment, metric) for metric in comparison.metrics]
    compared = [row for row in comparison.rows if row.difference is not None]
    head, tests = ["", *metrics], [] if separate_tests(comparison) else published_tests(comparison.rows)
    if compared:
        head.append(f"difference in {heading(experiment, 'mse')} [{CONFIDENCE:.0%}]")
    head += [f"published{on(test)}: {metric}" for test in tests for metric in metrics]
    lines = []
    for row in comparison.rows:
        cells = [row.title, *cells_of(experiment, comparison, row)]
        cells += [difference_text(row.difference, factor(experiment, "mse"))] if compared else []
        lines.append([*cells, *published_cells(row.published, tests, len(metrics))])
    return Table(title_of(comparison), head, lines, notes(experiment, comparison, bool(compared)))


def title_of(comparison: Comparison) -> str:
    """Return the test set, the region and the conditions that all rows share."""
    shared = comparison.shared
    parts = [shared["images"]] if "images" in shared else []
    parts += [f"{key} {shared[key]}" for key in CONDITIONS if key in shared and key != "size"]
    parts += [f"{' and '.join(comparison.varying)} differ between rows"] if comparison.varying else []
    return f"{comparison.test}, {region_title(comparison.region)}: {', '.join(parts)}"


def cells_of(experiment: Experiment, comparison: Comparison, row: Measured) -> list[str]:
    """Return the cells of a row's figures; if it has none, the first cell says why."""
    if not row.means and row.state != "done":
        return [row.state, *[""] * (len(comparison.metrics) - 1)]
    cells = []
    for metric in comparison.metrics:
        mean, deviation = row.means.get(metric, (None, None))
        times = factor(experiment, metric)
        text = "-" if mean is None else number(mean * times)
        cells.append(text if deviation is None else f"{text} ± {number(deviation * times, 2)}")
    return cells


def notes(experiment: Experiment, comparison: Comparison, compared: bool) -> list[str]:
    """Return the notes below a table: seeds, missing runs, differences, rank agreement, the paper's conditions."""
    rows, published = [row for row in comparison.rows if not row.row.control], experiment.published
    seeds = max(row.seeds for row in rows)
    found = [f"mean ± standard deviation over {seeds} seeds" if seeds > 1 else "one seed: no standard deviation"]
    for row in rows:
        if row.means and row.state != "done":
            found.append(f"{row.title}: {row.seeds} of {len(row.row.jobs)} seeds; {row.state}")
        if row.row.note:
            found.append(f"{row.title}: {row.row.note}")
    if experiment.fixed:
        found.append(f"all rows were run with {' '.join(experiment.fixed)}")
    if compared:
        first = next(row for row in rows if row.row.jobs)
        found.append(
            f"differences are from {first.title}; their {CONFIDENCE:.0%} interval is a bootstrap over the test "
            "subjects with all their images, paired by image and seed; it does not cover the spread of other trainings"
        )
    for agreement in comparison.agreements:
        found.append(
            f"rank agreement with the published order{on(agreement.test)}: Kendall's tau {agreement.tau:.2f} "
            f"over {agreement.rows} rows"
        )
    if apart := [row.row.label for row in rows if row.apart]:
        lead = next(row.row.label for row in rows if row.seeds)
        found.append(f"measured on other pixels than {lead}, thus without difference and rank: {'; '.join(apart)}")
    if "convention" in comparison.varying:
        found.append("Grad and Conn depend on the convention, the other figures do not")
    found += absent(experiment.rows)
    if comparison.region == published["region"]:
        found.append(source_note(published))
    if published["units"] in NOT_COMPARABLE:
        found.append(NOT_COMPARABLE[published["units"]])
    return found


def absent(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the rows without runs: those that this command line leaves out and those that the suite cannot run."""
    for left_out, why in ((True, "not in this grid"), (False, "not implemented in this suite")):
        titles = [row.title for row in rows if not row.jobs and row.left_out is left_out]
        if titles:
            yield f"{why}: {', '.join(titles)}"


def nothing_measured(experiment: Experiment) -> Table:
    """Return the published figures, each row with the reason why nothing was measured."""
    published = experiment.published
    metrics = [heading(experiment, metric) for metric in published["metrics"]]
    rows = [row for row in experiment.rows if not row.control]
    tests = list(dict.fromkeys(test for row in rows for test in row.figures or {}))
    head = ["", "measured", *(f"published{on(test)}: {metric}" for test in tests for metric in metrics)]
    lines = []
    for row in rows:
        state = states_text(job.state() for job in row.jobs) or NOT_RUN
        lines.append([row.label, state, *published_cells(row.figures or {}, tests, len(metrics))])
    command = f"`{experiment.command}` runs this grid"
    return Table("nothing measured yet", head, lines, [command, *absent(rows), source_note(published)])


def published_cells(figures: Mapping[str, Sequence[float]], tests: Sequence[str], metrics: int) -> list[str]:
    """Return a row's published figures on each test set, or as many empty cells."""
    return [cell for test in tests for cell in (map(number, figures[test]) if test in figures else [""] * metrics)]


def source_note(published: Mapping[str, Any]) -> str:
    """Return the paper's table and the conditions under which its figures were measured."""
    return f"published: {published['source']}: {' '.join(published['conditions'].split())}"


def on(test: str) -> str:
    """Return what a heading adds for a published test set; nothing for `*`, a paper's only one."""
    return "" if test == "*" else f", {test}"


def number(value: float, digits: int = 4, sign: str = "") -> str:
    """Return a figure with this many significant digits, without an exponent for large ones."""
    short = f"{value:{sign}.{digits}g}"
    return f"{value:{sign}.0f}" if "e+" in short else short


def difference_text(difference: Difference | None, times: float) -> str:
    """Return a difference with its interval, `times` the raw figures; an empty text for None."""
    if difference is None:
        return ""
    mean, low, high = (number(value * times, 3, "+") for value in (difference.mean, difference.low, difference.high))
    return f"{mean} [{low}, {high}]"


def records(experiment: Experiment, comparisons: Sequence[Comparison]) -> Iterator[dict[str, object]]:
    """Yield a record for each test set, region, row and metric, in the published units; fields: FIELDS."""
    for comparison in comparisons:
        known: dict[str, object] = {"experiment": experiment.name, "test": comparison.test, "region": comparison.region}
        for row in comparison.rows:
            known |= {"row": row.title, "state": row.state, "seeds": row.seeds}
            known |= {key: row.conditions.get(key, "") for key in CONDITIONS}
            for column, metric in enumerate(comparison.metrics):
                record = {**known, **measured_fields(experiment, row, metric)}
                for test, figures in row.published.items():
                    yield {**record, "published_on": test, "published": figures[column]}
                if not row.published:
                    yield record


def measured_fields(experiment: Experiment, row: Measured, metric: str) -> dict[str, object]:
    """Return what was measured of a metric; only the MSE has a difference."""
    times, means, found = factor(experiment, metric), row.means.get(metric), row.difference
    fields: dict[str, object] = {"metric": metric, "unit": heading(experiment, metric)}
    if means is not None:
        fields |= {"mean": means[0] * times, "std": "" if means[1] is None else means[1] * times}
    if found is not None and metric == "mse":
        fields |= {"difference": found.mean * times, "low": found.low * times, "high": found.high * times}
        fields["images"] = found.images
    return fields
