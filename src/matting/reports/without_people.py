"""The tables of pictures without people: how much of them is taken for a person."""

from collections.abc import Iterator, Mapping
from statistics import mean
from typing import Any

from matting.experiments.experiment import Experiment
from matting.metrics.units import headings, scaled, without_people_cells
from matting.reports.table_formats import Table

NOTE = "mean alpha is 0 and MSE is 0 for a method that finds nobody where nobody is"


def result_table(result: Mapping[str, Any], titles: Mapping[str, str]) -> Iterator[Table]:
    """Yield the table of an evaluation, with all test sets; none where no test set has such pictures.

    titles: of the rows, by their name in the result.
    """
    tests = {name: test["without_people"] for name, test in result["tests"].items() if "without_people" in test}
    lines = [
        [f"{name}: {titles[row]}", *figures]
        for name, found in tests.items()
        for row, figures in without_people_cells(found)
    ]
    if lines:
        counts = ", ".join(f"{name} {found['samples']}" for name, found in tests.items())
        yield Table(f"pictures without people: {counts}", ["", *headings("without_people")], lines, [NOTE])


def experiment_table(experiment: Experiment) -> Iterator[Table]:
    """Yield the table of an experiment: a line for each row and test set, the mean over its seeds."""
    lines = []
    for row in experiment.rows:
        results = [result for job in row.jobs if not row.control and (result := job.evaluation.result()) is not None]
        for test in dict.fromkeys(name for result in results for name in result["tests"]):
            found = [result["tests"].get(test, {}).get("without_people", {"rows": {}})["rows"] for result in results]
            figures = [rows[row.part] for rows in found if row.part in rows]
            if figures:
                means = {name: mean(one[name] for one in figures) for name in figures[0]}
                lines.append([f"{test}: {row.label}", *scaled(means, "without_people")])
    if lines:
        yield Table("pictures without people", ["", *headings("without_people")], lines, [NOTE])
