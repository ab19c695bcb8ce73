"""An experiment in Weights & Biases: a workspace to work in, a report to read, and bars beside published figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import wandb
import wandb_workspaces.reports.v2 as reports
import wandb_workspaces.workspaces as workspaces

from matting.config.identity import digest_of
from matting.experiments.comparison import Comparison, factor, heading
from matting.experiments.experiment import Experiment, differing, key_of
from matting.metrics.units import METRICS
from matting.reports.table_formats import markdown
from matting.reports.tables import tables_of
from matting.tracking.wandb_internals import data_of
from matting.tracking.wandb_session import open_wandb, staged_in

LONGEST_TITLE = 128  # characters that W&B accepts
ON_BATCHES = workspaces.SectionPanelSettings(x_axis="batch")
Figures = tuple[str, Mapping[str, Any], Mapping[str, Sequence[float]]]  # a row's title, its means, those published
WIDE = reports.Layout(w=24, h=12)


@dataclass(frozen=True)
class Section:
    """Panels that show these runs, given by their ids."""

    title: str
    panels: list[Any]
    runs: list[str]


@dataclass(frozen=True)
class Bars:
    """Measured and published figures of one metric on one test set: (label, value), in the units of the paper."""

    key: str
    title: str
    lines: list[tuple[str, float]]


@dataclass(frozen=True)
class Dashboard:
    """An experiment as a dashboard. entity: the name of a team or a user; empty for the default of the account."""

    experiment: Experiment
    comparisons: list[Comparison]
    project: str
    entity: str

    @property
    def id(self) -> str:
        """Return the id of the run that holds the bars."""
        return digest_of({"experiment": self.experiment.name, "overrides": list(self.experiment.overrides)})

    @property
    def bars(self) -> list[Bars]:
        return list(bars_of(self.experiment, self.comparisons))

    def workspace(self) -> Any:
        """Return the workspace: all sections, over the experiment's runs."""
        sections = list(sections_of(self))
        runs = list(dict.fromkeys(run for section in sections for run in section.runs))
        return workspaces.Workspace(
            entity=self.entity,
            project=self.project,
            name=self.experiment.name,
            sections=[
                workspaces.Section(name=one.title, panels=one.panels, is_open=True, panel_settings=ON_BATCHES)
                for one in sections
            ],
            runset_settings=workspaces.RunsetSettings(filters=only(runs)),
            settings=workspaces.WorkspaceSettings(x_axis="batch"),
        )

    def report(self) -> Any:
        """Return the report: the paper, the command, the tables, then all sections."""
        published = self.experiment.published
        blocks: list[Any] = [
            reports.P(f"{published['source']}. {published['conditions']}."),
            reports.MarkdownBlock(f"`{self.experiment.command}`"),
            *(reports.MarkdownBlock(markdown(table)) for table in tables_of(self.experiment, self.comparisons)),
        ]
        for section in sections_of(self):
            runset = reports.Runset(name=section.title, filters=only(section.runs))  # of the report's own project
            blocks += [reports.H2(section.title), reports.PanelGrid(runsets=[runset], panels=section.panels)]
        title = f"{self.experiment.name}: {published['source']}"[:LONGEST_TITLE]
        return reports.Report(project=self.project, entity=self.entity, title=title, blocks=blocks, width="fluid")

    def plain(self) -> dict[str, Any]:
        """Return what `save` sends, as data for JSON."""
        made = {"workspace": data_of(self.workspace()), "report": data_of(self.report())}
        return {**made, "bars": [asdict(bars) for bars in self.bars]}

    def save(self) -> list[str]:
        """Log the bars, save the workspace and the report; return the addresses of both."""
        entity = self.entity or str(wandb.Api().default_entity)
        made = replace(self, entity=entity)
        made.log_bars("online")
        return [made.workspace().save().url, made.report().save().url]

    def log_bars(self, mode: str) -> None:
        """Log the published and the measured figures as a run; logged again it replaces the earlier one."""
        folder = self.experiment.folder
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"name": self.experiment.name, "group": self.experiment.name, "job_type": "comparison"}
        target = {"project": self.project, "entity": self.entity or None, "mode": mode, "dir": str(folder)}
        config = {"published": self.experiment.published, "command": self.experiment.command}
        with open_wandb(id=self.id, config=config, **facts, **target) as run, staged_in(folder):
            for bars in self.bars:
                table = wandb.Table(columns=["row", "value"], data=[list(line) for line in bars.lines])
                run.log({bars.key: wandb.plot.bar(table, "row", "value", bars.title)})


def only(runs: Sequence[str]) -> list[Any]:
    """Return a filter on run ids: a run can be part of several experiments, but its group names only one."""
    return [workspaces.Metric("ID").isin(list(runs))]


def sections_of(dashboard: Dashboard) -> Iterator[Section]:
    """Yield the sections of a dashboard: bars, validation, losses, the grid, samples, images."""
    experiment = dashboard.experiment
    trained = list({run.digest: run for job in experiment.jobs for run in job.stages}.values())
    last = list(dict.fromkeys(job.stages[-1].digest for job in experiment.jobs if job.stages))
    evaluated = list(dict.fromkeys(job.evaluation.digest for job in experiment.jobs))
    tests = [name for name, node in experiment.jobs[0].evaluation.config["data"]["test"].items() if node]
    yield Section("Measured and published", [chart(bars) for bars in dashboard.bars], [dashboard.id])
    if trained:
        losses = [item for run in trained for item in run.config["loss"].items()]
        terms = [term for term, node in losses if isinstance(node, dict) and node.get("weight")]
        curves = [line(f"train/loss/{term}") for term in dict.fromkeys(terms)]
        if "adversarial" in terms:
            curves.append(line("train/adv/d_real", "train/adv/d_fake"))
        ids = [run.digest for run in trained]
        yield Section("Validation", [line(f"val/whole/{metric}") for metric in METRICS], ids)
        yield Section("Loss terms, raw", curves, ids)
        yield Section("Validation samples", [pictures("validation", "step")], ids)
    if experiment.verb == "train":
        yield Section("Grid", [grid(experiment, "val/whole/mse.min")], last)
    else:
        yield Section("Grid", [grid(experiment, f"test/{test}/whole/mse") for test in tests], evaluated)
    yield Section("Test samples", [pictures(test, "index") for test in tests], evaluated)
    images = [reports.WeavePanelSummaryTable(table_name=f"images/{test}", layout=WIDE) for test in tests]
    yield Section("Images", images, evaluated)


def bars_of(experiment: Experiment, comparisons: Sequence[Comparison]) -> Iterator[Bars]:
    """Yield the bars of each comparison in the published region; if nothing was measured, of the published figures."""
    tables: dict[str, list[Figures]] = {}
    for one in comparisons:
        if one.region == experiment.published["region"]:
            tables[one.test] = [(row.title, row.means, row.published) for row in one.rows]
    if not tables:
        tables["published"] = [(row.title, {}, row.figures or {}) for row in experiment.rows]
    for test, rows in tables.items():
        for at, metric in enumerate(experiment.published["metrics"]):
            times, lines = factor(experiment, metric), []
            for title, means, published in rows:
                lines += [(title, times * means[metric][0])] if metric in means else []
                lines += [(published_label(title, name), figures[at]) for name, figures in published.items()]
            yield Bars(f"bars/{test}/{metric}", f"{test}: {heading(experiment, metric)}", lines)


def published_label(title: str, test: str) -> str:
    """Return the label of a published figure; test: `*` or the published test set."""
    return f"{title}, published" if test == "*" else f"{title}, published on {test}"


def chart(bars: Bars) -> Any:
    """Return a bar chart of the table that `log_bars` logs; wandb adds `_table` to its key."""
    return reports.CustomChart(
        query={"summaryTable": {"tableKey": f"{bars.key}_table"}},
        chart_name="wandb/bar/v0",
        chart_fields={"label": "row", "value": "value"},
        chart_strings={"title": bars.title},
        layout=reports.Layout(w=12, h=10),
    )


def line(*keys: str) -> Any:
    """Return a plot of logged keys over batches."""
    return reports.LinePlot(x="batch", y=list(keys), title=" and ".join(keys))


def pictures(name: str, axis: Literal["step", "index"]) -> Any:
    """Return a browser of logged pictures."""
    return reports.MediaBrowser(title=name, media_keys=[f"pictures/{name}"], gallery_axis=axis, layout=WIDE)


def grid(experiment: Experiment, metric: str) -> Any:
    """Return parallel coordinates: the keys that vary over the grid, then the error."""
    words = differing([job.words for job in experiment.jobs])
    job = experiment.jobs[0]
    config = (job.stages[-1] if experiment.verb == "train" else job.evaluation).config
    keys = dict.fromkeys(named(config, key_of(word)) for job in experiment.jobs for word in job.words if word in words)
    columns = [reports.ParallelCoordinatesPlotColumn(metric=reports.Config(key), display_name=key) for key in keys]
    columns.append(reports.ParallelCoordinatesPlotColumn(metric=reports.SummaryMetric(metric), display_name=metric))
    return reports.ParallelCoordinatesPlot(title=metric, columns=columns, layout=WIDE)


def named(config: Any, key: str) -> str:
    """Return the config key that an override sets; for a choice (`loss=full`) the key of its name (`loss.name`)."""
    for part in key.split("."):
        config = config.get(part, {}) if isinstance(config, dict) else {}
    return f"{key}.name" if isinstance(config, dict) and "name" in config else key
