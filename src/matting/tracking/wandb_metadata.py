"""The facts of a run for W&B: name, config, figures; nothing that identifies the machine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig

from matting.config.identity import run_keys
from matting.metrics.units import METRICS
from matting.runs.differences import changes
from matting.runs.run import Run, open_run
from matting.utils.home_paths import abbreviate_home

LONGEST_NAME = 128  # that W&B accepts


def changed_keys(run: Run) -> str:
    """Name a run by its differences from the defaults of its stage or method: `procedural quick seed=1`."""
    return " ".join(dict.fromkeys(words_of(run)))[:LONGEST_NAME]


def words_of(run: Run) -> Iterator[str]:
    """Yield the overrides that distinguish a run from its defaults, and those of the runs that it uses."""
    found = changes(run)
    yield from (found.pop(node) for node in ("data", "scale"))
    yield from (f"{key}={value}" for key, value in found.items())
    for key in run_keys(run.config).get("method", ()):  # evaluations differ by the runs that they use
        digest = run.config["method"][key]
        for folder in Path(run.config["paths"]["output_dir"]).glob(f"*/*-{digest}") if digest else ():
            yield from words_of(open_run(folder))


def was_asked_for(run: Run) -> bool:
    """Return whether the command line names this run, rather than one that needs it."""
    choices = HydraConfig.get().runtime.choices if HydraConfig.initialized() else {}
    return run.kind in (choices.get("stage"), f"evaluate/{choices.get('method')}")


def config_of(run: Run) -> dict[str, Any]:
    """Return the config, revision, versions and data fingerprint of a run, without paths of this machine."""
    facts = {key: run.manifest.get(key) for key in ("git", "versions", "data_fingerprint")}
    return abbreviate_home({**{key: value for key, value in run.config.items() if key != "paths"}, **facts})


def per_image(file: Path, test: str) -> tuple[list[str | int], list[list[Any]]]:
    """Return columns and lines of a test set's Table; a line has the figures of one image in all rows and regions."""
    images: dict[str, dict[str, Any]] = {}
    with file.open() as lines:
        for entry in map(json.loads, lines):
            if entry["test"] == test:
                image = images.setdefault(entry["id"], {key: entry[key] for key in ("id", "height", "width")})
                image |= {f"{entry['row']}/{entry['region']}/{metric}": entry[metric] for metric in METRICS}
    return list(next(iter(images.values()))), [list(image.values()) for image in images.values()]
