"""What runs measured in one region of one test set: figures, errors of images, conditions."""

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
    """A region of a test set, and the results of all runs by the digest of their evaluation; None if it is not done."""

    results: Mapping[str, Mapping[str, Any] | None]
    test: str
    region: str

    def figures(self, job: Job, part: str) -> Mapping[str, Any]:
        """Return the means over a job's images for a row of its result; empty if the job did not measure it."""
        tests = (self.results[job.evaluation.digest] or {"tests": {}})["tests"]
        found: Mapping[str, Any] = tests.get(self.test, {"rows": {}})["rows"].get(part, {}).get(self.region, {})
        return found

    def measured(self, jobs: Iterable[Job], part: str) -> list[Job]:
        """Return the jobs that have figures, each run once: a seed given twice counts once."""
        return list({job.evaluation.digest: job for job in jobs if self.figures(job, part)}.values())

    def state(self, jobs: Sequence[Job], part: str) -> str:
        """Return `done`, or the states of the jobs without figures."""
        missing = [job for job in jobs if not self.figures(job, part)]
        done = "done" if jobs else NOT_RUN
        return states_text(NOT_HERE if self.results[job.evaluation.digest] else job.state() for job in missing) or done

    def facts(self, job: Job) -> dict[str, Any]:
        """Return samples, subjects and sizes of the test set as a job with figures measured it."""
        result = self.results[job.evaluation.digest]
        assert result is not None
        test = result["tests"][self.test]
        return {key: value for key, value in test.items() if key not in ("rows", "without_people", "no_person_behind")}

    def pixels(self, job: Job) -> tuple[Any, ...]:
        """Return what must be equal for two jobs to have measured the same pixels."""
        config = job.evaluation.config
        return self.facts(job), config["data"]["test"][self.test], self.dilation(config)

    def dilation(self, config: Mapping[str, Any]) -> dict[str, str]:
        """Return the dilation that defines the unknown region; nothing for another region."""
        metrics = config["metrics"]
        return {"unknown_dilation": str(metrics["unknown_dilation"])} if self.region == "unknown" else {}

    def conditions(self, jobs: Iterable[Job]) -> dict[str, str]:
        """Return by name the conditions under which the jobs were measured; empty without jobs."""
        found: dict[str, dict[str, None]] = {}
        for job in jobs:
            config, facts, result = job.evaluation.config, self.facts(job), self.results[job.evaluation.digest]
            one = {"images": size_text(facts), "size": sizes_text(facts), "convention": result["convention"]}  # type: ignore[index]
            one |= {node: config[node]["name"] for node in ("data", "scale")} | self.dilation(config)
            for key, value in one.items():
                found.setdefault(key, {})[value] = None
        return {key: " and ".join(values) for key, values in found.items()}

    def pairs(self, jobs: Iterable[Job], part: str) -> Pairs:
        """Return the MSE of each test sample with each seed."""
        return {(job.seed, id): mse for job in jobs for id, mse in self.errors(job.evaluation, part)}

    def errors(self, evaluation: Run, part: str) -> Iterator[tuple[str, float]]:
        """Yield (id, MSE) of each test sample whose region is not empty."""
        file = evaluation.folder / "images.jsonl"
        if not file.is_file():
            return
        facts = {"test": self.test, "row": part, "region": self.region}
        wanted = [f'"{key}": {json.dumps(value)}' for key, value in facts.items()]
        with file.open() as lines:
            for line in lines:
                if all(word in line for word in wanted):  # parsing every line would take most of a report's time
                    entry = json.loads(line)
                    if not math.isnan(entry["mse"]):
                        yield entry["id"], entry["mse"]


def states_text(states: Iterable[str]) -> str:
    """Return the states, each once, in one line: the reason of a failure may have several."""
    return "; ".join(dict.fromkeys(" ".join(state.split()) for state in states))
