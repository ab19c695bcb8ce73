"""Find the result of a run, or make it. torch is imported when something is made."""

import time
from typing import Any

from omegaconf import DictConfig

from matting.config import instantiate
from matting.config.derive import NodeKey, changed
from matting.data.build import check_loads, fingerprint
from matting.errors import Interrupted
from matting.experiments.jobs import evaluation_of
from matting.metrics.units import table_text
from matting.runs import lifecycle, log
from matting.runs.figures import VAL, figures_text
from matting.runs.run import Run
from matting.runs.same_training import as_trained, tests_digest
from matting.runs.upstream import Upstream, method_run, stage_run
from matting.runs.weights import random_weights
from matting.utils import distributed
from matting.utils.console import say
from matting.utils.files import read_json, write_json


def train(config: DictConfig) -> float:
    """Find or train a stage's run, print its result, and evaluate it as the method `evaluate_as`, if there is one.

    Returns the validation MSE of the best checkpoint, NaN without validation.
    """
    this, result = ensure_stage(config)
    result = measured_on_tests(config, this, result)
    say(f"{this.kind}: done, {this.folder}")
    say(figures_text(result))
    if config.evaluate_as is not None:
        found = evaluation_of(config, *stage_run(config))
        evaluate(changed(found.config, rerun=config.rerun, **found.named))
    return result["val"][VAL] if "val" in result else float("nan")


def evaluate(config: DictConfig) -> float:
    """Find or make an evaluation and print its table.

    Returns the mean MSE of the alpha in the first region of `metrics.regions`, over the test sets that have one.
    """
    this, result = ensure_evaluation(config)
    say(table_text(result, this.config["scale"]["name"]))
    say(f"evaluate: done, {this.folder}")
    region = this.config["metrics"]["regions"][0]
    errors = [test["rows"]["alpha"][region]["mse"] for test in result["tests"].values()]
    known = [error for error in errors if error is not None]
    return sum(known) / len(known) if known else float("nan")


def ensure_stage(config: DictConfig) -> tuple[Run, dict[str, Any]]:
    """Return a config's run and its result; train it if it is not done, its upstream runs first."""
    this, upstream = stage_run(config)
    data = fingerprint(this.config)
    if result := found_done(this, config):
        lifecycle.check_same_data(this, fingerprint(as_trained(this.folder, this.config)))
        if config.trainer.devices == -1 and "ranks" in this.manifest:  # another number of GPUs sees other batches
            say(f"note: {this.folder.name} was trained where trainer.devices=-1 came to {this.manifest['ranks']}")
        if this.last.is_file() and config.checkpoint.keep != "all":  # it was stopped right after its result
            from matting.training import trainer

            trainer.apply_keep_policy(this)
        return this, result
    distributed.check(this.config["trainer"])
    instantiate.check_built(this.config)
    check_loads(this.config)
    for found in upstream.values():
        if found.config is not None:
            ensure_stage(found.config)
    if not distributed.leads():
        return this, found_done(this, config) or follow(this, upstream)
    with lifecycle.lock(this.folder, this.kind):
        if result := found_done(this, config):  # another process made it while this one waited
            return this, result
        if this.last.is_file() and not config.rerun:
            lifecycle.check_same_data(this, fingerprint(as_trained(this.folder, this.config)))
        fresh = config.rerun or this.state_unlocked() in ("new", "failed")
        lifecycle.begin(this, data, fresh)
        result = fit(this, upstream)
    distributed.join(config.trainer.accelerator)
    return this, result


def measured_on_tests(config: DictConfig, this: Run, result: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a trained run with the figures of the test sets that its config asks for.

    Where the run was trained with other test sets, or at another size of them, they are measured from its checkpoint
    and stored beside its result, in tests/<digest of the test sets>.json.
    """
    trained = as_trained(this.folder, this.config)
    if trained is this.config or not distributed.leads():
        return result
    file = this.folder / "tests" / f"{tests_digest(this.config)}.json"
    others = {key: value for key, value in result.items() if key not in trained["data"]["test"]}
    with lifecycle.lock(this.folder, this.kind):
        if (found := read_json(file)) is None:
            say(f"{this.kind}: measuring {this.folder} on its test sets anew; nothing is trained")
            _, upstream = stage_run(config)
            for one in upstream.values():
                if one.config is not None:
                    ensure_stage(one.config)
            from matting.training import trainer

            found = trainer.measure_again(this, upstream)
            file.parent.mkdir(exist_ok=True)
            write_json(file, found)
    return {**others, **found}


def found_done(this: Run, config: DictConfig) -> dict[str, Any] | None:
    """Return the result of a run that is done; None if it is not, or if `rerun` asks for another one."""
    result = None if config.rerun else this.result()
    if not distributed.agree(result is not None, config.trainer.accelerator):
        return None
    return result or this.result()


def follow(this: Run, upstream: dict[NodeKey, Upstream]) -> dict[str, Any]:
    """Train as a rank beside the first, and return the result that the first rank has written."""
    from matting.training import trainer

    trainer.train(this, upstream)
    distributed.join(this.config["trainer"]["accelerator"])
    result = this.result()
    assert result is not None
    return result


def fit(this: Run, upstream: dict[NodeKey, Upstream]) -> dict[str, Any]:
    """Train under the folder's lock and write the result. An error that stops it is kept in the manifest."""
    say(f"{this.kind}: {'going on with' if this.last.is_file() else 'training'} {this.folder}")
    from matting.training import trainer

    try:
        with log.tee_to(this.folder / "train.log"):
            for line in random_weights(this):
                say(line)
            result = trainer.train(this, upstream)
    except (Interrupted, KeyboardInterrupt, SystemExit) as stop:  # Lightning turns Ctrl-C and SIGTERM into SystemExit
        raise Interrupted(stopped_text(this, stop)) from None
    except Exception as error:
        lifecycle.note_error(this, error)
        raise
    return result


def stopped_text(this: Run, stop: BaseException) -> str:
    """Return what a training that was stopped keeps, and what the same command does."""
    how = str(stop) if isinstance(stop, Interrupted) else "stopped"
    if this.last.is_file():
        return f"{how}; {this.folder} keeps the last checkpoint, the same command goes on from there"
    return f"{how} before the first checkpoint; the same command starts {this.folder} from the beginning"


def ensure_evaluation(config: DictConfig) -> tuple[Run, dict[str, Any]]:
    """Return the evaluation of a config and its result; make it if it is not done, its stages first."""
    this, upstream = method_run(config)
    data = fingerprint(this.config)
    result = None if config.rerun else this.result()
    if result is not None:
        lifecycle.check_same_data(this, data)
        sizes = [test["eval_size"] for test in this.config["data"]["test"].values() if test]
        if "predicted_at" not in this.manifest and any(isinstance(size, list) for size in sizes):
            say(f"note: {this} was measured on stretched pictures; rerun=true measures it as it is now")
        return this, result
    instantiate.check_built(this.config)
    check_loads(this.config)
    for found in upstream.values():
        if found.config is not None:
            ensure_stage(found.config)
            check_people(found.run, this)
    with lifecycle.lock(this.folder, this.kind):
        result = None if config.rerun else this.result()
        if result is not None:
            return this, result
        lifecycle.begin(this, data, fresh=True)
        say(f"evaluate: {config.method.name} in {this.folder}")
        start = time.monotonic()
        from matting.evaluation import evaluator

        try:
            with log.tee_to(this.folder / "evaluate.log"):
                result = evaluator.evaluate(this, {key: found.checkpoint for key, found in upstream.items()})
        except Exception as error:
            lifecycle.note_error(this, error)
            raise
        lifecycle.note(this, seconds=round(time.monotonic() - start, 1), predicted_at="native")
        lifecycle.finish(this, result)
    return this, result


def check_people(stage: Run | None, evaluation: Run) -> None:
    """Raise UserError where a test set shows a person of the training, unless the training has checked the same."""
    assert stage is not None
    tests = evaluation.config["data"]["test"]
    checked = [test["subjects"] for test in as_trained(stage.folder, stage.config)["data"]["test"].values() if test]
    if all(test["subjects"] in checked for test in tests.values() if test):
        return
    from matting.evaluation import evaluator

    evaluator.check_people({**stage.config, "data": {**stage.config["data"], "test": tests}})
