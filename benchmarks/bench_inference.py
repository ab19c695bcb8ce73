"""Images a second of both systems at full width, random weights: by size, batch and precision; and compiled.

Without arguments the cases of seconds; `all`, or names as printed, for the others. AlphaNet's longer side is not cut.
"""

import shutil
import sys
from contextlib import nullcontext
from functools import cache
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch import nn

from benchmarks.as_command import as_command, has_bf16
from benchmarks.bench_memory import Pomagan, alphanet
from tests.helpers.made_stages import people

SIZES = ((512, 512), (768, 1280))
BUDGET = 20.0  # seconds of a case after which it is not measured once more
ROUNDS = 3
CASES = [
    (system, size, batch, precision)
    for system in ("AlphaNet", "POMAGAN")
    for size in SIZES
    for batch in (1, 4)
    for precision in ("float32", "bf16", "float32, compiled", "bf16, compiled")
]


def title(system: str, size: tuple[int, int], batch: int, precision: str) -> str:
    return f"{system}, {size[1]}x{size[0]}, batch {batch}, {precision}"


def is_short(system: str, size: tuple[int, int], batch: int, precision: str) -> bool:
    if "compiled" in precision or ("bf16" in precision and not has_bf16()):
        return False
    return system == "AlphaNet" or (batch == 1 and size == SIZES[0])


@cache
def network(system: str, size: tuple[int, int], compiled: bool) -> nn.Module:
    """One that takes images of this size as they are; kept between cases of one size."""
    torch.manual_seed(0)
    found = (Pomagan(*size) if system == "POMAGAN" else alphanet(max(size))).eval()
    if compiled:
        parts = (found.segmentation, found.alpha) if system == "POMAGAN" else (found.segmentation, found.matting)
        for part in parts:
            part.compile()
    return found


@torch.no_grad()
def images_a_second(system: str, size: tuple[int, int], batch: int, precision: str) -> float:
    if "compiled" in precision and shutil.which("g++") is None:
        raise SystemExit("torch.compile needs a C++ compiler: there is no g++ here")
    found = network(system, size, "compiled" in precision)
    images = people(batch, 0, *size)["image"]
    seconds: list[float] = []
    with torch.autocast("cpu", torch.bfloat16) if "bf16" in precision else nullcontext():
        found(images if "compiled" in precision else images[:1])
        while len(seconds) < ROUNDS and sum(seconds) < BUDGET:
            start = perf_counter()
            found(images)
            seconds.append(perf_counter() - start)
    return batch / median(seconds)


def measure(names: list[str] | None = None) -> list[dict[str, Any]]:
    """Rows of name, unit and value."""
    as_command()
    rows = []
    for case in CASES:
        if title(*case) in names if names else is_short(*case):
            rows.append({"name": title(*case), "unit": "images/s", "value": images_a_second(*case)})
            print("{name}: {value:.3f} {unit}".format(**rows[-1]), flush=True)
    return rows


if __name__ == "__main__":
    titles = [title(*case) for case in CASES]
    chosen = titles if sys.argv[1:] == ["all"] else sys.argv[1:]
    if unknown := {*chosen} - {*titles}:
        sys.exit(f"{', '.join(unknown)}: no such case; one of\n" + "\n".join(titles))
    measure(chosen or None)
