"""How time grows: an evaluation with the number of images and with their size, a report with the number of jobs.

`python -m benchmarks growth=1000` goes on to a thousand jobs, two minutes; `plot_growth.py` draws the rows.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bench_jobs import CELLS, clocked, finish_jobs, report_seconds

IMAGES, SIDE = (8, 16, 32, 64), 512
SIDES, FEW = (256, 384, 512, 768, 1024), 16
JOBS = (16, 40, 80, 160, 400, 1000)
ROUNDS = 3


def evaluations(root: Path) -> Iterator[dict[str, Any]]:
    """Seconds of the quick networks at 112x64, measured at each number and size of images."""
    from benchmarks.bench_evaluation import opened, ours, untrained, write_files
    from benchmarks.timing import milliseconds
    from matting.utils import process  # torch comes with these, and the reports above are made without

    process.keep_freed()
    method = untrained("quick", 64, 112)
    settings = [("images", count, count, SIDE) for count in IMAGES] + [("side", side, FEW, side) for side in SIDES]
    for series, at, images, side in settings:
        folder = root / f"{images}-{side}"
        write_files(folder, images, side, side)
        tests = opened(folder, "quick")
        ours(tests, method)
        seconds = median(milliseconds(lambda: ours(tests, method)) for _ in range(ROUNDS)) / 1e3  # noqa: B023
        name = f"evaluating {images} images of {side}x{side}"
        yield {"name": name, "unit": "s", "value": seconds, "series": f"evaluation by {series}", "at": at}


def reports(jobs: int) -> Iterator[dict[str, Any]]:
    """Seconds of a report, the second of two: the first imports what it needs."""
    with clocked() as hydra:
        report_seconds(hydra, finish_jobs(CELLS))
        for count in (count for count in JOBS if count <= jobs):
            seconds = sum(report_seconds(hydra, finish_jobs(count)))
            name = f"report over {count} finished jobs"
            yield {"name": name, "unit": "s", "value": seconds, "series": "report by jobs", "at": count}


def measure(jobs: int = 80) -> list[dict[str, Any]]:
    """Rows of name, unit and value; series and at: the curve and the place on it."""
    rows = list(reports(jobs))
    with tempfile.TemporaryDirectory() as folder:
        return [*rows, *evaluations(Path(folder))]


if __name__ == "__main__":
    for row in measure(*map(int, sys.argv[1:])):
        print("{name}: {value:.2f} {unit}".format(**row))
