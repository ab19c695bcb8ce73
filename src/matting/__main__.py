"""The command: matting VERB key=value ... Help and `--cfg job` answer without importing torch."""

import importlib
import os
import re
import sys
from typing import NoReturn

VERBS = {
    "train": "fit one stage: matting train stage=alpha_gan data=aim_d646_coco",
    "evaluate": "measure a method on every test set: matting evaluate method=pomagan",
    "predict": "alpha, cut-out and composite of your pictures: matting predict input=photos output=alphas",
    "reproduce": "a whole recipe, stages to report: matting reproduce recipe=pomagan scale=quick",
    "report": "write a recipe's report again from its runs: matting report recipe=pomagan scale=quick",
    "runs": "list, filter, prune the run folders: matting runs state=failed",
}
MODULES = {"runs": "listing"}  # where a verb does not live in the module of its name
# Keys whose values are file names, run folders, digests or colours, not Hydra's grammar.
FREE_TEXT = (
    *("input", "output", "background", "method.segmentation", "method.alpha", "stage.coarse"),
    *("paths.data_root", "paths.output_dir", "paths.cache_dir"),
)
BAD_INPUT, INCOMPLETE, JOB_FAILED, INTERRUPTED = 2, 3, 4, 130


def usage() -> str:
    width = max(map(len, VERBS))
    lines = [f"  {verb:<{width}}  {line}" for verb, line in VERBS.items()]
    return "\n".join(
        [
            "usage: matting VERB key=value ...",
            *lines,
            "`matting VERB --help` lists a verb's keys and choices; `matting VERB --cfg job` prints its config.",
        ]
    )


def main(argv: list[str]) -> int:
    """Run one command line (without the program's name) and return its exit code."""
    if argv[:1] in (["-sc"], ["--shell-completion"]):
        from matting.completion import complete

        return complete(VERBS, argv[1:])
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    verb, rest = argv[0], argv[1:]
    if verb not in VERBS:
        print(f"matting: no verb {verb!r}\n{usage()}", file=sys.stderr)
        return BAD_INPUT
    return run(verb, rest)


def run(verb: str, arguments: list[str]) -> int:
    """Hand one verb to Hydra and turn what it raises into one line and an exit code."""
    import traceback

    from matting.explain import FORESEEN

    saved = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    try:
        hydra_app(verb, literal(arguments))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else BAD_INPUT
    except BrokenPipeError:  # whoever read the output has seen enough: `matting runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:
        if saved[1] == "1" or not isinstance(error, FORESEEN):
            traceback.print_exc()
        code, text = outcome(error, verb)
        print(f"matting {verb}: {text}", file=sys.stderr)
        return code
    else:
        return 0
    finally:
        sys.argv = saved[0]
        if saved[1] is None:
            os.environ.pop("HYDRA_FULL_ERROR", None)


def outcome(error: BaseException, verb: str) -> tuple[int, str]:
    """Exit code and line of an error."""
    from matting.errors import Incomplete, Interrupted, JobError
    from matting.explain import INPUT_ERRORS, explain

    if isinstance(error, INPUT_ERRORS):
        return BAD_INPUT, explain(error, verb)
    if isinstance(error, Incomplete):
        return INCOMPLETE, str(error)
    if isinstance(error, (Interrupted, KeyboardInterrupt)):
        return INTERRUPTED, str(error) or "interrupted"
    return JOB_FAILED, str(error) if isinstance(error, JobError) else f"{type(error).__name__}: {error}"


def literal(arguments: list[str]) -> list[str]:
    """Free text quoted, so that Hydra takes `input=me (1).jpg` as it is; in a grid `a,b` stays a list."""
    if {"-m", "--multirun"} & {*arguments}:
        return arguments
    words = []
    for argument in arguments:
        key, _, value = argument.partition("=")
        if key in FREE_TEXT and value[:1] not in ("", "'", '"') and value != "null":
            escaped = re.sub(r"(\\+)$", r"\1\1", re.sub(r'(\\*)"', r'\1\1\\"', value))
            argument = f'{key}="{escaped}"'
        words.append(argument)
    return words


def is_override(argument: str) -> bool:
    return argument.startswith("~") or ("=" in argument and not argument.startswith("-"))


def hydra_app(verb: str, arguments: list[str]) -> None:
    """Compose and run `matting.<verb>.run(config)` under Hydra; errors come out as they are."""
    import hydra

    from matting import schema
    from matting.checks import check
    from matting.config import config_dir
    from matting.errors import UserError

    if nameless := [argument for argument in arguments if argument.startswith("=")]:
        raise UserError(f"{nameless[0]}: no key before the =; arguments are key=value")
    schema.register()
    raised: list[BaseException] = []

    @hydra.main(config_path=str(config_dir()), config_name=verb, version_base="1.3")
    def job(config):  # type: ignore[no-untyped-def]
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode

        try:
            check(config)
            return importlib.import_module(f"matting.{MODULES.get(verb, verb)}").run(config)
        except Exception as error:
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                fail_in_sweep(error, verb, HydraConfig.get().job.override_dirname)
            raised.append(error)  # alone, Hydra would add a line of its own

    # Hydra's parser wants all overrides in one piece: `stage=alpha_gan -m seed=0,1` as `-m stage=alpha_gan seed=0,1`
    sys.argv = [f"matting {verb}", *sorted(arguments, key=is_override)]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises instead of printing and exiting with 1
    try:
        job()
    except OSError as error:  # what a job raises comes out otherwise: this is the folder of a sweep
        if error.filename is None:
            raise
        raise UserError(
            f"{error.filename}: cannot be written ({error.strerror}); set paths.output_dir to a folder of yours"
        ) from None
    if raised:
        raise raised[0]


def fail_in_sweep(error: Exception, verb: str, overrides: str) -> NoReturn:
    """One job of a grid failed: raise, so that the sweep counts it. The rest runs, and the command exits with 4.

    Ctrl-C ends the whole sweep.
    """
    import traceback

    from matting.errors import Interrupted, JobError
    from matting.explain import FORESEEN

    if isinstance(error, Interrupted):
        raise KeyboardInterrupt(str(error)) from None
    if not isinstance(error, FORESEEN):
        traceback.print_exception(error)
    _, text = outcome(error, verb)
    print(f"failed: {overrides}: {text}", flush=True)
    raise JobError(f"{overrides}: {text}") from error


def entry() -> None:
    # Threads that wait by spinning take the cores from whoever else is at work: on two busy cores a step took three
    # times as long. Never to spin costs a third on quiet ones; a short spin costs nothing. Read once, when torch loads.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    entry()
