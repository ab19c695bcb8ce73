"""What a training waits for its data: steps fed by two workers against the same steps on batches that are kept.

The alpha stage on the embedded data at the quick scale; with VGG-19 at its full width, too, where the step dominates.
On two cores the workers compete with the step, which has two threads: what they take from it counts as waiting here.
Both sides composite on the device in every step, as training does: several batches are kept, as not every one has
JPEG's loss to compute.
"""

import copy
import tempfile
from collections.abc import Iterator
from itertools import cycle
from statistics import mean, median
from typing import Any

from benchmarks.as_command import as_command
from benchmarks.timing import milliseconds
from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.datamodule import CompositeData
from matting.data.samplers import TrainingOrder
from tests.helpers.made_stages import make_stage

WORKERS = 2
# Width of VGG-19: steps on either side in a turn, turns.
WIDTHS = {1 / 8: (16, 11), 1.0: (4, 5)}
KEPT = 16
SETTLE = 100  # batches until the workers have drawn most of the scenes, each once
BAR = 0.95


def stage_of(vgg_width: float) -> Any:
    """The quick scale's networks and weights."""
    nets = ("net.gen.width=16", "net.gen.depth=4", "net.gen.blocks=2", "net.disc.width=16")
    return make_stage(
        "alpha_gan", *nets, f"loss.perceptual.width={vgg_width}", "optim.warmup=0", optimizer="torch.optim.Adam"
    )


def data_of(cache_dir: str) -> CompositeData:
    """The alpha stage's, as training has it."""
    words = ["scale=quick", "stage=alpha_gan", "stage.coarse=ground_truth", f"paths.cache_dir={cache_dir}"]
    config = plain(compose_config("train", [*words, f"runtime.workers={WORKERS}"]))
    data = CompositeData(config, config["stage"]["batch_size"], 1)
    data.setup("fit")
    return data


def batches_of(data: CompositeData) -> Iterator[Any]:
    """Raw batches as training gets them, without an end."""
    assert data.training is not None
    order = TrainingOrder(len(data.training), data.batch_size, None, 0, lambda: 0)
    while True:
        yield from data.loader(data.training, order, training=True)


def row_of(width: float, steps: int, turns: int, data: CompositeData, batches: Iterator[Any]) -> dict[str, Any]:
    stage, kept = stage_of(width), cycle([copy.deepcopy(next(batches)) for _ in range(KEPT)])

    def step(source: Iterator[Any]) -> float:
        return milliseconds(lambda: stage.training_step(data.composed(next(source), training=True), 0))

    means: dict[str, list[float]] = {"kept": [], "fed": []}
    step(kept)
    for _ in range(turns):
        # each batch taken has the workers make another, within the step: a fed step bears all of its own batch's work
        pairs = [(step(kept), step(batches)) for _ in range(steps)]
        for side, some in zip(means.values(), zip(*pairs, strict=True), strict=True):
            side.append(mean(some))
    plain_ms, ours = (median(side) for side in means.values())
    name = f"alpha step at the quick scale, VGG-19 {width:g} wide, fed by {WORKERS} workers against kept batches"
    return {"name": name, "ours_ms": ours, "naive_ms": plain_ms, "ratio": plain_ms / ours, "bar": BAR}


def measure() -> list[dict[str, Any]]:
    """Rows of name, ours_ms, naive_ms, ratio and bar: means of steps, the sides in turns, medians of the means."""
    as_command()
    schema.register()
    with tempfile.TemporaryDirectory() as folder:
        data = data_of(folder)
        batches = batches_of(data)
        for _ in range(SETTLE):
            next(batches)
        return [row_of(width, *counts, data, batches) for width, counts in WIDTHS.items()]


if __name__ == "__main__":
    for row in measure():
        print("{name}: {ours_ms:.0f} ms, {naive_ms:.0f} ms, {ratio:.3f} (bar {bar})".format(**row))
