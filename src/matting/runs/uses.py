"""Who uses a run: the runs that were made from it, and the reports that show it."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matting.config.identity import run_keys
from matting.runs.lookup import digest_of
from matting.runs.run import Run


@dataclass(frozen=True)
class Use:
    """One use of a run. digest: of the run. user: the folder of the run, or the page of the report, that uses it."""

    digest: str
    user: Path
    is_report: bool


def upstream_digests(config: dict[str, Any]) -> set[str]:
    """Return the digests of the runs that a run's stage or method was made from."""
    named = [config[node].get(key) for node, keys in run_keys(config).items() for key in keys]
    return {str(value) for value in named if value is not None}


def uses_of(digests: Collection[str], runs: Collection[Run], output_dir: Path) -> Iterator[Use]:
    """Yield the uses of some runs by the given runs and by all reports in the output folder."""
    for run in runs:
        for digest in sorted(upstream_digests(run.config) & {*digests}):
            yield Use(digest, run.folder, is_report=False)
    upstream = {run.digest: upstream_digests(run.config) for run in runs}
    for page, shown in reports(output_dir):
        for digest in sorted(with_upstream(shown, upstream) & {*digests}):
            yield Use(digest, page, is_report=True)


def reports(output_dir: Path) -> Iterator[tuple[Path, set[str]]]:
    """Yield the page of each report with the digests of the runs that it names: a recipe's names its evaluation."""
    for page in sorted(output_dir.glob("reports/*/report.html")):
        yield page, {digest_of(page.parent)}
    for file in sorted(output_dir.glob("experiments/**/rows.jsonl")):
        yield file.with_name("report.html"), {run["digest"] for row in rows_of(file) for run in row.get("runs", ())}


def rows_of(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of an experiment's rows, without lines that cannot be read."""
    for line in file.read_text(errors="replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def with_upstream(digests: set[str], upstream: dict[str, set[str]]) -> set[str]:
    """Return digests and those of all runs that these were made from, as far as they are known."""
    found, new = set[str](), {*digests}
    while new:
        found |= new
        new = {below for digest in new for below in upstream.get(digest, ())} - found
    return found
