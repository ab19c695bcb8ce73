"""Write reports: that of a recipe, that of an experiment, and the index of several experiments."""

from collections.abc import Sequence
from pathlib import Path

from matting.data.images import write_image
from matting.experiments.comparison import compare
from matting.experiments.experiment import Experiment
from matting.experiments.recipe import RecipeRuns
from matting.experiments.snapshot import experiment_snapshot, recipe_snapshot
from matting.reports.experiment_report import experiment_report, index_line, index_section
from matting.reports.page import page
from matting.reports.recipe_report import recipe_report
from matting.reports.report import Report
from matting.reports.table_formats import text
from matting.reports.tables import tables_of
from matting.reports.without_people import experiment_table
from matting.utils.console import say
from matting.utils.files import replacing, writable, write_text


def write_recipe(recipe: RecipeRuns) -> Path:
    """Write the report of a recipe whose runs are done; return the path of its page."""
    return write_report(recipe_report(recipe_snapshot(recipe)))


def write_experiment(experiment: Experiment) -> list[str]:
    """Write an experiment's report, print its tables and the path of its page; return its line of the index."""
    experiment = experiment_snapshot(experiment)
    comparisons = compare(experiment)
    tables = [*tables_of(experiment, comparisons), *experiment_table(experiment)]
    path = write_report(experiment_report(experiment, comparisons, tables))
    say("\n\n".join(map(text, tables)))
    say(str(path))
    return index_line(experiment, comparisons)


def write_report(report: Report) -> Path:
    """Write each file of a report whole or not at all, the page last: its presence means that all are there."""
    html, path = page(report.title, report.sections), report.folder / "report.html"
    with writable(report.folder):
        for name, content in report.files.items():
            if isinstance(content, str):
                write_text(report.folder / name, content)
            else:
                with replacing(report.folder / name) as temporary:
                    write_image(temporary, content)
        write_text(path, html)
    return path


def write_index(path: Path, lines: Sequence[list[str]]) -> None:
    """Write the page that links the reports of experiments; lines: what `write_experiment` returned of each."""
    with writable(path.parent):
        write_text(path, page("Experiments", [index_section(lines)]))
