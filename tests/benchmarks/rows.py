"""One benchmark in a process of its own; apart from `__main__`, of which a spawned process knows nothing."""

import importlib
import json
from pathlib import Path

OUTPUT = Path("outputs/bench")


def write_rows(name: str, number: int | None) -> None:
    """Measure, and write <name>.json."""
    measure = importlib.import_module(f"tests.benchmarks.bench_{name}").measure
    rows = measure() if number is None else measure(number)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")
