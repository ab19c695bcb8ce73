"""The small files of a run folder: read whole, written whole or not at all."""

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

from matting.errors import UserError


def read_json(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None


def write_json(path: Path, data: Any) -> None:
    write_text(path, json.dumps(data, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Rows of a metrics.csv: batch (int), name, value (float). A last line that a kill cut short is left out."""
    rows = []
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            try:
                rows.append({"batch": int(row["batch"]), "name": row["name"], "value": float(row["value"])})
            except (TypeError, ValueError):
                continue
    return rows


def check_space(folder: Path, need: int, what: str) -> None:
    """Raise UserError when the disk of `folder` has fewer than `need` bytes left."""
    free = shutil.disk_usage(folder).free
    if free < need:
        raise UserError(
            f"{folder}: {what} need {amount(need)}, {amount(free)} are free; free space or set paths.output_dir"
        )


def amount(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
