"""Run the rows of an experiment one after another, past those that fail."""

import traceback
from collections.abc import Iterator

from omegaconf import DictConfig

from matting.config.messages import FORESEEN, INPUT_ERRORS, explain
from matting.config.validate import check
from matting.errors import Interrupted
from matting.experiments import execution
from matting.experiments.experiment import Experiment
from matting.experiments.plan import planned_evaluation, planned_row
from matting.runs.listing import show_plan
from matting.utils.console import say


def make_rows(found: Experiment) -> Iterator[str]:
    """Run an experiment's rows; yield a line for each row that fails."""
    for number, job in enumerate(found.jobs, 1):
        title = found.title_of(job)
        say(f"{number} of {len(found.jobs)}: {title}")
        try:
            make_row(found.verb, job.config())
        except (Interrupted, KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:
            if not isinstance(error, FORESEEN):
                traceback.print_exc()
            line = f"{title}: {explain(error, found.verb) if isinstance(error, INPUT_ERRORS) else error}"
            say(f"failed: {line}")
            yield line


def make_row(verb: str, config: DictConfig) -> None:
    """Check a row's config and run it, or list its runs where `plan=true`."""
    check(config)
    if config.plan:
        show_plan(planned_evaluation(config) if verb == "evaluate" else planned_row(config))
    else:
        (execution.evaluate if verb == "evaluate" else execution.train)(config)
