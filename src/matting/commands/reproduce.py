"""matting reproduce: run a whole recipe, or experiments one after another, then write the report."""

import time
from collections.abc import Sequence

from omegaconf import DictConfig

from matting.data.build import fingerprint
from matting.errors import JobError
from matting.experiments.execution import ensure_evaluation
from matting.experiments.experiment import experiment
from matting.experiments.plan import planned_evaluation
from matting.experiments.preflight import check_planned, show_preflight
from matting.experiments.recipe import forget, make_stages, recipe_runs, rerun, show_plan
from matting.experiments.rows import make_rows
from matting.metrics.units import table_text
from matting.reports import write
from matting.runs.lifecycle import check_same_data
from matting.runs.run import random_vgg
from matting.utils.console import say


def run(config: DictConfig) -> None:
    """Make the runs of a recipe that are not done, then its report; `rerun=true` makes all of them once more.

    After an interruption the same command continues. Raise what the runs raise (UserError, JobError).
    """
    recipe = recipe_runs(config)
    if config.plan:
        show_plan(recipe)
        show_preflight(planned_evaluation(recipe.config))
        return
    check_planned(lambda: planned_evaluation(recipe.config), config)
    start = time.monotonic()
    evaluation, result = recipe.evaluation, None if config.rerun else recipe.evaluation.result()
    ready = result is not None and recipe.page_is_current()
    if result is not None and ready:
        check_same_data(evaluation, fingerprint(evaluation.config))
    else:
        if config.rerun:
            forget(recipe)
        make_stages(recipe, config.rerun)
        evaluation, result = ensure_evaluation(rerun(recipe.config, config.rerun))
        say(f"report: writing {recipe.folder}")
        write.write_recipe(recipe)
    scale, random = evaluation.config["scale"]["name"], ", random VGG" if random_vgg(recipe.steps[:-1]) else ""
    say(table_text(result, f"scale {scale}{random}", recipe.recipe["published"]["units"]))
    seconds = sum(step.manifest.get("seconds", 0) for step in recipe.steps)  # the stages may have been deleted
    spent = "done before" if ready else f"done in {time.monotonic() - start:.0f} s"
    say(f"reproduce {recipe.name}: {spent}; its {len(recipe.steps)} runs took {seconds:.0f} s in all. The report:")
    say(str(recipe.page))


def run_experiments(names: Sequence[str], overrides: Sequence[str]) -> None:
    """Run the experiments that `experiments=` names, one after another, then write their reports and an index.

    The other rows run on after a row fails; raise JobError at the end that names the failed rows.
    """
    found = [experiment(name, overrides) for name in names]
    config = found[0].jobs[0].config()
    jobs = [job for one in found for job in one.jobs]
    if not config.plan:
        planned = [(run, False) for job in jobs for run in (*job.stages, job.evaluation)]
        check_planned(lambda: planned, config)
    failed = [line for one in found for line in make_rows(one)]
    if not config.plan:
        lines = [write.write_experiment(one) for one in found]
        page = found[0].folder.parents[found[0].name.count("/")] / "index.html"
        write.write_index(page, lines)
        say(str(page))
    if failed:
        raise JobError(f"{len(failed)} of {sum(len(one.jobs) for one in found)} rows failed: {'; '.join(failed)}")
