"""The alpha stage's step against the literal one, the same losses and gradients: float32, and bf16 of ours."""

from functools import partial
from statistics import median
from typing import Any

import torch

from benchmarks.as_command import as_command, has_bf16
from benchmarks.timing import milliseconds
from tests.helpers.literal_step import Step, check_equal, stage_of
from tests.helpers.made_stages import people

SIZES = {"8 of 112x64, an eighth of VGG-19": (8, 64, 112, 1 / 8), "2 of 128x128, VGG-19": (2, 128, 128, 1.0)}
BARS = {"float32": 1.5, "bf16": 3}
# Where a network's memory happens to lie moves its step by some hundredths: instances are made anew.
INSTANCES, ROUNDS = 3, 6


def ours(stage: Any, batch: Any, bf16: bool = False) -> None:
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        stage.training_step(batch, 0)


def turns(size: int, height: int, width: int, vgg_width: float) -> list[list[float]]:
    """Milliseconds of the literal step, of ours and, where there is bf16, of ours in it, in turns; an instance's first
    is left out."""
    batch = people(size, 0, height, width)
    stage, half = stage_of(vgg_width), stage_of(vgg_width)
    stage.log_every = half.log_every = 10  # as the config has it
    literal = partial(Step(stage), stage.example(batch))
    sides = [literal, partial(ours, stage, batch)]
    if has_bf16():
        sides.append(partial(ours, half, batch, True))
    return [[milliseconds(side) for side in sides] for _ in range(ROUNDS)][1:]


def measure() -> list[dict[str, Any]]:
    """Rows of name, ours_ms, naive_ms, ratio and bar."""
    as_command()
    rows = []
    for title, case in SIZES.items():
        stage = stage_of(case[3], optimizer="torch.optim.SGD")
        check_equal(Step(stage), stage, people(case[0], 0, *case[1:3]))
        times = [turn for _ in range(INSTANCES) for turn in turns(*case)]
        plain, *measured = (median(side) for side in zip(*times, strict=True))
        for (precision, bar), time in zip(BARS.items(), measured, strict=False):
            name = f"alpha step, {title}, against the literal step, {precision}"
            rows.append({"name": name, "ours_ms": time, "naive_ms": plain, "ratio": plain / time, "bar": bar})
    return rows


if __name__ == "__main__":
    for row in measure():
        print("{name}: {ours_ms:.0f} ms, {naive_ms:.0f} ms, {ratio:.2f}x (bar {bar}x)".format(**row))
