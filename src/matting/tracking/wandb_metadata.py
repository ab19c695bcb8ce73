"""The facts of a run for W&B: name, config, figures; nothing that identifies the machine."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig

from matting.config.identity import NOT_TOLD, RUN_KEYS, flat, identity
from matting.metrics.units import METRICS
from matting.runs.run import Run, defaults_of, open_run
from matting.utils.home_paths import abbreviate_home

LONGEST_NAME = 128  # that W&B accepts


def changed_keys(run: Run) -> str:
    """Name a run by its differences from the defaults of its stage or method: `procedural quick seed=1`."""
    return " ".join(dict.fromkeys(words_of(run)))[:LONGEST_NAME]


def words_of(run: Run) -> Iterator[str]:
    """Yield the overrides that distinguish a run from its defaults, and those of the runs that it uses."""
    this = identity(run.config)
    defaults = defaults_of(this)
    flat_defaults = flat(defaults)
    yield from (this["data"]["name"], this["scale"]["name"])
    for node, value in this.items():
        if isinstance(value, dict) and value.get("name") != defaults.get(node, {}).get("name"):
            yield f"{node}={value['name']}"
            continue
        for key, own in flat({node: value}).items():
            if flat_defaults.get(key) != own and key not in NOT_TOLD:
                yield f"{key}={own}"
    for key in RUN_KEYS:  # evaluations differ by the runs that they use
        digest = this.get("method", {}).get(key)
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


def means_of(result: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the means of an evaluation as `test/<test>/<region>/<metric>`; other rows have their name for `test`."""
    return {
        f"{'test' if row == 'alpha' else row}/{test}/{region}/{metric}": value
        for test, node in result["tests"].items()
        for row, regions in node["rows"].items()
        for region, values in regions.items()
        for metric, value in values.items()
    }


def per_image(file: Path, test: str) -> tuple[list[str | int], list[list[Any]]]:
    """Return columns and lines of a test set's Table; a line has the figures of one image in all rows and regions."""
    images: dict[str, dict[str, Any]] = {}
    with file.open() as lines:
        for entry in map(json.loads, lines):
            if entry["test"] == test:
                image = images.setdefault(entry["id"], {key: entry[key] for key in ("id", "height", "width")})
                image |= {f"{entry['row']}/{entry['region']}/{metric}": entry[metric] for metric in METRICS}
    return list(next(iter(images.values()))), [list(image.values()) for image in images.values()]
