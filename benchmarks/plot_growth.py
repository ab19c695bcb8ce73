"""Draws docs/growth.png from outputs/bench/: `python -m benchmarks growth growth_synthesis`, then this file."""

import json
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

ROWS, PICTURE = Path("outputs/bench"), Path("docs/growth.png")


def read(name: str) -> list[dict[str, Any]]:
    """The rows of a benchmark; none where it has not run."""
    file = ROWS / f"{name}.json"
    return json.loads(file.read_text()) if file.is_file() else []


def curve(rows: list[dict[str, Any]], series: str) -> tuple[list[float], list[float]]:
    points = sorted((row["at"], row["value"]) for row in rows if row.get("series") == series)
    return [at for at, _ in points], [value for _, value in points]


def synthesis(axes: Axes, rows: list[dict[str, Any]]) -> None:
    axes.set(title="synthesis", xlabel="samples of the data", ylabel="ms a sample", xscale="log")
    found = [row for row in rows if "samples" in row]
    if not found:
        return
    samples = [row["samples"] for row in found]
    axes.plot(samples, [row["ms"] for row in found], marker="o", label="ms a sample")
    memory = axes.twinx()
    memory.plot(samples, [row["rss_mb"] for row in found], marker="s", color="tab:orange", label="resident MB")
    memory.set(ylabel="resident MB", ylim=(0, 1.1 * max(row["rss_mb"] for row in found)))
    lines = [*axes.get_lines(), *memory.get_lines()]
    axes.legend(lines, [str(line.get_label()) for line in lines], frameon=False)


def evaluation(axes: Axes, rows: list[dict[str, Any]]) -> None:
    axes.set(title="evaluation, quick networks", xlabel="megapixels of the test set", ylabel="s")
    images, seconds = curve(rows, "evaluation by images")
    axes.plot([count * 512**2 / 1e6 for count in images], seconds, marker="o", label="8 to 64 images of 512x512")
    sides, seconds = curve(rows, "evaluation by side")
    axes.plot([16 * side**2 / 1e6 for side in sides], seconds, marker="s", label="16 images of 256 to 1024 px")
    axes.legend(frameon=False)


def report(axes: Axes, rows: list[dict[str, Any]]) -> None:
    axes.set(title="report", xlabel="finished jobs", ylabel="s")
    axes.plot(*curve(rows, "report by jobs"), marker="o")


def main() -> None:
    figure = Figure((12, 3.6), layout="constrained")
    panels = figure.subplots(1, 3)
    synthesis(panels[0], read("growth_synthesis"))
    evaluation(panels[1], read("growth"))
    report(panels[2], read("growth"))
    for axes in panels:
        axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
        axes.grid(alpha=0.25)
        axes.spines["top"].set_visible(False)
    figure.savefig(PICTURE, dpi=110)
    print(PICTURE)


if __name__ == "__main__":
    main()
