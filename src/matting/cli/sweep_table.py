"""The jobs of a sweep: a record of each, written where it ran, and the table that the sweep ends in."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from matting.config.messages import INPUT_ERRORS
from matting.config.quoting import typed
from matting.runs.figures import TEST, VAL, figure_text, test_mse
from matting.utils.columns import aligned

Record = dict[
    str, Any
]  # job: its number; overrides; error: None if it is done; folder, VAL and TEST where they are known
TITLES = ("job", "overrides", "state", VAL, TEST, "folder")
UNKNOWN = "-"


def write_record(file: Path, number: int, overrides: Sequence[str], error: str | None, verb: str, row: Any) -> None:
    """Append the record of a job. row: its config, without Hydra's node."""
    record = {"job": number, "overrides": [*overrides], "error": error, **measured(verb, row)}
    with file.open("a") as lines:
        lines.write(json.dumps(record) + "\n")


def measured(verb: str, row: DictConfig) -> Record:
    """Return the folder of a job's run and its figures, as far as there are any; nothing for other verbs."""
    from matting.experiments.plan import planned_evaluation, planned_row

    planned = {"train": planned_row, "evaluate": planned_evaluation}.get(verb)
    try:
        runs = [run for run, _ in planned(row)] if planned else []
    except INPUT_ERRORS:
        runs = []
    if not runs:
        return {}
    measures = verb == "train" and row.evaluate_as is not None
    own, last = runs[-2 if measures else -1], runs[-1]
    val, test = own.result() or {}, last.result() or {}
    return {"folder": str(own.folder), VAL: val.get("val", {}).get(VAL), TEST: test_mse(test)}


def read_records(file: Path | None) -> list[Record]:
    """Return the records of a sweep's jobs in the order of their numbers; none where the file is missing."""
    lines = file.read_text().splitlines() if file is not None and file.is_file() else []
    records = {record["job"]: record for record in map(json.loads, lines)}  # a job that was queued again has two
    return [records[number] for number in sorted(records)]


def table(records: Sequence[Record]) -> str:
    """Return a table of a sweep's jobs: the overrides in which they differ, state, figures, run folder.

    Columns that would be empty are left out.
    """
    terminal = sys.stdout.isatty()
    shared = set.intersection(*({*record["overrides"]} for record in records)) if len(records) > 1 else set()
    rows = []
    for record in records:
        own = [typed(word) for word in record["overrides"] if word not in shared]
        figures = {key: None if record.get(key) is None else figure_text(record[key]) for key in (VAL, TEST)}
        state = "done" if record["error"] is None else "failed"
        facts = {
            "job": str(record["job"]),
            "overrides": ("\n" if terminal else " ").join(own),
            "state": state,
            "folder": record.get("folder"),
        }
        rows.append({**facts, **figures})
    kept = [title for title in TITLES if any(row.get(title) for row in rows)]
    head = [title.replace("/", "/\n") if terminal and title in (VAL, TEST) else title for title in kept]
    whole = [at for at, title in enumerate(kept) if title not in ("overrides", "folder")]
    return aligned([head, *([row.get(title) or UNKNOWN for title in kept] for row in rows)], whole=whole)
