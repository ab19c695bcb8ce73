"""What wandb wrote offline, read back: its own protobuf messages in a LevelDB log."""

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wandb.proto.wandb_internal_pb2 import Record

# What wandb takes from the environment of whoever runs the tests.
THEIRS = ("WANDB_API_KEY", "WANDB_MODE", "WANDB_PROJECT", "WANDB_RUN_GROUP", "WANDB_DATA_DIR", "NETRC")
MAGIC, BLOCK = b":W&B", 2**15
WAIT_SECONDS = 15
FULL, FIRST, MIDDLE, LAST = range(1, 5)


def alone_in(home: Path, patch: pytest.MonkeyPatch) -> None:
    """No key, no settings and no login but those of a test. wandb reads them once: end with `wandb.teardown()`."""
    home.mkdir(exist_ok=True)
    patch.setenv("HOME", str(home))
    patch.setenv("WANDB_SILENT", "true")
    for name in THEIRS:
        patch.delenv(name, raising=False)


def read_records(file: Path) -> Iterator[Record]:
    """The records of a .wandb file: 7 bytes of header, then 32 KiB blocks of parts with 7 bytes of header each."""
    data, at, parts = file.read_bytes(), 7, b""
    assert data.startswith(MAGIC[: len(data)])
    while at + 7 <= len(data):
        if BLOCK - at % BLOCK < 7:  # no header fits into the rest of the block
            at += BLOCK - at % BLOCK
            continue
        size, kind = struct.unpack_from("<HB", data, at + 4)  # after the checksum
        assert kind in (FULL, FIRST, MIDDLE, LAST)
        parts = (b"" if kind in (FULL, FIRST) else parts) + data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (FULL, LAST):
            record = Record()
            record.ParseFromString(parts)
            yield record


class OfflineRun:
    """A .wandb file: kinds of its records, run (id, name), config, metrics, history, summary, artifacts, exit."""

    def __init__(self, file: Path):
        self.file, self.folder, self.exit = file, file.parent, None
        self.kinds: set[str] = set()
        self.config: dict[str, Any] = {}
        self.metrics: dict[str, Any] = {}
        self.history: list[dict[str, Any]] = []
        self.summary: dict[str, Any] = {}
        self.artifacts: list[Any] = []
        for record in read_records(file):
            kind = record.WhichOneof("record_type")
            self.kinds.add(kind)
            if kind == "run":
                self.run = record.run
                self.config = {item.key: json.loads(item.value_json) for item in record.run.config.update}
            elif kind == "metric":
                self.metrics[record.metric.glob_name or record.metric.name] = record.metric
            elif kind == "history":
                self.history.append(nested(record.history.item))
            elif kind == "summary":
                self.summary |= nested(record.summary.update)
            elif kind == "artifact":
                self.artifacts.append(record.artifact)
            elif kind == "exit":
                self.exit = record.exit.exit_code

    def rows(self, key: str) -> dict[int, Any]:
        """What was logged under a key, by batch."""
        return {row["batch"]: row[key] for row in self.history if key in row}


def nested(items: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        *path, last = list(item.nested_key) or [item.key]
        node = found
        for key in path:
            node = node.setdefault(key, {})
        node[last] = json.loads(item.value_json)
    return found


def offline_runs(folder: Path) -> list[OfflineRun]:
    """All under a folder, in order of their start; each whole, since wandb's own process may write for a while yet."""
    files = sorted(folder.rglob("wandb/offline-run-*/run-*.wandb"), key=lambda file: file.parent.name)
    until = time.monotonic() + WAIT_SECONDS
    found = [OfflineRun(file) for file in files]
    while any("exit" not in run.kinds for run in found) and time.monotonic() < until:
        time.sleep(0.1)
        found = [OfflineRun(file) for file in files]
    return found
