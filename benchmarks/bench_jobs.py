"""What the suite adds to Hydra where there are many jobs: a finished job asked again, a report over all of them.

`python -m benchmarks jobs=1000` for a thousand.
"""

import contextlib
import io
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from matting.cli.jobs import perform
from matting.commands import report
from matting.config import compose, schema
from matting.data.build import fingerprint
from matting.experiments import grid
from matting.experiments import jobs as experiments
from matting.metrics.units import METRICS
from matting.runs import lifecycle
from matting.runs.run import Run
from matting.runs.upstream import stage_run
from matting.utils.files import write_json

NAME, CELLS = "pomagan/loss_grid", 8
SAMPLES = 40
FINISHED = {"grad_px": 1e-2, "conn_px": 1e-2, "n_empty": 0, **dict.fromkeys(METRICS, 0.03)}


class Hydra:
    """Hydra's `compose` with a clock, in the place of the suite's own."""

    def __init__(self) -> None:
        self.compose, self.clock = compose.compose, 0.0
        compose.compose = self  # type: ignore[assignment]

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        start = time.perf_counter()
        try:
            return self.compose(*arguments, **more)
        finally:
            self.clock += time.perf_counter() - start


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


def asked_again(hydra: Hydra, times: int = 30) -> list[dict[str, Any]]:
    """A finished training under a running sweep: checked, looked up, printed."""
    words = ["stage=segmentation_gan", "scale=quick"]
    with compose.hydra_ready():
        first = hydra.compose("train", words)
        this, _ = stage_run(first)
        this.folder.mkdir(parents=True)
        lifecycle.begin(this, fingerprint(this.config), fresh=False)
        lifecycle.finish(this, {"val": {"val/whole/mse": 0.05}})
        ours, theirs = [], []
        for number in range(times):
            hydra.clock, start = 0.0, time.perf_counter()
            row = hydra("train", [*words, f"runtime.log_every={number + 1}"])  # no two texts alike, one run
            with contextlib.redirect_stdout(io.StringIO()):
                perform("train", row)
            ours.append(time.perf_counter() - start - hydra.clock)
            theirs.append(hydra.clock)
    return [
        {"name": "a finished job of a sweep, asked again", "unit": "ms", "value": 1e3 * median(ours), "at_most": 60},
        {"name": "its composition by Hydra, beside that", "unit": "ms", "value": 1e3 * median(theirs)},
    ]


def finish_jobs(jobs: int) -> list[str]:
    """The command line of an experiment of so many jobs, all of which are done then."""
    seeds = ",".join(map(str, range(jobs // CELLS)))
    words = ["scale=quick", f"seed={seeds}"]
    for job in experiments.jobs_of(NAME, "train", grid.grid(NAME, "train", words)).values():
        if job.evaluation.result() is None:
            finish_evaluation(job.evaluation)
    return words


def report_seconds(hydra: Hydra, words: list[str]) -> tuple[float, float]:
    """Of a report: ours and Hydra's."""
    hydra.clock, start = 0.0, time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        report.run_experiments([NAME], words)
    return time.perf_counter() - start - hydra.clock, hydra.clock


def reported(hydra: Hydra, jobs: int) -> list[dict[str, Any]]:
    ours, theirs = report_seconds(hydra, finish_jobs(jobs))
    return [
        {"name": f"report over {jobs} finished jobs", "unit": "s", "value": ours, "at_most": jobs / 20},
        {"name": "their composition by Hydra, beside that", "unit": "s", "value": theirs},
    ]


@contextlib.contextmanager
def clocked() -> Iterator[Hydra]:
    """Hydra with a clock, in an empty folder."""
    schema.register()
    hydra, here = Hydra(), Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield hydra
        finally:
            os.chdir(here)
            compose.compose = hydra.compose


def measure(jobs: int = 10 * CELLS) -> list[dict[str, Any]]:
    """Rows of name, unit, value and at_most."""
    with clocked() as hydra:
        rows = [*asked_again(hydra), *reported(hydra, jobs)]
    assert "torch" not in sys.modules
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        *rows,
        {"name": f"peak memory with {jobs} jobs, torch not imported", "unit": "MB", "value": peak, "at_most": 500},
    ]


if __name__ == "__main__":
    for row in measure(*map(int, sys.argv[1:])):
        print("{name}: {value:.1f} {unit}".format(**row), f"(at most {row['at_most']:g})" if "at_most" in row else "")
