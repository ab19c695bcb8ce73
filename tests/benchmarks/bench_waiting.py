"""What a training waits for its data: steps fed by two workers against the same steps on batches that are kept.

The alpha stage on the embedded data at the quick scale; with VGG-19 at its full width, too, where the step dominates.
On two cores the workers compete with the step, which has two threads: what they take from it counts as waiting here.
Both sides composite on the device in every step: several batches are kept, as not every one has JPEG's loss to compute.
"""

import copy
import tempfile
from collections.abc import Callable, Iterator
from itertools import cycle
from statistics import mean, median
from time import perf_counter
from typing import Any

from matting import schema
from matting.config import compose_config, plain
from matting.data.compose import compose_batch
from matting.data.datamodule import CompositeData
from matting.data.order import TrainingOrder
from tests.benchmarks.as_command import as_command
from tests.made_stages import make_stage

WORKERS = 2
# Width of VGG-19: steps in a row on either side, turns of both.
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


def batches_of(cache_dir: str) -> Iterator[Any]:
    """Raw batches as training gets them, without an end."""
    words = ["scale=quick", "stage=alpha_gan", "stage.coarse=ground_truth", f"paths.cache_dir={cache_dir}"]
    config = plain(compose_config("train", [*words, f"runtime.workers={WORKERS}"]))
    data = CompositeData(config, config["stage"]["batch_size"], 1)
    data.setup("fit")
    assert data.training is not None
    order = TrainingOrder(len(data.training), data.batch_size, None, 0, lambda: 0)
    while True:
        yield from data.loader(data.training, order, keep_workers=True)


def milliseconds(steps: int, step: Callable[[], None]) -> list[float]:
    spent = []
    for _ in range(steps):
        start = perf_counter()
        step()
        spent.append(1e3 * (perf_counter() - start))
    return spent


def row_of(width: float, steps: int, turns: int, batches: Iterator[Any]) -> dict[str, Any]:
    stage, kept = stage_of(width), cycle([copy.deepcopy(next(batches)) for _ in range(KEPT)])

    def step(raw: Any) -> None:
        stage.training_step(compose_batch(raw), 0)

    fed, alone = [], []
    milliseconds(2, lambda: step(next(kept)))
    for _ in range(turns):
        alone.append(mean(milliseconds(steps, lambda: step(next(kept)))))
        # each batch taken has the workers make another, within the step: as many are made in this turn as it takes
        fed.append(mean(milliseconds(steps, lambda: step(next(batches)))))
    ours, plain_ms = median(fed), median(alone)
    name = f"alpha step at the quick scale, VGG-19 {width:g} wide, fed by {WORKERS} workers against kept batches"
    return {"name": name, "ours_ms": ours, "naive_ms": plain_ms, "ratio": plain_ms / ours, "bar": BAR}


def measure() -> list[dict[str, Any]]:
    """Rows of name, ours_ms, naive_ms, ratio and bar: means of steps in a row, medians of the turns."""
    as_command()
    schema.register()
    with tempfile.TemporaryDirectory() as folder:
        batches = batches_of(folder)
        for _ in range(SETTLE):
            next(batches)
        return [row_of(width, *counts, batches) for width, counts in WIDTHS.items()]


if __name__ == "__main__":
    for row in measure():
        print("{name}: {ours_ms:.0f} ms, {naive_ms:.0f} ms, {ratio:.3f} (bar {bar})".format(**row))
