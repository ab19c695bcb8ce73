"""The report of a recipe: tables of its evaluation, loss curves of its stages, sample pictures, its runs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from matting.experiments.recipe import RecipeRuns
from matting.metrics.units import (
    METRICS,
    NOT_COMPARABLE,
    UNITS,
    headings,
    region_title,
    row_order,
    scaled,
    size_text,
    sizes_text,
)
from matting.reports import without_people
from matting.reports.curves import curves
from matting.reports.narrative import opening_paragraphs, row_titles
from matting.reports.report import Picture, Report, Section, Strip
from matting.reports.table_formats import Table, comma_separated, markdown
from matting.reports.tables import number
from matting.runs.figures import figure_text
from matting.runs.run import Run
from matting.utils.files import damaged
from matting.utils.home_paths import abbreviate_home
from matting.visualization.html import data_uri, picture_uri
from matting.visualization.samples import Sample, read_samples, sheet_of

SAMPLES = (
    "Error is the absolute difference of alpha and truth: brighter is worse. The cut-out on green has estimated "
    "foreground colours."
)
RAW = (*METRICS, "grad_px", "conn_px", "n_empty")
FIELDS = ("test", "region", "row", *RAW, "samples", "subjects", "size", "convention")


def recipe_report(recipe: RecipeRuns) -> Report:
    """Return the report of a recipe whose runs are done. Raise DamagedRun if a run has no manifest."""
    for step in recipe.steps:
        if not step.manifest:
            raise damaged(step.folder / "manifest.json")
    evaluation, stages = recipe.evaluation, recipe.steps[:-1]
    result, config = evaluation.result(), evaluation.config
    assert result is not None
    titles = row_titles(result, stages)
    tables = [*result_tables(result, titles, recipe.recipe["published"]), *without_people.result_table(result, titles)]
    samples = read_samples(evaluation)
    sections = [
        Section(paragraphs=opening_paragraphs(evaluation, stages)),
        Section("Figures", tables=tables),
        Section("Training", strips=list(map(curve_strip, stages))),
        Section("Samples", [SAMPLES], strips=list(map(sample_strip, samples))),
        Section("Runs", tables=[runs_table(recipe.steps)]),
    ]
    files: dict[str, str | np.ndarray] = {
        "sheet.png": sheet_of(samples),
        "table.csv": comma_separated(FIELDS, records(result)),
        "table.md": "\n".join(map(markdown, tables)),
    }
    title = f"{recipe.recipe['title']}, scale {config['scale']['name']}, data {config['data']['name']}"
    return Report(recipe.folder, title, sections, files)


def result_tables(
    result: Mapping[str, Any], titles: Mapping[str, str], published: Mapping[str, Any]
) -> Iterator[Table]:
    """Yield a table for each test set and region; the best figure of a column, the perfect mask's apart, is bold.

    titles: of the rows, by their name in the result. published: the recipe's node of the paper's figures.
    """
    units = published["units"]
    for name, test in result["tests"].items():
        for region in test["rows"]["alpha"]:
            rows = {row: test["rows"][row][region] for row in titles}
            paper = published["tests"].get(name, published["tests"].get("*"))
            shown = paper if paper is not None and region == published["region"] else {}
            empty = rows["alpha"]["n_empty"]
            notes = [f"{empty} samples with an empty region are in no mean"] if empty else []
            yield Table(
                title=f"{name}, {region_title(region)}: {size_text(test)}, convention {result['convention']}",
                head=["", *headings(units)],
                lines=[
                    *([titles[row], *scaled(values, units)] for row, values in rows.items()),
                    *([title, *scaled(values, units)] for title, values in no_person_behind(test, titles, region)),
                ],
                notes=[*notes, *([NOT_COMPARABLE[units]] if units in NOT_COMPARABLE else [])],
                best=best_cells(rows, tuple(UNITS[units])),
                published=[
                    [f"{method} ({row['input']})", *map(number, row["figures"])] for method, row in shown.items()
                ],
                source=f"{published['source']}: {published['conditions']}",
            )


def no_person_behind(
    test: Mapping[str, Any], titles: Mapping[str, str], region: str
) -> Iterator[tuple[str, Mapping[str, float | None]]]:
    """Yield title and figures of each row over the samples whose background shows no person, if others do."""
    found = test.get("no_person_behind", {"rows": {}})
    for row, title in titles.items():
        if row in found["rows"]:
            yield f"{title}, no person behind ({found['samples']} of {test['samples']})", found["rows"][row][region]


def best_cells(rows: Mapping[str, Mapping[str, float | None]], metrics: Sequence[str]) -> set[tuple[int, int]]:
    """Return (line, column) of the lowest figure of each metric; the perfect mask, made from the truth, is left out."""
    found = set()
    for column, metric in enumerate(metrics, 1):
        figures = {at: rows[row][metric] for at, row in enumerate(rows) if row != "perfect_mask"}
        lowest = min((figure for figure in figures.values() if figure is not None), default=None)
        found |= {(at, column) for at, figure in figures.items() if figure is not None and figure == lowest}
    return found


def records(result: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """Yield a record of raw figures for each test set, row and region."""
    for name, test in result["tests"].items():
        facts = {"test": name, "samples": test["samples"], "subjects": test["subjects"], "size": sizes_text(test)}
        for row in row_order(test["rows"]):
            for region, values in test["rows"][row].items():
                yield {**facts, "region": region, "row": row, "convention": result["convention"], **values}


def curve_strip(stage: Run) -> Strip:
    """Return the loss curves of a stage."""
    panels = [Picture(title, data_uri(svg, "image/svg+xml"), f"{stage.kind}: {title}") for title, svg in curves(stage)]
    return Strip(stage.kind, panels, layout="curves")


def sample_strip(sample: Sample) -> Strip:
    """Return the pictures of a sample, from the image to the cut-out."""
    pictures = [Picture(title, picture_uri(plane), f"{title} of {sample.id}") for title, plane in sample.planes.items()]
    return Strip(f"{sample.test}: {sample.kind}", pictures, f"{sample.id}, mse {figure_text(sample.mse)}")


def runs_table(runs: Sequence[Run]) -> Table:
    """Return a table of the runs: where they are, which command and revision made them, how long they took."""
    lines = []
    for run in runs:
        facts = run.manifest
        revision = facts["git"]["revision"][:12] + (" with changes" if facts["git"]["dirty"] else "")
        started = facts["started"].removesuffix("+00:00").replace("T", " ")
        folder, seconds = abbreviate_home(str(run)), f"{facts['seconds']:.0f}"
        lines.append([run.kind, folder, run.digest, facts["command"], revision, started, seconds])
    head = ["", "folder", "digest", "command", "revision", "started (UTC)", "seconds"]
    return Table("", head, lines, words=True)
