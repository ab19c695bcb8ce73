"""The loss curves of a stage, drawn as SVG."""

import io
from collections import defaultdict

import numpy as np

from matting.runs.figures import VAL
from matting.runs.run import Run
from matting.utils.files import read_metrics

POINTS = 400  # at most, in a curve
GRAY = "#808080"  # readable on a light and on a dark page


def curves(run: Run) -> list[tuple[str, bytes]]:
    """Return (title, SVG) of each panel that has rows: raw loss terms, discriminator, validation."""
    series: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for row in read_metrics(run.folder / "metrics.csv"):
        series[row["name"]].append((row["batch"], row["value"]))
    panels = {
        "loss terms, raw": {n.split("/")[-1]: v for n, v in series.items() if n.startswith("train/loss/")},
        "discriminator's mean probability of real": {
            title: series[name]
            for title, name in (("D(real)", "train/adv/d_real"), ("D(fake)", "train/adv/d_fake"))
            if name in series
        },
        VAL: {"mse": series.get(VAL, [])},
    }
    return [(title, plot(lines)) for title, lines in panels.items() if any(lines.values())]


def plot(lines: dict[str, list[tuple[int, float]]]) -> bytes:
    """Return an SVG of curves over batches; three positive curves or more have a logarithmic axis, as sizes differ."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": "matting", "text.color": GRAY, "axes.edgecolor": GRAY}):
        figure = Figure((4.6, 2.9), layout="constrained")
        axes = figure.add_subplot()
        for name, points in lines.items():
            batches, values = thinned(points)
            axes.plot(batches, values, label=name, linewidth=1.4, marker="." if len(values) < 30 else None)
        if len(lines) > 2 and all(value > 0 for points in lines.values() for _, value in points):
            axes.set_yscale("log")
        axes.set_xlabel("batch", color=GRAY)
        axes.tick_params(which="both", colors=GRAY)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        if len(lines) > 1:
            axes.legend(frameon=False, fontsize="small")
        picture = io.BytesIO()
        figure.savefig(picture, format="svg", transparent=True, metadata={"Date": None})
    return picture.getvalue()


def thinned(points: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return batches and values of a curve, neighbours averaged so that at most POINTS remain."""
    parts = np.array_split(np.array(points, float), min(len(points), POINTS))
    means = np.array([part.mean(0) for part in parts])
    return means[:, 0], means[:, 1]
