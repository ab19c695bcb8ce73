"""What planned runs will take: time and memory, by the rule of thumb of `runs.cost` at the speed of `runs.speeds`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from matting.data.build import build_sources, photographs_of
from matting.runs import cost, speeds
from matting.runs.progress import last_batch
from matting.runs.run import Run

HOUR, DAY, YEAR = 3600, 86400, 365 * 86400


@dataclass(frozen=True)
class Estimate:
    """seconds, memory: None where no run is known. how: how the speed is known. unknown: kinds that are left out."""

    seconds: float | None
    memory: float | None
    how: str
    unknown: list[str]

    def text(self) -> str:
        """Return the estimate in one line."""
        left_out = f"; without {', '.join(self.unknown)}, whose work is not known" if self.unknown else ""
        if self.seconds is None:
            return f"estimate: none{left_out}"
        memory = "" if self.memory is None else f", {self.memory / 1e9:.1f} GB of memory"
        return f"estimate: about {time_text(self.seconds)}{memory}, by a rule of thumb, {self.how}{left_out}"


def estimate(runs: Sequence[Run]) -> Estimate:
    """Return what runs that are not done will take one after another. Raises UserError for data that are not there."""
    seconds, memories, hows, unknown = 0.0, [], [], []
    nets = [cost.forward(run.config) for run in runs if "stage" in run.config]
    forward = sum(net for net in nets if net is not None)
    for run in runs:
        if run.result() is not None:
            continue
        if "stage" in run.config:
            work = cost.operations(run.config)
            samples = samples_left(run)
            memory = cost.memory(run.config)
            memories += [] if memory is None else [memory]
        else:
            samples, work = test_samples(run.config), forward or None
        if work is None:
            unknown.append(run.kind)
            continue
        rate, how = speeds.rate_of(run.config)
        seconds += samples * work / rate
        hows.append(how)
    return Estimate(seconds if hows else None, max(memories, default=None), hows[0] if hows else "", unknown)


def samples_left(run: Run) -> int:
    """Return the samples that a training still has to see."""
    config = run.config
    stage, data, limit = config["stage"], config["data"], config["trainer"]["max_batches"]
    size = stage["batch_size"]
    batches = stage["epochs"] * max(1, (data["epoch_samples"] or training_samples(config)) // size)
    batches = batches if limit is None else min(batches, limit)
    seen = (last_batch(run.folder / "metrics.csv") or 0) if run.last.is_file() else 0
    return max(0, batches - seen) * size


def training_samples(config: Mapping[str, Any]) -> int:
    """Return the samples of an epoch: subjects on backgrounds, or photographs with masks."""
    data, persons = config["data"], photographs_of(config)
    counted = counts(data["subjects"] if persons is None else persons, config["paths"]["data_root"])
    return (counted - data["val_subjects"]) * (data["backgrounds_per_subject"] if persons is None else 1)


def counts(nodes: Mapping[str, Any], root: str) -> int:
    """Return the items of sources; raises UserError for one that is not there."""
    return counted(json.dumps(nodes), root)


@lru_cache(64)
def counted(text: str, root: str) -> int:
    """Return the items of sources given as JSON: the rows of a grid share them."""
    return len(build_sources(json.loads(text), root, "data").ids)


def test_samples(config: Mapping[str, Any]) -> int:
    """Return the samples of all test sets."""
    total, root = 0, config["paths"]["data_root"]
    for name, node in config["data"]["test"].items():
        if node is not None:
            total += counts({name: node["subjects"]}, root) * node["backgrounds_per_subject"]
    return total


def check_data(config: Mapping[str, Any]) -> None:
    """Raise UserError for the first source of a config that is not there or has no files."""
    data, root, persons = config["data"], config["paths"]["data_root"], photographs_of(config)
    if "stage" in config:
        for nodes in (data["subjects"], data["backgrounds"]) if persons is None else (persons,):
            counts(nodes, root)
    for name, node in data["test"].items():
        for part in ("subjects", "backgrounds"):
            if node is not None and node.get(part) is not None:
                counts({name: node[part]}, root)


def time_text(seconds: float) -> str:
    """Return a time in hours, and in days or years where they are many."""
    if seconds < HOUR:
        minutes = max(1, round(seconds / 60))
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    hours = f"{seconds / HOUR:,.0f} hours" if seconds >= 10 * HOUR else f"{seconds / HOUR:.1f} hours"
    if seconds >= YEAR:
        return f"{hours} ({seconds / YEAR:.1f} years)"
    return f"{hours} ({seconds / DAY:.1f} days)" if seconds >= 2 * DAY else hours
