"""A comparison as tables of text, and as CSV. No torch here."""

import csv
import io
from collections.abc import Iterator, Sequence

from matting.experiments.comparison import Comparison, Measured, factor, heading, published_tests
from matting.experiments.experiment import Experiment, Row
from matting.experiments.jobs import NOT_RUN
from matting.experiments.measurements import states_text
from matting.experiments.statistics import CONFIDENCE, Difference
from matting.metrics.units import METRICS, NOT_COMPARABLE, headings, region_title, row_order, scaled, size_text
from matting.reports.narrative import row_titles
from matting.reports.table_formats import Table
from matting.runs.run import Run

CONDITIONS = ("size", "convention", "data", "scale")
FIELDS = (
    *("experiment", "test", "region", "row", "metric", "unit", "mean", "std", "seeds"),
    *("difference", "low", "high", "images", "published", "published_on"),
    *("state", *CONDITIONS),
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
    return Table(title_of(comparison), head, lines, notes(experiment, comparison, bool(compared)))


def title_of(comparison: Comparison) -> str:
    """The test set and how it was measured, as far as rows agree in it."""
    shared = comparison.shared
    told = [shared["images"]] if "images" in shared else []
    told += [f"{key} {shared[key]}" for key in CONDITIONS if key in shared and key != "size"]
    told += [f"{' and '.join(comparison.varying)} as each row says"] if comparison.varying else []
    return f"{comparison.test}, {region_title(comparison.region)}: {', '.join(told)}"


def cells_of(experiment: Experiment, comparison: Comparison, row: Measured) -> list[str]:
    """A row's figures; where it has none, why, in the first cell."""
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
    """What stands below: seeds, what is missing of a row, rank agreement, the paper's conditions."""
    rows, published = [row for row in comparison.rows if not row.row.control], experiment.published
    seeds = max(row.seeds for row in rows)
    found = [f"mean ± standard deviation over {seeds} seeds" if seeds > 1 else "one seed: no standard deviation"]
    for row in rows:
        if row.means and row.state != "done":
            found.append(f"{row.title}: {row.seeds} of {len(row.row.jobs)} seeds; {row.state}")
        if row.row.note:
            found.append(f"{row.title}: {row.row.note}")
    if experiment.fixed:
        found.append(f"rows of this grid have {' '.join(experiment.fixed)}")
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
    if apart := [row.row.label for row in rows if row.apart]:
        lead = next(row.row.label for row in rows if row.seeds)
        found.append(f"on other pixels than {lead}, thus in no difference and in no rank: {'; '.join(apart)}")
    if "convention" in comparison.varying:
        found.append("Grad and Conn depend on the convention, the other figures do not")
    found += absent(experiment.rows)
    if comparison.region == published["region"]:
        found.append(f"published: {published['source']}: {' '.join(published['conditions'].split())}")
    if published["units"] in NOT_COMPARABLE:
        found.append(NOT_COMPARABLE[published["units"]])
    return found


def absent(rows: Sequence[Row]) -> Iterator[str]:
    for left_out, why in ((True, "not in this grid"), (False, "not run, the suite has no such system")):
        titles = [row.title for row in rows if not row.jobs and row.left_out is left_out]
        if titles:
            yield f"{why}: {', '.join(titles)}"


def nothing_measured(experiment: Experiment) -> Table:
    """The published figures, and why there is nothing beside them."""
    published = experiment.published
    metrics = [heading(experiment, metric) for metric in published["metrics"]]
    rows = [row for row in experiment.rows if not row.control]
    tests = list(dict.fromkeys(test for row in rows for test in row.figures or {}))
    head = ["", "measured", *(f"published{on(test)}: {metric}" for test in tests for metric in metrics)]
    lines = []
    for row in rows:
        cells = [row.label, states_text(job.state() for job in row.jobs) or NOT_RUN]
        for test in tests:
            figures = (row.figures or {}).get(test)
            cells += [number(figure) for figure in figures] if figures else [""] * len(metrics)
        lines.append(cells)
    made = f"`{experiment.command}` makes the rows of its grid"
    told = f"published: {published['source']}: {' '.join(published['conditions'].split())}"
    return Table("nothing measured yet", head, lines, [made, *absent(rows), told])


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
    for comparison in comparisons:
        known = {"experiment": experiment.name, "test": comparison.test, "region": comparison.region}
        for row in comparison.rows:
            measured = {key: row.conditions.get(key, "") for key in CONDITIONS}
            for entry in entries(experiment, comparison, row):
                table.writerow({**known, **measured, **entry})
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


def table_csv(evaluation: Run) -> str:
    """Raw figures, one line a test set, region and row, each with its size and convention."""
    result = evaluation.result()
    assert result is not None
    text = io.StringIO()
    figures = (*METRICS, "grad_px", "conn_px", "n_empty")
    fields = ("test", "region", "row", *figures, "samples", "subjects", "size", "convention")
    table = csv.DictWriter(text, fields, lineterminator="\n")
    table.writeheader()
    for name, test in result["tests"].items():
        size = " to ".join(dict.fromkeys(f"{height}x{width}" for height, width in test["sizes"]))
        facts = {"test": name, "samples": test["samples"], "subjects": test["subjects"], "size": size}
        for row in row_order(test["rows"]):
            for region, values in test["rows"][row].items():
                table.writerow({**facts, "region": region, "row": row, "convention": result["convention"], **values})
    return text.getvalue()


def table_markdown(evaluation: Run, stages: list[Run], scale: str) -> str:
    """The report's tables, in its units."""
    result = evaluation.result()
    assert result is not None
    titles, lines = row_titles(result, stages), []
    for name, test in result["tests"].items():
        for region in test["rows"]["alpha"]:
            title = region_title(region)
            lines += [f"{name}, {title}: {size_text(test)}, convention {result['convention']}", ""]
            heads = headings(scale)
            lines += [line_of(["", *heads]), line_of(["---", *["---:"] * len(heads)])]
            lines += [line_of([title, *scaled(test["rows"][row][region], scale)]) for row, title in titles.items()]
            lines += ["", NOT_COMPARABLE[scale], ""] if scale in NOT_COMPARABLE else [""]
    return "\n".join(lines)


def line_of(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
