"""The changes that made the alpha stage's step, one by one from the literal step on, and those that were not kept.

`compiled` as an argument: torch.compile on both networks, which takes minutes.
"""

import shutil
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from itertools import accumulate, pairwise
from random import Random
from statistics import median
from typing import Any

import torch

from benchmarks.as_command import as_command, has_bf16
from benchmarks.bench_step import SIZES
from benchmarks.timing import milliseconds
from tests.helpers.literal_step import FOREACH, KEPT, NETS_LAST, ONE_PASS, Step, check_equal, stage_of
from tests.helpers.made_stages import people

ROUNDS = dict(zip(SIZES, (9, 3), strict=True))
CHAIN = list(accumulate(((one,) for one in KEPT), initial=()))
ASIDE = {
    ONE_PASS: (*KEPT, ONE_PASS),
    NETS_LAST: (*KEPT, NETS_LAST),
    FOREACH: (*KEPT[:-1], FOREACH),  # in the place of the fused one
}


def timed(sides: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each, in turns of another order each; the first time of each is left out."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    order, draw = list(sides), Random(0)
    for _ in range(rounds + 1):
        for name in order:
            times[name].append(milliseconds(sides[name]))
        draw.shuffle(order)
    return {name: median(some[1:]) for name, some in times.items()}


def in_bf16(step: Step, example: Any) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        step(example)


def row(title: str, name: str, before: float, after: float) -> dict[str, Any]:
    return {
        "name": f"step, {title}: {name}",
        "ours_ms": after,
        "naive_ms": before,
        "ratio": before / after,
        "bar": None,
    }


def measure_size(title: str) -> list[dict[str, Any]]:
    as_command()
    size, height, width, vgg_width = SIZES[title]
    batch, stage = people(size, 0, height, width), stage_of(vgg_width)
    example = stage.example(batch)
    variants = {changes[-1] if changes else "literal": changes for changes in CHAIN} | ASIDE
    for changes in variants.values() if vgg_width < 1 else (KEPT,):  # each apart once: at full width it takes a minute
        checked = stage_of(vgg_width, optimizer="torch.optim.SGD")
        check_equal(Step(checked, changes), checked, batch)
    sides: dict[str, Callable[[], Any]] = {
        name: partial(Step(stage, changes), example) for name, changes in variants.items()
    }
    if has_bf16():
        sides["bf16"] = partial(in_bf16, Step(stage, KEPT), example)
        sides[f"bf16, {NETS_LAST}"] = partial(in_bf16, Step(stage, (*KEPT, NETS_LAST)), example)
    found = timed(sides, ROUNDS[title])
    chain, last = list(found.items())[: len(CHAIN)], found[KEPT[-1]]
    rows = [row(title, name, before, after) for (_, before), (name, after) in pairwise(chain)]
    rows += [row(title, name, found[KEPT[-2]] if name == FOREACH else last, found[name]) for name in ASIDE]
    if "bf16" in found:
        rows.append(row(title, "bf16", last, found["bf16"]))
        rows.append(row(title, f"bf16, {NETS_LAST}", found["bf16"], found[f"bf16, {NETS_LAST}"]))
    return rows


def compiled_step(stage: Any) -> Step:
    step = Step(stage, KEPT)
    for network in (step.gen, step.disc):
        network.compile()
    return step


def measure_compiled(title: str) -> list[dict[str, Any]]:
    """Both networks compiled, in float32 and in bf16."""
    if shutil.which("g++") is None:
        raise SystemExit("torch.compile needs a C++ compiler: there is no g++ here")
    as_command()
    size, height, width, vgg_width = SIZES[title]
    batch, stage = people(size, 0, height, width), stage_of(vgg_width)
    checked = stage_of(vgg_width, optimizer="torch.optim.SGD")
    check_equal(compiled_step(checked), checked, batch)
    example, rows = stage.example(batch), []
    contexts: dict[str, Callable[[], Any]] = {"float32": nullcontext}
    if has_bf16():
        contexts["bf16"] = partial(torch.autocast, "cpu", torch.bfloat16)
    for precision, context in contexts.items():
        plain, compiled = Step(stage, KEPT), compiled_step(stage)

        def inside(step: Step, context: Any = context) -> None:
            with context():
                step(example)

        found = timed({"plain": partial(inside, plain), "compiled": partial(inside, compiled)}, ROUNDS[title])
        rows.append(row(title, f"networks compiled, {precision}", found["plain"], found["compiled"]))
    return rows


def measure() -> list[dict[str, Any]]:
    """Rows of name, ours_ms (after), naive_ms (before), ratio and bar."""
    return [found for title in SIZES for found in measure_size(title)]


if __name__ == "__main__":
    rows = [found for title in SIZES for found in measure_compiled(title)] if "compiled" in sys.argv else measure()
    for found in rows:
        print("{name}: {naive_ms:.0f} -> {ours_ms:.0f} ms, {ratio:.2f}x".format(**found))
