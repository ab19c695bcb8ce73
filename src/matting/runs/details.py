"""What `matting runs show` and `compare` print: one run in full, several runs side by side."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from matting.config.fields import shown
from matting.errors import UserError
from matting.runs.differences import MISSING, changes, differences
from matting.runs.figures import figure_text, figures
from matting.runs.listing import Entry, span_text
from matting.runs.lookup import digest_of
from matting.runs.run import Run
from matting.runs.uses import uses_of
from matting.utils.columns import aligned
from matting.utils.files import amount

# Title -> key of the manifest, of the facts that are shown as they are.
FACTS = {"command": "command", "started": "started", "ended": "ended", "device": "device", "seed": "seed"}
NOTHING_YET = "none yet"


def show_text(entry: Entry, runs: Sequence[Run], output_dir: Path) -> str:
    """Return everything about a run. runs: all runs of the output folder, some of which may use it."""
    uses = uses_of([digest_of(entry.folder)], runs, output_dir)
    facts = [*facts_of(entry), *(("used by", str(use.user)) for use in uses)]
    parts = [
        section(str(entry.folder), facts),
        section("changes from the defaults", changed(entry.run)),
        section("figures", [(key, figure_text(value)) for key, value in figures(result_of(entry)).items()]),
        section("files", [(name, amount(size)) for name, size in files_of(entry.folder)]),
    ]
    return "\n\n".join(parts)


def section(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """Return a title and rows below it."""
    return f"{title}:\n{aligned(rows or [(NOTHING_YET, '')], whole=(0,), indent=2)}"


def facts_of(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield title and text of each fact that the manifest of a run has."""
    facts = entry.facts
    yield "kind", entry.kind
    yield "state", entry.cells()[3]
    if "error" in facts:
        yield "error", " ".join(str(facts["error"]).split())
    yield from ((title, str(facts[key])) for title, key in FACTS.items() if facts.get(key) is not None)
    if "seconds" in facts:
        yield "took", f"{span_text(facts['seconds'])} ({facts['seconds']:.0f} s)"
    if len(facts.get("starts", ())) > 1:
        yield "starts", str(len(facts["starts"]))
    if git := facts.get("git"):
        yield "revision", f"{git.get('revision')}{', with changes' if git.get('dirty') else ''}"
    if "samples" in facts:
        yield "data", f"{facts['subjects']} subjects, {facts['samples']} samples, {len(facts['skipped'])} skipped"
    for word in ("batch", "batches"):
        if word in (found := result_of(entry)):
            yield {"batch": "best batch", "batches": "batches"}[word], str(found[word])


def result_of(entry: Entry) -> dict[str, Any]:
    """Return the result of an entry's run; empty where there is none."""
    return (entry.run and entry.run.result()) or {}


def changed(run: Run | None) -> list[tuple[str, str]]:
    """Return key and value of what a run changes from the defaults, or the reason why the defaults cannot be read."""
    if run is None:
        return []
    try:
        return [(key, shown(value)) for key, value in changes(run).items()]
    except UserError as error:  # a file of weights that is gone
        return [("unknown", str(error))]


def files_of(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield name and size of each file in a run folder; those of a folder below are counted together."""
    for path in sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.name)):
        inside = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else []
        if inside:
            yield f"{path.name}/ ({len(inside)})", sum(file.stat().st_size for file in inside)
        elif path.is_file() and path.name != ".lock":
            yield path.name, path.stat().st_size


def compare_text(entries: Sequence[Entry]) -> str:
    """Return a table of where the configs of runs differ, then one of their figures; a column for each run.

    Raises UserError for a run that cannot be read.
    """
    runs = []
    for entry in entries:
        if entry.run is None:
            raise UserError(f"{entry.folder}: {entry.state}; only a run that can be read is compared")
        runs.append(entry.run)
    measured = [figures(result_of(entry)) for entry in entries]
    keys = dict.fromkeys(key for one in measured for key in one if key.startswith(("val/", "test/")))
    head = ["", *(digest_of(entry.folder) for entry in entries)]
    facts = [
        ["kind", *(entry.kind for entry in entries)],
        ["name", *(entry.folder.name.rsplit("-", 1)[0] for entry in entries)],
        ["state", *(entry.cells()[3] for entry in entries)],
    ]
    configs = [[key, *map(shown, values)] for key, values in differences(runs).items()]
    rows = [[key, *(figure_text(one[key]) if key in one else MISSING for one in measured)] for key in keys]
    return aligned([head, *facts, *configs, *rows])
