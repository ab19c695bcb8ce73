"""An ablation as bars: each row's measured figure beside the published one. No torch here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matting.comparison import Comparison, factor, heading
from matting.experiments.experiment import Experiment


@dataclass(frozen=True)
class Bars:
    """One metric on one test set: (label, value), measured and published, in the units of the paper."""

    key: str
    title: str
    lines: list[tuple[str, float]]


def bars_of(experiment: Experiment, comparisons: Sequence[Comparison]) -> Iterator[Bars]:
    """Of each comparison in the published region; before anything is measured, of the published figures alone."""
    metrics = experiment.published["metrics"]
    compared = [one for one in comparisons if one.region == experiment.published["region"]]
    for comparison in compared:
        for at, metric in enumerate(metrics):
            times, lines = factor(experiment, metric), []
            for row in comparison.rows:
                if metric in row.means:
                    lines.append((row.title, times * row.means[metric][0]))
                lines += [(told(row.title, test), figures[at]) for test, figures in row.published.items()]
            yield Bars(f"bars/{comparison.test}/{metric}", f"{comparison.test}: {heading(experiment, metric)}", lines)
    if compared:
        return
    rows = [(row.title, row.figures) for row in experiment.rows if row.figures]
    for at, metric in enumerate(metrics):
        lines = [(told(title, test), figures[test][at]) for title, figures in rows for test in figures]
        yield Bars(f"bars/published/{metric}", heading(experiment, metric), lines)


def told(title: str, test: str) -> str:
    return f"{title}, published" if test == "*" else f"{title}, published on {test}"
