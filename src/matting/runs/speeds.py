"""How fast this machine trained before: a small file in the cache folder, written by trainings, read by estimates."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matting.errors import UserError
from matting.runs.cost import operations
from matting.utils.files import read_json, write_json

FILE = "speeds.json"
# Operations a second where nothing was noted yet. A CPU's core came to 30e9 with small networks and to 90e9 with those
# of the paper (docs/measurements); a GPU's is a tenth of what the makers of large ones promise for bf16.
A_CORE, A_GPU = 60e9, 50e12
WORTH = 1e9  # operations of a batch: the speed of smaller ones is that of Python


def note(config: Mapping[str, Any], images_per_s: float) -> None:
    """Keep the operations a second that a training of this machine came to; nothing where they are not known."""
    work = operations(config)
    if work is not None and work * config["stage"]["batch_size"] > WORTH:
        try:
            write_json(file_of(config), {**noted(config), key_of(config): work * images_per_s})
        except OSError:
            return  # a note is not worth the end of a training


def noted(config: Mapping[str, Any]) -> dict[str, float]:
    """Return all that was noted; nothing where the file is missing or damaged."""
    try:
        found: dict[str, float] = read_json(file_of(config)) or {}
    except UserError:
        return {}
    return {key: value for key, value in found.items() if isinstance(value, float) and value > 0}


def rate_of(config: Mapping[str, Any]) -> tuple[float, str]:
    """Return operations a second for a stage's or a method's config, and how they are known.

    Noted of the same stage and scale; else the greatest of those noted on this device and the assumed one, since large
    networks make better use of a device than small ones.
    """
    known, device = noted(config), device_key(config)
    if (rate := known.get(key_of(config))) is not None:
        return rate, "as fast as this machine trained this stage before"
    gpu = config["trainer"]["accelerator"] == "gpu"
    assumed = A_GPU if gpu else A_CORE * cores(config)
    others = [value for key, value in known.items() if key.startswith(f"{device} ")]
    if max(others, default=0.0) > assumed:
        return max(others), "as fast as this machine trained other stages before"
    return assumed, f"at an assumed {assumed / 1e9:,.0f} GFLOP/s{'' if gpu else f' of {count(cores(config))}'}"


def key_of(config: Mapping[str, Any]) -> str:
    """Return what a rate belongs to: machine, device, precision, stage and scale."""
    return f"{device_key(config)} {config.get('stage', {}).get('name')} {config['scale']['name']}"


def device_key(config: Mapping[str, Any]) -> str:
    """Return machine, device and precision; the folder may be shared by machines."""
    trainer = config["trainer"]
    return f"{platform.node()} {trainer['accelerator']} {trainer['precision']}"


def cores(config: Mapping[str, Any]) -> int:
    """Return the cores that a process computes on."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(config["runtime"]["threads"] or here, here)


def count(cores: int) -> str:
    """Return a number of cores in words."""
    return f"{cores} core{'s' * (cores != 1)}"


def file_of(config: Mapping[str, Any]) -> Path:
    """Return the file of the notes."""
    return Path(config["paths"]["cache_dir"]) / FILE
