"""The HTML page of an experiment: its tables, and the same samples across its rows. No torch."""

import shlex
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from matting.data.images import read_alpha, read_rgb
from matting.experiments.comparison import Comparison
from matting.experiments.experiment import Experiment, Row
from matting.experiments.jobs import Job
from matting.reports.narrative import caveats, count, drawn, setting, trimaps
from matting.reports.table_formats import Table
from matting.runs.run import Run
from matting.utils.files import read_json
from matting.utils.home_paths import abbreviate_home
from matting.visualization.html import PAGE, STYLE, figure, heads, picture
from matting.visualization.samples import columns, reduced

PICTURED = 24  # rows whose samples are shown
NAMED = 6  # rows that a sentence names


def html(experiment: Experiment, comparisons: Sequence[Comparison], tables: Sequence[Table]) -> str:
    title = f"{experiment.name}, beside {experiment.published['source']}"
    body = [f"<p>{escape(paragraph)}</p>" for paragraph in opening_paragraphs(experiment, comparisons)]
    body += ["<h2>Figures</h2>", *map(table_html, tables)]
    pictured = [(row, job) for row in experiment.rows if not row.control for job in finished(row)[:1]]
    if pictured:
        body.append("<h2>Samples</h2>")
        if len(pictured) > PICTURED:
            body.append(f"<p>Of the first {PICTURED} of {len(pictured)} rows.</p>")
        body += samples(pictured[:PICTURED])
    body += ["<h2>Runs</h2>", runs_table(experiment)]
    return PAGE.format(title=escape(title), style=STYLE, body="\n".join(body))


def opening_paragraphs(experiment: Experiment, comparisons: Sequence[Comparison]) -> Iterator[str]:
    """What the rows are and how far the figures hold."""
    yield f"Made by: {experiment.command}"
    own = {job.words for job in experiment.jobs}
    for row in experiment.rows:
        for job in () if row.control else row.jobs[:1]:
            if job.words not in own:
                yield f"{row.label}: made by {abbreviate_home(shlex.join(['matting', job.verb, *job.words]))}"
    states = experiment.states
    grid = count(len(states), "run")
    yield f"{grid} in the grid: {states.count('done')} done, {failed(states)} failed, the rest not done."
    done = [(row, finished(row)) for row in experiment.rows if not row.control and finished(row)]
    if done:
        yield " ".join([*setting([job.evaluation.config for _, jobs in done for job in jobs]), *facts_of(done)])
    if any(comparison.agreements for comparison in comparisons):
        yield "Published figures come from other images and trainings than these: what may agree is the rows' order."


def facts_of(done: Sequence[tuple[Row, Sequence[Job]]]) -> Iterator[str]:
    """What its runs say of each row, once, with the rows where it is not all."""
    rows_of: dict[str, dict[str, None]] = {}
    for row, jobs in done:
        for job in jobs:
            config = job.evaluation.config
            for sentence in (*drawn(config), *caveats(config, job.stages), *trimaps(config, job.stages)):
                rows_of.setdefault(sentence, {})[row.label] = None
    for sentence, labels in rows_of.items():
        named = "; ".join(labels) if len(labels) <= NAMED else f"{len(labels)} of {len(done)} rows"
        yield sentence if len(labels) == len(done) else f"{named}: {sentence}"


def failed(states: Sequence[str]) -> int:
    return sum(state.startswith("failed") for state in states)


def table_html(table: Table) -> str:
    lines = []
    for title, *cells in table.lines:
        lines.append(f"<tr><th>{escape(title)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.notes)
    return (
        f"<figure><figcaption>{escape(table.title)}</figcaption><div class=wide><table>"
        f"<thead><tr>{heads(table.head)}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
        f"<ul>{notes}</ul></figure>"
    )


def samples(pictured: Sequence[tuple[Row, Job]]) -> Iterator[str]:
    """Each sample that all rows kept, once with its truth, then as each row has it."""
    kept = [{(entry["test"], entry["id"]): entry for entry in pictures_of(job.evaluation)} for _, job in pictured]
    for test, id in kept[0]:
        if not all((test, id) in entries for entries in kept):
            continue  # rows may have other test sets
        first = True
        cells = []
        for (row, job), entries in zip(pictured, kept, strict=True):
            folder, entry = job.evaluation.folder, entries[test, id]
            image = reduced(read_rgb(folder / entry["files"]["image"]))
            name = row.part if row.part in entry["files"] else "alpha"
            planes = {"alpha": entry["files"][name], "truth": entry["files"]["truth"]}
            shown = columns(image, {plane: reduced(read_alpha(folder / file)) for plane, file in planes.items()})
            for plane in ("image", "truth") if first else ():
                cells.append(figure(picture(shown[plane], f"{plane} of {id}"), plane))
            cells.append(figure(picture(shown["alpha"], f"{row.label}: alpha of {id}"), row.label))
            first = False
        yield f"<section><div class=row>{''.join(cells)}</div><p class=note>{escape(f'{test}: {id}')}</p></section>"


def pictures_of(evaluation: Run) -> list[dict[str, Any]]:
    """The first samples of each test set: the best and the worst differ from row to row."""
    entries = read_json(evaluation.folder / "pictures.json", list) or []
    return [entry for entry in entries if entry["kind"] == "first"]


def finished(row: Row) -> list[Job]:
    return [job for job in row.jobs if job.evaluation.result() is not None]


def runs_table(experiment: Experiment) -> str:
    """Which runs each row stands on, and their state."""
    lines = []
    for row in experiment.rows:
        for job in () if row.control else row.jobs:
            cells = [
                str(job.seed),
                job.state(),
                " ".join(run.digest for run in job.stages),
                abbreviate_home(str(job.evaluation)),
            ]
            lines.append(
                f"<tr><th>{escape(row.label)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
            )
    head = f"<thead><tr><th></th>{heads(['seed', 'state', 'trained runs', 'evaluation'])}</tr></thead>"
    return f"<div class=wide><table class=text>{head}<tbody>{''.join(lines)}</tbody></table></div>"


def index(reports: Sequence[tuple[Experiment, Sequence[Comparison]]]) -> str:
    """One page over all experiments: what ran, and how far the order agrees."""
    lines = []
    for experiment, comparisons in reports:
        states = experiment.states
        taus = [
            f"{comparison.test}: {agreement.tau:.2f} over {agreement.rows}"
            for comparison in comparisons
            for agreement in comparison.agreements
        ]
        cells = [
            experiment.published["source"],
            str(len(states)),
            str(states.count("done")),
            str(failed(states)),
            "; ".join(taus),
        ]
        link = f'<a href="{escape(experiment.name)}/report.html">{escape(experiment.name)}</a>'
        lines.append(f"<tr><th>{link}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    titles = ["published", "runs", "done", "failed", "Kendall's tau of the order by MSE"]
    head = f"<thead><tr><th></th>{heads(titles)}</tr></thead>"
    body = f"<div class=wide><table class=text>{head}<tbody>{''.join(lines)}</tbody></table></div>"
    return PAGE.format(title="Experiments", style=STYLE, body=body)
