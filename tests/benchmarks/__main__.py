"""make bench: every benchmark of this folder as a table and as JSON; ratios of things measured in the same run."""

import importlib
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

OUTPUT = Path("outputs/bench/bench.json")


def main() -> None:
    names = sorted(file.stem for file in Path(__file__).parent.glob("bench_*.py"))
    rows = [row for name in names for row in importlib.import_module(f"tests.benchmarks.{name}").measure()]
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(rows, indent=1) + "\n")
    table = Table("what", "ours, ms", "plain, ms", "ratio", "bar")
    for row in rows:
        cells = (f"{row['ours_ms']:.2f}", f"{row['naive_ms']:.1f}", f"{row['ratio']:.1f}", f"{row['bar']}")
        table.add_row(row["name"], *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
