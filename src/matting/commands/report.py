"""matting report: a recipe's or an experiment's table and pictures from its runs, as an HTML page and tables."""

import csv
import io
import json
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from matting.comparison import Comparison, compare
from matting.config.derive import derive
from matting.config.identity import plain
from matting.errors import UserError
from matting.experiments.experiment import Experiment, experiment
from matting.experiments.grid import asked
from matting.metrics.units import METRICS, NOT_COMPARABLE, headings, region_title, row_order, scaled, size_text
from matting.runs.run import Run
from matting.runs.upstream import Upstream, method_run, stage_run
from matting.story import row_titles
from matting.utils.console import say
from matting.utils.files import damaged, writable, write_text
from matting.utils.home_paths import homeless


@dataclass(frozen=True)
class RecipeRuns:
    """The runs of a recipe, done or not.

    recipe: the config's node, plain. config: the derived evaluate config. stages: in the order of their training.
    """

    recipe: dict[str, Any]
    config: DictConfig
    evaluation: Run
    stages: list[Upstream]

    @property
    def name(self) -> str:
        return self.recipe["name"]

    @property
    def steps(self) -> list[Run]:
        """The stages' runs and the evaluation."""
        return [*(stage.run for stage in self.stages if stage.run is not None), self.evaluation]

    @property
    def folder(self) -> Path:
        return Path(self.config.paths.output_dir) / "reports" / f"{self.name}-{self.evaluation.digest}"

    @property
    def page(self) -> Path:
        """Written last: its presence means that the report is complete."""
        return self.folder / "report.html"

    def page_is_current(self) -> bool:
        """Whether the report was written after the evaluation that it shows."""
        result = self.evaluation.folder / "result.json"
        return self.page.is_file() and self.page.stat().st_mtime_ns >= result.stat().st_mtime_ns


def recipe_runs(config: DictConfig) -> RecipeRuns:
    """The runs that a reproduce or report config stands for."""
    recipe = OmegaConf.to_container(config.recipe, resolve=True)
    assert isinstance(recipe, dict)
    evaluation = derive(plain(config), "evaluate", [f"method={recipe['method']}"])
    run, upstream = method_run(evaluation)
    stages = {stage.key: stage for stage in in_order(upstream)}
    return RecipeRuns({str(key): value for key, value in recipe.items()}, evaluation, run, list(stages.values()))


def in_order(upstream: dict[str, Upstream]) -> list[Upstream]:
    """Upstream runs, each after those that it stands on; the same one may come twice."""
    stages = []
    for found in upstream.values():
        if found.config is not None:
            stages += [*in_order(stage_run(found.config)[1]), found]
    return stages


def run(config: DictConfig) -> None:
    """The verb. Runs nothing; raises UserError that names the runs that are missing and the command that makes them."""
    recipe = recipe_runs(config)
    missing = [step for step in recipe.steps if step.result() is None]
    if missing:
        command = shlex.join(["matting", "reproduce", *sys.argv[1:]])
        names = ", ".join(f"{step} ({step.state()})" for step in missing)
        raise UserError(f"recipe={recipe.name}: not done: {names}; `{command}` makes them")
    say(str(write(recipe)))


def run_experiments(arguments: Sequence[str]) -> None:
    """The verb with `experiments=<name>`: runs nothing; what is missing or failed is said in its place."""
    names = asked(arguments) or []
    for name in names:
        write_experiment(experiment(name, [word for word in arguments if not word.startswith("experiments=")]))


def write_experiment(found: Experiment) -> list[Comparison]:
    """Write rows.jsonl, the tables and, last, report.html, each whole or not at all; prints the table."""
    from matting import experiment_page, formats, tables

    comparisons = compare(found)
    folder = found.folder
    made = tables.tables_of(found, comparisons)
    with writable(folder):
        say("\n\n".join(map(formats.text, made)))
        write_text(folder / "rows.jsonl", "".join(json.dumps(homeless(line)) + "\n" for line in mapped(found)))
        write_text(folder / "table.csv", tables.comma_separated(found, comparisons))
        write_text(folder / "table.md", "\n".join(map(formats.markdown, made)))
        write_text(folder / "table.tex", "\n".join(map(formats.latex, made)))
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
    from matting import page
    from matting.data.images import write_image
    from matting.visualization import samples as figures

    for step in recipe.steps:
        if not step.manifest:
            raise damaged(step.folder / "manifest.json")
    samples = figures.read_samples(recipe.evaluation)
    stages = recipe.steps[:-1]
    scale = recipe.recipe["published"]["scale"]
    with writable(recipe.folder):
        temporary = recipe.folder / f".{os.getpid()}-sheet.png"
        write_image(temporary, figures.sheet_of(samples))
        temporary.replace(recipe.folder / "sheet.png")
        write_text(recipe.folder / "table.csv", table_csv(recipe.evaluation))
        write_text(recipe.folder / "table.md", table_markdown(recipe.evaluation, stages, scale))
        write_text(recipe.page, page.html(recipe.recipe, recipe.evaluation, stages, samples))
    return recipe.page


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
