"""What the suite adds to Hydra where there are many jobs: a finished job asked again, a report over all of them.

`python -m tests.benchmarks.bench_jobs 1000` for a thousand; each takes Hydra a tenth of a second.
"""

import contextlib
import io
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from matting import config, experiments, report, runs, schema, train
from matting.checks import check
from matting.data.build import fingerprint
from matting.files import write_json
from matting.runs import Run
from matting.scales import METRICS
from matting.upstream import stage_run

NAME, CELLS = "pomagan/loss_grid", 8
SAMPLES = 40
FINISHED = {"grad_px": 1e-2, "conn_px": 1e-2, "n_empty": 0, **dict.fromkeys(METRICS, 0.03)}


class Hydra:
    """Hydra's `compose` with a clock, in the place of the two modules' own."""

    def __init__(self) -> None:
        self.compose, self.seconds = experiments.compose, 0.0
        experiments.compose = config.compose = self  # type: ignore[attr-defined]

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        start = time.perf_counter()
        try:
            return self.compose(*arguments, **more)
        finally:
            self.seconds += time.perf_counter() - start


def finish_evaluation(run: Run) -> None:
    """What an evaluation leaves of which a report reads."""
    run.folder.mkdir(parents=True, exist_ok=True)
    kinds = {row: {"whole": FINISHED, "unknown": FINISHED} for row in ("alpha", "coarse", "constant", "perfect_mask")}
    facts = {"samples": SAMPLES, "subjects": SAMPLES, "eval_size": 112, "sizes": [[64, 112], [64, 112]]}
    result = {"names": {"alpha": "POMAGAN"}, "convention": "dim", "tests": {"procedural": {**facts, "rows": kinds}}}
    lines = (
        {"test": "procedural", "id": str(at), "row": row, "region": region, "mse": 0.03 + 1e-4 * at}
        for at in range(SAMPLES)
        for row in kinds
        for region in ("whole", "unknown")
    )
    (run.folder / "images.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    write_json(run.folder / "manifest.json", {})
    write_json(run.folder / "result.json", result)


def asked_again(hydra: Hydra, jobs: int = 30) -> dict[str, Any]:
    """Milliseconds of a finished training under a running sweep: checked, looked up, printed."""
    words = ["stage=segmentation_gan", "scale=quick"]
    with experiments.hydra_ready():
        first = hydra.compose("train", words)
        this, _ = stage_run(first)
        this.folder.mkdir(parents=True)
        runs.begin(this, fingerprint(this.config), fresh=False)
        runs.finish(this, {"val": {"val/whole/mse": 0.05}})
        ours, theirs = [], []
        for number in range(jobs):
            hydra.seconds, start = 0.0, time.perf_counter()
            row = hydra("train", [*words, f"runtime.log_every={number + 1}"])  # no two texts alike, one run
            with contextlib.redirect_stdout(io.StringIO()):
                check(row)
                train.run(row)
            ours.append(time.perf_counter() - start - hydra.seconds)
            theirs.append(hydra.seconds)
    name = "a finished job of a sweep, ours beside Hydra's composition"
    return {"name": name, "ours_ms": 1e3 * median(ours), "naive_ms": 1e3 * median(theirs)}


def reported(hydra: Hydra, jobs: int) -> dict[str, Any]:
    seeds = ",".join(map(str, range(jobs // CELLS)))
    words = ["scale=quick", f"seed={seeds}"]
    for line in experiments.grid(NAME, "train", words):
        finish_evaluation(experiments.job_of("train", line).evaluation)
    hydra.seconds, start = 0.0, time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        report.run_experiments([f"experiments={NAME}", *words])
    ours = time.perf_counter() - start - hydra.seconds
    name = f"report over {jobs} finished jobs, ours beside Hydra's composition"
    return {"name": name, "ours_ms": 1e3 * ours, "naive_ms": 1e3 * hydra.seconds}


def measure(jobs: int = 10 * CELLS) -> list[dict[str, Any]]:
    """Rows of name, ours_ms, naive_ms (Hydra's share), ratio and bar; without torch."""
    schema.register()
    hydra, here = Hydra(), Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            rows = [asked_again(hydra), reported(hydra, jobs)]
        finally:
            os.chdir(here)
            experiments.compose = config.compose = hydra.compose  # type: ignore[attr-defined]
    bars = ("20 ms", f"{10 * jobs / 1000:.1f} s")
    return [{**row, "ratio": row["naive_ms"] / row["ours_ms"], "bar": bar} for row, bar in zip(rows, bars, strict=True)]


if __name__ == "__main__":
    for row in measure(*map(int, sys.argv[1:])):
        print("{name}: {ours_ms:.1f} ms, {naive_ms:.0f} ms (bar for ours: {bar})".format(**row))
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, torch {'torch' in sys.modules}")
