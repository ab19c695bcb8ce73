"""An experiment and the rows of its table: published systems, each with the jobs that measure it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matting.config.compose import parsed
from matting.config.derive import SHARED
from matting.config.quoting import command_text, typed
from matting.experiments.grid import grid, read_file
from matting.experiments.jobs import Job, job_of, jobs_of
from matting.experiments.overrides import unread_keys
from matting.runs.run import random_vgg

SAID = {"scale", "data", "seed"}  # of every table
UNTOLD = ("paths", "logger", "runtime", "checkpoint", "rerun", "yes", "plan")  # change nothing that comes out


@dataclass(frozen=True)
class Row:
    """What is compared: a choice of the grid over its seeds; without jobs a system that the suite cannot run.

    part: the row of the evaluation's result that counts. figures: published, by test set. control: what any row has to
    beat, in no rank. mark: what its runs do otherwise than the paper. left_out: the suite can, this grid has none.
    """

    title: str
    jobs: tuple[Job, ...]
    part: str = "alpha"
    figures: Mapping[str, Sequence[float]] | None = None
    control: bool = False
    note: str = ""
    mark: str = ""
    left_out: bool = False

    @property
    def label(self) -> str:
        """The title of what was measured, with what a reader would assume otherwise."""
        return ", ".join(filter(None, (self.title, self.mark)))


@dataclass(frozen=True)
class Experiment:
    """An experiment on a command line: overrides, as given beside its name. jobs: its grid. rows: of its table.

    unread: keys of overrides that none of its runs reads; other experiments of the same command do.
    """

    name: str
    verb: str
    published: dict[str, Any]
    overrides: tuple[str, ...]
    jobs: list[Job]
    rows: list[Row]
    unread: tuple[str, ...] = ()

    def title_of(self, job: Job) -> str:
        """Return the words that only this job of the grid has, after the experiment's name."""
        varying = differing([one.words for one in self.jobs])
        return " ".join([self.name, *(typed(word) for word in job.words if word in varying)])

    @property
    def states(self) -> list[str]:
        """The states of the grid's evaluations, each once."""
        return [job.state() for job in {job.evaluation.digest: job for job in self.jobs}.values()]

    @property
    def fixed(self) -> list[str]:
        """The words that hold for the whole grid and that neither the rows nor the title of its table show."""
        varying, given = differing([job.words for job in self.jobs]), {*map(key_of, self.overrides)}
        words = [
            word for word in self.jobs[0].words if word not in varying and key_of(word) in given - SAID - {*self.unread}
        ]
        return [typed(word) for word in words if key_of(word).split(".")[0] not in UNTOLD]

    @property
    def folder(self) -> Path:
        """The folder of the experiment's report, beside those of the other experiments."""
        return Path(self.jobs[0].evaluation.config["paths"]["output_dir"]) / "experiments" / self.name

    @property
    def command(self) -> str:
        return command_text(["matting", self.verb, f"experiments={self.name}", *self.overrides])


def experiment(name: str, overrides: Sequence[str]) -> Experiment:
    """Compose all rows of an experiment and run nothing; overrides: as on the verb's command line."""
    file = read_file(name)
    lines = list(dict.fromkeys(grid(name, file["verb"], overrides)))  # a seed that is given twice is one row
    made = jobs_of(name, file["verb"], lines)
    jobs = [made[words] for words in lines]
    published = file["published"]
    rows = list(rows_of(published["rows"], jobs, overrides))
    first = next((row for row in rows if row.jobs), None)
    if first is not None:
        rows += [Row("", first.jobs, part, control=True) for part in ("constant", "perfect_mask")]
    unread = unread_keys(file["verb"], lines, overrides)
    return Experiment(name, file["verb"], published, tuple(overrides), jobs, rows, tuple(unread))


def rows_of(published: Mapping[str, Any], jobs: list[Job], overrides: Sequence[str]) -> Iterator[Row]:
    """Yield the published rows in their order, each with its jobs, then the rows of the grid that are not published.

    `at` of a published row holds its choices in the grid; `of` names the other experiment that owns the row.
    """
    groups: dict[tuple[str, ...], list[Job]] = {}
    for job in jobs:
        groups.setdefault(tuple(word for word in job.words if not word.startswith("seed=")), []).append(job)
    varying = differing(list(groups))
    covered: set[tuple[str, ...]] = set()
    for title, node in published.items():
        if "of" in node:
            own = {key: value for key, value in node.items() if key != "of"}
            yield from rows_of({title: own}, borrowed(node, overrides), overrides)
            continue
        known = {"part": node.get("row", "alpha"), "figures": node.get("figures"), "note": node.get("note", "")}
        fitting = [words for words in groups if "at" in node and fits(node["at"], words)]
        covered.update(fitting)
        found: dict[str, list[Job]] = {}
        for words in fitting:
            rest = [short(word) for word in words if word in varying and key_of(word) not in node["at"]]
            found.setdefault(", ".join([title, *rest]), []).extend(groups[words])  # 10 and 10.0 are one choice
        yield from (row(name, made, **known) for name, made in found.items())
        if not fitting:
            yield Row(title, (), left_out="at" in node, **known)
    for words, group in groups.items():
        if words not in covered:
            yield row(", ".join(short(word) for word in words if word in varying) or group[0].evaluation.kind, group)


def row(title: str, jobs: Sequence[Job], **more: Any) -> Row:
    mark = "random VGG" if any(random_vgg(job.stages) for job in jobs) else ""
    return Row(title, tuple({job.evaluation.digest: job for job in jobs}.values()), mark=mark, **more)


def borrowed(node: Mapping[str, Any], overrides: Sequence[str]) -> list[Job]:
    """Return the jobs of a row of another experiment, with the overrides that both command lines share."""
    shared = [word for word in overrides if key_of(word).split(".")[0] in SHARED]
    verb = read_file(node["of"])["verb"]
    return [job_of(verb, words) for words in grid(node["of"], verb, shared) if fits(node["at"], words)]


def differing(lines: Sequence[Sequence[str]]) -> set[str]:
    """Return the words that some of the command lines do not have."""
    counts = Counter(word for words in lines for word in words)
    return {word for word, count in counts.items() if count < len(lines)}


def key_of(word: str) -> str:
    """Return the key of an override, without `+` and `~`."""
    return word.partition("=")[0].lstrip("+~")


def fits(at: Mapping[str, Any], words: Sequence[str]) -> bool:
    """Return whether a command line makes all of these choices, in any notation."""
    given = {key_of(word): word for word in words}
    wanted = {key: value_of(f"{key}={value}") if isinstance(value, str) else value for key, value in at.items()}
    return all(key in given and value_of(given[key]) == value for key, value in wanted.items())


def value_of(word: str) -> Any:
    """Return the value as Hydra reads it: 10 and 10.0 are one number, [a,b] and [a, b] one list."""
    return parsed(word).value()


def short(word: str) -> str:
    """Return a word without the first part of its key: `loss.border.weight=10` as `border.weight=10`."""
    key, _, value = typed(word).partition("=")
    return f"{key.split('.', 1)[-1]}={value}"
