"""Read the small files of a run folder, and write files whole or not at all."""

import contextlib
import csv
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from matting.errors import UserError, disk_is_full

# libyaml's loader takes a tenth of the time: `matting runs` reads the config of every run.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DamagedRun(UserError):
    """A file of a run folder is missing or damaged; the message names it."""


def damaged(path: Path, how: str = "missing or damaged") -> DamagedRun:
    return DamagedRun(f"{path}: {how}; restore it, or repeat the command of its run with rerun=true")


def read_json(path: Path, kind: type = dict) -> Any:
    """Read a JSON file, None where it is missing; raise DamagedRun where it holds no `kind`."""
    return read(path, json.loads, kind)


def read_yaml(path: Path) -> dict[str, Any] | None:
    """Read a YAML file, None where it is missing; raise DamagedRun where it holds no mapping."""
    return read(path, lambda text: yaml.load(text, Loader=LOADER), dict)  # noqa: S506 - both loaders are safe


def read(path: Path, parse: Callable[[str], Any], kind: type) -> Any:
    """Read and parse a file, None where it is missing; raise DamagedRun where it cannot be read or is no `kind`."""
    try:
        found = parse(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise damaged(path, f"cannot be read ({error.strerror})") from None
    except (ValueError, yaml.YAMLError):
        raise damaged(path) from None
    if not isinstance(found, kind):
        raise damaged(path)
    return found


def write_json(path: Path, data: Any) -> None:
    write_text(path, json.dumps(data, indent=1) + "\n")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder, with the same suffix; move it to `path` when the block has written it.

    After a crash or an error `path` is the old file or the whole new one, and the temporary file is gone.
    """
    # The name leaves out that of `path`, which may be as long as the file system allows.
    temporary = path.with_name(f".{os.getpid()}-{threading.get_native_id()}{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text)


@contextlib.contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Make an output folder if it is missing, and turn errors of the block's writes there into UserError.

    A full disk, and an error of a file elsewhere, is raised unchanged.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        file = Path(error.filename2 or error.filename or os.devnull)
        if disk_is_full(error) or not (file.is_relative_to(folder) or file in folder.parents):
            raise
        advice = "set paths.output_dir to a folder of yours"
        raise UserError(f"{file}: cannot be written ({error.strerror}); {advice}") from None


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Read a metrics.csv: rows of batch (int), name, value (float), without a last line that a kill cut short."""
    rows = []
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            try:
                rows.append({"batch": int(row["batch"]), "name": row["name"], "value": float(row["value"])})
            except (TypeError, ValueError):
                continue
    return rows


def check_space(folder: Path, need: int, what: str) -> None:
    """Raise UserError where the disk of `folder` has fewer than `need` bytes free; `what` names what needs them."""
    free = shutil.disk_usage(folder).free
    if free < need:
        raise UserError(
            f"{folder}: {what} need {amount(need)}, {amount(free)} are free; free space or set paths.output_dir"
        )


def amount(size: int) -> str:
    """Return a number of bytes in GB, MB or kB."""
    unit, name = next((pair for pair in ((1e9, "GB"), (1e6, "MB")) if size >= pair[0] / 10), (1e3, "kB"))
    return f"{size / unit:.1f} {name}"
