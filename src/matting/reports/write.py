"""Write the files of a report, each whole or not at all. No torch."""

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matting.experiments.comparison import Comparison, compare
from matting.experiments.experiment import Experiment
from matting.experiments.recipe import RecipeRuns
from matting.reports.tables import table_csv, table_markdown
from matting.utils.console import say
from matting.utils.files import damaged, writable, write_text
from matting.utils.home_paths import abbreviate_home


def write_experiment(found: Experiment) -> list[Comparison]:
    """Write rows.jsonl, the tables and, last, report.html, each whole or not at all; prints the table."""
    from matting.reports import experiment_page, table_formats, tables

    comparisons = compare(found)
    folder = found.folder
    made = tables.tables_of(found, comparisons)
    with writable(folder):
        say("\n\n".join(map(table_formats.text, made)))
        write_text(folder / "rows.jsonl", "".join(json.dumps(abbreviate_home(line)) + "\n" for line in mapped(found)))
        write_text(folder / "table.csv", tables.comma_separated(found, comparisons))
        write_text(folder / "table.md", "\n".join(map(table_formats.markdown, made)))
        write_text(folder / "table.tex", "\n".join(map(table_formats.latex, made)))
        write_text(folder / "report.html", experiment_page.html(found, comparisons, made))
    say(str(folder / "report.html"))
    return comparisons


def mapped(found: Experiment) -> Iterator[dict[str, Any]]:
    """An experiment owns no runs: each row's, by kind, digest and folder."""
    for row in found.rows:
        for job in () if row.control else row.jobs:
            runs = [
                {"kind": run.kind, "digest": run.digest, "folder": str(run)} for run in (*job.stages, job.evaluation)
            ]
            facts = {"row": row.title, "part": row.part, "seed": job.seed, "state": job.state()}
            yield {**facts, "command": shlex.join(["matting", job.verb, *job.words]), "runs": runs}


def write(recipe: RecipeRuns) -> Path:
    """Write sheet.png, table.csv, table.md and, last, report.html, each whole or not at all; gives its path."""
    from matting.data.images import write_image
    from matting.reports import recipe_page
    from matting.visualization import samples as figures

    for step in recipe.steps:
        if not step.manifest:
            raise damaged(step.folder / "manifest.json")
    samples = figures.read_samples(recipe.evaluation)
    stages = recipe.steps[:-1]
    scale = recipe.recipe["published"]["units"]
    with writable(recipe.folder):
        temporary = recipe.folder / f".{os.getpid()}-sheet.png"
        write_image(temporary, figures.sheet_of(samples))
        temporary.replace(recipe.folder / "sheet.png")
        write_text(recipe.folder / "table.csv", table_csv(recipe.evaluation))
        write_text(recipe.folder / "table.md", table_markdown(recipe.evaluation, stages, scale))
        write_text(recipe.page, recipe_page.html(recipe.recipe, recipe.evaluation, stages, samples))
    return recipe.page
