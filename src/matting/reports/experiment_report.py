"""The report of an experiment: its tables, the same samples across its rows, the state of its runs."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from matting.config.quoting import command_text
from matting.data.images import read_alpha, read_rgb
from matting.experiments.comparison import Comparison
from matting.experiments.experiment import Experiment, Row
from matting.experiments.jobs import Job
from matting.reports.narrative import caveats, count, drawn, longer_trained, setting, trimaps
from matting.reports.report import Picture, Report, Section, Strip
from matting.reports.table_formats import Table, comma_separated, latex, markdown
from matting.reports.tables import FIELDS, records
from matting.runs.run import Run
from matting.utils.files import read_json
from matting.utils.home_paths import abbreviate_home
from matting.visualization.html import picture_uri
from matting.visualization.samples import reduced

PICTURED = 24  # rows: only the first ones show samples
NAMED = 6  # rows: a sentence about more of them gives their number


def experiment_report(experiment: Experiment, comparisons: Sequence[Comparison], tables: Sequence[Table]) -> Report:
    """Return the report of an experiment, whose runs may be missing or failed."""
    sections = [
        Section(paragraphs=list(opening_paragraphs(experiment, comparisons))),
        Section("Figures", tables=tables),
    ]
    pictured = [(row, job) for row in experiment.rows if not row.control for job in finished(row)[:1]]
    if pictured:
        note = [f"Only the first {PICTURED} of {len(pictured)} rows are shown."] if len(pictured) > PICTURED else []
        sections.append(Section("Samples", note, strips=list(sample_strips(pictured[:PICTURED]))))
    sections.append(Section("Runs", tables=[runs_table(experiment)]))
    files = {
        "rows.jsonl": "".join(json.dumps(abbreviate_home(line)) + "\n" for line in row_records(experiment)),
        "table.csv": comma_separated(FIELDS, records(experiment, comparisons)),
        "table.md": "\n".join(map(markdown, tables)),
        "table.tex": "\n".join(map(latex, tables)),
    }
    return Report(experiment.folder, f"{experiment.name}, beside {experiment.published['source']}", sections, files)


def opening_paragraphs(experiment: Experiment, comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield which commands make the rows, how many runs are done, and the limits of the figures."""
    yield f"Command: {experiment.command}"
    own = {job.words for job in experiment.jobs}
    for row in experiment.rows:
        for job in () if row.control else row.jobs[:1]:
            if job.words not in own:
                yield f"Command of {row.label}: {abbreviate_home(command_of(job))}"
    states = experiment.states
    done, failed = states.count("done"), failures(states)
    missing = len(states) - done - failed
    yield f"The grid has {count(len(states), 'run')}: {done} done, {failed} failed, {missing} not run."
    measured = [(row, finished(row)) for row in experiment.rows if not row.control and finished(row)]
    if measured:
        configs = [job.evaluation.config for _, jobs in measured for job in jobs]
        yield " ".join([*setting(configs), *facts_of(measured)])
    if any(comparison.agreements for comparison in comparisons):
        yield "The published figures come from other images and other trainings: only the order of the rows can agree."


def facts_of(measured: Sequence[tuple[Row, Sequence[Job]]]) -> Iterator[str]:
    """Yield the facts about the rows' runs, each once; one that does not hold for all rows names its rows."""
    rows_of: dict[str, dict[str, None]] = {}
    for row, jobs in measured:
        for job in jobs:
            config = job.evaluation.config
            limits = (*longer_trained(job.stages, [row.part]), *caveats(config, job.stages))
            for sentence in (*drawn(config), *limits, *trimaps(config, job.stages)):
                rows_of.setdefault(sentence, {})[row.label] = None
    for sentence, labels in rows_of.items():
        named = "; ".join(labels) if len(labels) <= NAMED else f"{len(labels)} of {len(measured)} rows"
        yield sentence if len(labels) == len(measured) else f"{named}: {sentence}"


def failures(states: Sequence[str]) -> int:
    """Return how many of the states say that a run failed."""
    return sum(state.startswith("failed") for state in states)


def command_of(job: Job) -> str:
    """Return the command line of a job, quoted for a shell."""
    return command_text(["matting", job.verb, *job.words])


def finished(row: Row) -> list[Job]:
    """Return the jobs of a row whose evaluation is done."""
    return [job for job in row.jobs if job.evaluation.result() is not None]


def sample_strips(pictured: Sequence[tuple[Row, Job]]) -> Iterator[Strip]:
    """Yield a strip for each sample that all rows kept: the image and the truth once, then the alpha of each row."""
    kept = [{(entry["test"], entry["id"]): entry for entry in first_samples(job.evaluation)} for _, job in pictured]
    for test, id in kept[0]:
        if not all((test, id) in entries for entries in kept):
            continue  # rows may have other test sets
        pictures: list[Picture] = []
        for (row, job), entries in zip(pictured, kept, strict=True):
            folder, files = job.evaluation.folder, entries[test, id]["files"]
            if not pictures:
                image, truth = reduced(read_rgb(folder / files["image"])), read_gray(folder / files["truth"])
                pictures.append(Picture("image", picture_uri(image), f"image of {id}"))
                pictures.append(Picture("truth", picture_uri(truth), f"truth of {id}"))
            alpha = read_gray(folder / files.get(row.part, files["alpha"]))
            pictures.append(Picture(row.label, picture_uri(alpha), f"{row.label}: alpha of {id}"))
        yield Strip("", pictures, f"{test}: {id}")


def read_gray(file: Path) -> np.ndarray:
    """Read an alpha as a picture, uint8 (H, W, 3), at most SIDE px long."""
    return cv2.cvtColor(reduced(read_alpha(file)), cv2.COLOR_GRAY2RGB)


def first_samples(evaluation: Run) -> list[dict[str, Any]]:
    """Return the entries of the first samples of each test set; the best and the worst differ from row to row."""
    entries = read_json(evaluation.folder / "pictures.json", list) or []
    return [entry for entry in entries if entry["kind"] == "first"]


def runs_table(experiment: Experiment) -> Table:
    """Return a table of the runs from which each row is made, and their state."""
    lines = []
    for row in experiment.rows:
        for job in () if row.control else row.jobs:
            trained = " ".join(run.digest for run in job.stages)
            lines.append([row.label, str(job.seed), job.state(), trained, abbreviate_home(str(job.evaluation))])
    return Table("", ["", "seed", "state", "trained runs", "evaluation"], lines, words=True)


def row_records(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Yield a record for each row and seed: its state, its command and its runs by kind, digest and folder."""
    for row in experiment.rows:
        for job in () if row.control else row.jobs:
            runs = [
                {"kind": run.kind, "digest": run.digest, "folder": str(run)} for run in (*job.stages, job.evaluation)
            ]
            facts = {"row": row.title, "part": row.part, "seed": job.seed, "state": job.state()}
            yield {**facts, "command": command_of(job), "runs": runs}


def index_line(experiment: Experiment, comparisons: Sequence[Comparison]) -> list[str]:
    """Return an experiment's line of the index: its name, the paper, its runs, the agreement of the rows' order."""
    states = experiment.states
    taus = [
        f"{comparison.test}: {agreement.tau:.2f} over {agreement.rows}"
        for comparison in comparisons
        for agreement in comparison.agreements
    ]
    numbers = map(str, (len(states), states.count("done"), failures(states)))
    return [experiment.name, experiment.published["source"], *numbers, "; ".join(taus)]


def index_section(lines: Sequence[list[str]]) -> Section:
    """Return the index of experiments; each name links to its report."""
    head = ["", "published", "runs", "done", "failed", "Kendall's tau of the order by MSE"]
    return Section(tables=[Table("", head, lines, words=True, links=[f"{line[0]}/report.html" for line in lines])])
