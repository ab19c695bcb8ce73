"""matting reproduce: a whole recipe or all of `experiments/`, each an ordinary run, then the report."""

import time
import traceback
from collections.abc import Iterator, Sequence

from omegaconf import DictConfig

from matting import jobs
from matting.commands import evaluate, report, train
from matting.commands.report import RecipeRuns, recipe_runs
from matting.config.derive import changed
from matting.config.messages import FORESEEN, INPUT_ERRORS, explain
from matting.data.build import fingerprint
from matting.errors import Interrupted, JobError
from matting.experiments.experiment import Experiment, experiment
from matting.experiments.grid import asked
from matting.metrics.units import table_text
from matting.runs import listing
from matting.runs.lifecycle import check_same_data, lock
from matting.runs.run import random_vgg
from matting.utils.console import say
from matting.utils.files import writable, write_text


def run(config: DictConfig) -> None:
    """The verb: what is done is found, what is not is made, in order; `rerun=true` makes everything once more.

    Interrupted anywhere, the same command goes on there. Raises what the stages raise (UserError, JobError).
    """
    recipe = recipe_runs(config)
    if config.plan:
        show_plan(recipe)
        return
    start = time.monotonic()
    evaluation, result = recipe.evaluation, None if config.rerun else recipe.evaluation.result()
    ready = result is not None and recipe.page_is_current()
    if result is not None and ready:
        check_same_data(evaluation, fingerprint(evaluation.config))
    else:
        if config.rerun:
            forget(recipe)
        make_stages(recipe, config.rerun)
        evaluation, result = evaluate.ensure(rerun(recipe.config, config.rerun))
        say(f"report: writing {recipe.folder}")
        report.write(recipe)
    scale, random = evaluation.config["scale"]["name"], ", random VGG" if random_vgg(recipe.steps[:-1]) else ""
    say(table_text(result, f"scale {scale}{random}", recipe.recipe["published"]["scale"]))
    seconds = sum(step.manifest.get("seconds", 0) for step in recipe.steps)  # a stage may be pruned by now
    spent = "done before" if ready else f"done in {time.monotonic() - start:.0f} s"
    say(f"reproduce {recipe.name}: {spent}; its {len(recipe.steps)} runs took {seconds:.0f} s in all. The report:")
    say(str(recipe.page))


def run_experiments(arguments: Sequence[str]) -> None:
    """The verb with `experiments=all` or a list: one after another in this process, then all reports and an index.

    A row that fails is named and left; raises JobError that names them at the end.
    """
    from matting import experiment_page

    overrides = [word for word in arguments if not word.startswith("experiments=")]
    found = [experiment(name, overrides) for name in asked(arguments) or []]
    failed = [line for one in found for line in make_rows(one)]
    if not found[0].jobs[0].config().plan:
        reports = [(one, report.write_experiment(one)) for one in found]
        page = found[0].folder.parents[found[0].name.count("/")] / "index.html"
        with writable(page.parent):
            write_text(page, experiment_page.index(reports))
        say(str(page))
    if failed:
        raise JobError(f"{len(failed)} of {sum(len(one.jobs) for one in found)} rows failed: {'; '.join(failed)}")


def make_rows(found: Experiment) -> Iterator[str]:
    """Run an experiment's rows; gives a line for each that fails."""
    for number, job in enumerate(found.jobs, 1):
        title = found.title_of(job)
        say(f"{number} of {len(found.jobs)}: {title}")
        try:
            jobs.perform(found.verb, job.config())
        except (Interrupted, KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:
            if not isinstance(error, FORESEEN):
                traceback.print_exc()
            line = f"{title}: {explain(error, found.verb) if isinstance(error, INPUT_ERRORS) else error}"
            say(f"failed: {line}")
            yield line


def show_plan(recipe: RecipeRuns) -> None:
    """One line a step: done | resume | failed | new | running | waits for an upstream run, and where."""
    evaluated = recipe.evaluation.result() is not None
    state = "waits for an upstream run" if not evaluated else "done" if recipe.page_is_current() else "new"
    listing.show_plan(evaluate.planned(recipe.config), (state, str(recipe.page)))


def forget(recipe: RecipeRuns) -> None:
    """Drop all results before they are made once more: an interrupted rerun must not find the old ones as done."""
    for step in reversed(recipe.steps):
        if step.folder.is_dir():
            with lock(step.folder, step.kind):
                (step.folder / "result.json").unlink(missing_ok=True)


def make_stages(recipe: RecipeRuns, again: bool) -> None:
    """Train what is not done, or everything once more; each stage finds the one before it done."""
    for number, stage in enumerate(recipe.stages, 1):
        assert stage.run is not None
        assert stage.config is not None
        state = "starts over" if again else stage.run.state()
        say(f"stage {number} of {len(recipe.stages)}: {stage.run.kind}, {state}, {stage.run}")
        train.ensure(rerun(stage.config, again))


def rerun(config: DictConfig, again: bool) -> DictConfig:
    """A derived config does not inherit `rerun`: a run would start over whenever another asks for it."""
    return changed(config, rerun=again)
