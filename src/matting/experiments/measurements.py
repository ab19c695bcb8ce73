"""Where rows are compared, a region of a test set: the figures, errors and conditions of runs there. No torch here."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matting.experiments.jobs import NOT_RUN, Job
from matting.experiments.statistics import Pairs
from matting.metrics.units import size_text, sizes_text
from matting.runs.run import Run

NOT_HERE = "not measured here"


@dataclass(frozen=True)
class Measurements:
    """A region of a test set. results: of all runs, by the digest of the evaluation; None of one that is not done."""

    results: Mapping[str, Mapping[str, Any] | None]
    test: str
    region: str

    def figures(self, job: Job, part: str) -> Mapping[str, Any]:
        """A job's means for a row of its result; empty where it has none."""
        tests = (self.results[job.evaluation.digest] or {"tests": {}})["tests"]
        found: Mapping[str, Any] = tests.get(self.test, {"rows": {}})["rows"].get(part, {}).get(self.region, {})
        return found

    def measured(self, jobs: Iterable[Job], part: str) -> list[Job]:
        """Those that have figures, each run once: a seed given twice is one seed."""
        return list({job.evaluation.digest: job for job in jobs if self.figures(job, part)}.values())

    def state(self, jobs: Sequence[Job], part: str) -> str:
        """done, or the states of those without figures."""
        missing = [job for job in jobs if not self.figures(job, part)]
        done = "done" if jobs else NOT_RUN
        return states_text(NOT_HERE if self.results[job.evaluation.digest] else job.state() for job in missing) or done

    def facts(self, job: Job) -> dict[str, Any]:
        """Of the test set, as a job that has figures measured it: samples, subjects, sizes."""
        result = self.results[job.evaluation.digest]
        assert result is not None
        return {key: value for key, value in result["tests"][self.test].items() if key != "rows"}

    def pixels(self, job: Job) -> tuple[Any, ...]:
        """What has to be the same for two jobs' errors to be of the same pixels."""
        config = job.evaluation.config
        return self.facts(job), config["data"]["test"][self.test], self.dilation(config)

    def dilation(self, config: Mapping[str, Any]) -> dict[str, str]:
        metrics = config["metrics"]
        return {"unknown_dilation": str(metrics["unknown_dilation"])} if self.region == "unknown" else {}

    def conditions(self, jobs: Iterable[Job]) -> dict[str, str]:
        """What these were measured on and how, by name; empty without jobs."""
        found: dict[str, dict[str, None]] = {}
        for job in jobs:
            config, facts, result = job.evaluation.config, self.facts(job), self.results[job.evaluation.digest]
            one = {"images": size_text(facts), "size": sizes_text(facts), "convention": result["convention"]}  # type: ignore[index]
            one |= {node: config[node]["name"] for node in ("data", "scale")} | self.dilation(config)
            for key, value in one.items():
                found.setdefault(key, {})[value] = None
        return {key: " and ".join(values) for key, values in found.items()}

    def pairs(self, jobs: Iterable[Job], part: str) -> Pairs:
        """The MSE of each test sample with each seed."""
        return {(job.seed, id): mse for job in jobs for id, mse in self.errors(job.evaluation, part)}

    def errors(self, evaluation: Run, part: str) -> Iterator[tuple[str, float]]:
        """(id, MSE) of each test sample whose region is not empty."""
        file = evaluation.folder / "images.jsonl"
        if not file.is_file():
            return
        facts = {"test": self.test, "row": part, "region": self.region}
        wanted = [f'"{key}": {json.dumps(value)}' for key, value in facts.items()]
        with file.open() as lines:
            for line in lines:
                if all(word in line for word in wanted):  # parsing all of a thousand files would take most of the time
                    entry = json.loads(line)
                    if not math.isnan(entry["mse"]):
                        yield entry["id"], entry["mse"]


def states_text(states: Iterable[str]) -> str:
    """Each once, in one line: what stopped a run may have several."""
    return "; ".join(dict.fromkeys(" ".join(state.split()) for state in states))
