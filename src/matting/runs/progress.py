"""How far a training is: the batches that metrics.csv has reached, of those that the manifest names."""

from pathlib import Path
from typing import Any

TAIL = 4096  # bytes at the end of metrics.csv, many rows


def progress(folder: Path, facts: dict[str, Any]) -> str:
    """Return how much of a training is done, `45%`; `batch 1234` where the total is unknown, else an empty text.

    facts: the run's manifest.
    """
    batch, total = last_batch(folder / "metrics.csv"), facts.get("total_batches")
    if batch is None:
        return ""
    return f"{100 * batch // total}%" if total else f"batch {batch}"


def last_batch(file: Path) -> int | None:
    """Return the batch of the last whole row of a metrics.csv; None where there is none."""
    try:
        with file.open("rb") as data:
            data.seek(0, 2)
            data.seek(max(0, data.tell() - TAIL))
            lines = data.read().decode(errors="replace").splitlines(keepends=True)
    except OSError:
        return None
    whole = [line.split(",")[0] for line in lines if line.endswith("\n")]
    batches = [int(first) for first in whole if first.isdigit()]
    return batches[-1] if batches else None
