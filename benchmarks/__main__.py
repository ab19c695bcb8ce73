"""make bench: every benchmark of this folder, each in a process of its own, as tables and as JSON in outputs/bench/.

`python -m benchmarks metrics step` runs those two, `jobs=1000` hands one a number; each gives rows of two kinds:
{name, ours_ms, naive_ms, ratio, bar}, both sides measured in the same run, or {name, unit, value} and maybe `at_most`.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.rows import OUTPUT, write_rows

HERE = Path(__file__).parent


def benchmarks() -> list[str]:
    return sorted(file.stem.removeprefix("bench_") for file in HERE.glob("bench_*.py"))


def rows_of(name: str, number: int | None) -> list[dict[str, Any]] | None:
    """The rows of a benchmark, None if it failed; its traceback is on the terminal then."""
    process = get_context("spawn").Process(target=write_rows, args=(name, number))
    process.start()
    process.join()
    return json.loads((OUTPUT / f"{name}.json").read_text()) if process.exitcode == 0 else None


def missed(row: dict[str, Any]) -> bool:
    if "at_most" in row:
        return row["value"] > row["at_most"]
    return row.get("bar") is not None and row["ratio"] < row["bar"]


def short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (int, float)) else str(value)


def tables(rows: Sequence[dict[str, Any]]) -> list[Table]:
    """Pairs, then plain values; a row that misses its bar is marked."""
    pairs, values = Table("what", "ours, ms", "plain, ms", "ratio", "bar"), Table("what", "value", "unit", "at most")
    for row in rows:
        mark = " [red]missed[/red]" if missed(row) else ""
        if "ratio" in row:
            bar = "" if row.get("bar") is None else short(row["bar"])
            pairs.add_row(row["name"], short(row["ours_ms"]), short(row["naive_ms"]), f"{row['ratio']:.2f}", bar + mark)
        else:
            values.add_row(row["name"], short(row["value"]), row["unit"], short(row.get("at_most", "")) + mark)
    return [table for table in (pairs, values) if table.row_count]


def main(arguments: Sequence[str]) -> int:
    """Run what is named, or all; 1 if one failed, 2 for a name that there is not."""
    known = benchmarks()
    chosen = dict(word.split("=") if "=" in word else (word, None) for word in arguments) or dict.fromkeys(known)
    if unknown := [name for name in chosen if name not in known]:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # as the command sets it
    found: list[dict[str, Any]] = []
    failed = []
    for at, (name, number) in enumerate(chosen.items(), 1):
        print(f"{at} of {len(chosen)}: {name} ...", flush=True)
        start = time.monotonic()
        rows = rows_of(name, None if number is None else int(number))
        if rows is None:
            failed.append(name)
        print(f"{'failed' if rows is None else 'done'} after {time.monotonic() - start:.0f} s", flush=True)
        found += rows or []
    console = Console(width=None if sys.stdout.isatty() else 160)
    for table in tables(found):
        console.print(table)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
