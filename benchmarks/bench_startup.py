"""How long the command takes before it works, against importing torch: processes of their own, wall clock, medians."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from matting.cli.main import VERBS
from matting.utils.files import read_json, read_metrics

ROUNDS = 5
COMMAND = "from matting.__main__ import entry; entry()"  # what the console script runs
WITHOUT_TORCH = """
import sys
from matting.__main__ import main
code = main(sys.argv[1:])
sys.exit(code or ("torch was imported" if "torch" in sys.modules else 0))
"""
COMPOSED = """
from time import perf_counter
from matting.config import schema
from matting.config.compose import compose_config
schema.register()
times = []
for seed in range(6):  # the first one reads the files
    start = perf_counter()
    compose_config("train", ["stage=alpha_gan", f"seed={seed}"])
    times.append(1e3 * (perf_counter() - start))
print(times[0], sorted(times[1:])[2])
"""
# torch's import takes at least so many times as long: at most 10, 40 and 50 % of it.
BARS = {("--help",): 10, ("train", "--cfg", "job"): 2.5, ("train", "--help"): 2}
# A training of no work, a checkpoint after each batch.
TRAIN = ["train", "stage=segmentation_gan", "scale=quick", "scale.height=32", "scale.width=32", "scale.subjects=10"]
TRAIN += ["scale.backgrounds=8", "scale.backgrounds_per_subject=4", "scale.eval_size=native", "scale.warmup=2"]
TRAIN += ["scale.val_subjects=2", "scale.val_samples=2", "scale.test_subjects=2", "scale.test_backgrounds=4"]
TRAIN += ["scale.net_width=4", "scale.disc_width=4", "scale.depth=2", "scale.blocks=1", "scale.aspp_rates=[1,2]"]
TRAIN += ["scale.seg_batch=2", "runtime.log_every=1", "runtime.workers=0", "checkpoint.every_batches=1"]
LONG, SHORT = ["scale.seg_epochs=50", "scale.epoch_samples=400"], ["scale.seg_epochs=1", "scale.epoch_samples=8"]


class Folder:
    """Commands in an empty folder."""

    def __init__(self, path: Path):
        self.path = path
        self.environment = {**os.environ, "MATTING_CACHE_DIR": str(path / "cache")}

    def start(self, code: str, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.Popen(command, cwd=self.path, env=self.environment, stdout=subprocess.PIPE, text=True)

    def run(self, code: str, *arguments: str) -> str:
        process = self.start(code, *arguments)
        out, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{arguments}: exit code {process.returncode}")
        return out

    def milliseconds(self, code: str, *arguments: str) -> float:
        start = time.perf_counter()
        self.run(code, *arguments)
        return 1e3 * (time.perf_counter() - start)


def against_torch(folder: Folder) -> Iterator[dict[str, Any]]:
    """The bars: each beside an import of torch in the same round."""
    for words in BARS:
        folder.run(WITHOUT_TORCH, *words)
    sides: list[Callable[[], float]] = [lambda: folder.milliseconds("import torch")]
    sides += [lambda words=words: folder.milliseconds(COMMAND, *words) for words in BARS]  # type: ignore[misc]
    rounds = [[side() for side in sides] for _ in range(ROUNDS)]
    plain, *ours = (median(times) for times in zip(*rounds, strict=True))
    for (words, bar), spent in zip(BARS.items(), ours, strict=True):
        name = f"matting {' '.join(words)}, against importing torch"
        yield {"name": name, "ours_ms": spent, "naive_ms": plain, "ratio": plain / spent, "bar": bar}


def verbs(folder: Folder) -> Iterator[dict[str, Any]]:
    """Each verb until it has a config: parser, composition, types."""
    for verb in VERBS:
        words = (verb, "--cfg", "job")
        folder.run(WITHOUT_TORCH, *words)
        spent = median(folder.milliseconds(COMMAND, *words) for _ in range(ROUNDS))
        yield {"name": f"matting {' '.join(words)}", "unit": "ms", "value": spent}
    rounds = [[float(part) for part in folder.run(COMPOSED).split()] for _ in range(ROUNDS)]
    first, again = (median(times) for times in zip(*rounds, strict=True))
    yield {"name": "composing a train config, the first in a process", "unit": "ms", "value": first}
    yield {"name": "composing a train config, each further one", "unit": "ms", "value": again}


def batches(folder: Folder) -> int:
    """The last batch in the log of the only run there is; 0 before the first."""
    logs = list(folder.path.glob("outputs/segmentation_gan/*/metrics.csv"))
    return max((row["batch"] for log in logs for row in read_metrics(log)), default=0)


def until_batch(folder: Folder, process: subprocess.Popen, batch: int) -> float:
    """Milliseconds from now until the log has a batch beyond `batch`."""
    start = time.perf_counter()
    while batches(folder) <= batch:
        if process.poll() is not None:
            raise RuntimeError(f"training ended with {process.returncode} before batch {batch + 1}")
        time.sleep(0.01)
    return 1e3 * (time.perf_counter() - start)


@contextlib.contextmanager
def killed(process: subprocess.Popen) -> Iterator[subprocess.Popen]:
    """kill -9 at the end of the block."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def training(folder: Folder) -> Iterator[dict[str, Any]]:
    """A new run, one that was killed, one that is done."""
    new, resumed = [], []
    for _ in range(ROUNDS):
        shutil.rmtree(folder.path / "outputs", ignore_errors=True)
        with killed(folder.start(COMMAND, *TRAIN, *LONG)) as process:
            new.append(until_batch(folder, process, 0))
            until_batch(folder, process, 3)  # there is a checkpoint now
        with killed(folder.start(COMMAND, *TRAIN, *LONG)) as process:
            resumed.append(until_batch(folder, process, batches(folder)))
        (run,) = folder.path.glob("outputs/segmentation_gan/*")
        assert len((read_json(run / "manifest.json") or {})["starts"]) == 2, "the second start did not go on"
    folder.run(COMMAND, *TRAIN, *SHORT)
    done = [folder.milliseconds(WITHOUT_TORCH, *TRAIN, *SHORT) for _ in range(ROUNDS)]
    names = {"matting train, a new run until its first batch": new}
    names |= {"the same after kill -9, until its next batch": resumed, "the same again once it is done, no torch": done}
    for name, times in names.items():
        yield {"name": name, "unit": "ms", "value": median(times)}


def measure() -> list[dict[str, Any]]:
    """Pairs against torch's import, and values of one command each."""
    with tempfile.TemporaryDirectory() as path:
        folder = Folder(Path(path))
        return [*against_torch(folder), *verbs(folder), *training(folder)]


if __name__ == "__main__":
    for row in measure():
        if "ratio" in row:
            print("{name}: {ours_ms:.0f} ms, {naive_ms:.0f} ms, {ratio:.1f}x (bar {bar}x)".format(**row))
        else:
            print("{name}: {value:.0f} {unit}".format(**row))
