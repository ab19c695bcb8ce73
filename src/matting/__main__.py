"""The command: matting VERB key=value ... Help and `--cfg job` answer without importing torch."""

import gc
import os
import re
import sys

from matting.errors import UNREAD
from matting.utils.home_paths import at_home

VERBS = {
    "train": "fit one stage: matting train stage=alpha_gan data=aim_d646_coco",
    "evaluate": "measure a method on every test set: matting evaluate method=pomagan",
    "predict": "alpha, cut-out and composite of your pictures: matting predict input=photos output=alphas",
    "reproduce": "a whole recipe, stages to report: matting reproduce recipe=pomagan scale=quick",
    "report": "write a recipe's report again from its runs: matting report recipe=pomagan scale=quick",
    "dashboard": "an experiment as a workspace and a report of W&B: matting dashboard experiments=pomagan/table3_terms",
    "runs": "list, filter, prune the run folders: matting runs state=failed",
}
# Keys whose values are file names, run folders, digests, parts of names or colours, not Hydra's grammar.
FREE_TEXT = (
    *(
        "input",
        "output",
        "background",
        "trimap",
        "method.segmentation",
        "method.alpha",
        "method.alphanet",
        "method.matting",
    ),
    *("stage.coarse", "stage.segmentation", "stage.matting"),
    *("paths.data_root", "paths.output_dir", "paths.cache_dir"),
    *("state", "kind", "match"),
)
IN_HOME = re.compile(r"""(?<![^,])(["']?)(~(?:/[^,"']*)?)\1(?=,|$)""")  # a value of a grid, quoted or not
PRINTS = ("-h", "--help", "-c", "--cfg", "-i", "--info")
BAD_INPUT, INTERRUPTED = 2, 130


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
    if only_prints(rest):
        gc.disable()  # a twentieth of the time, for a process that prints and ends
    from matting.app import answer

    try:
        return answer(verb, literal(rest))
    except SystemExit as stop:  # argparse's, of --help and of an option that there is not
        return stop.code if isinstance(stop.code, int) else BAD_INPUT


def only_prints(arguments: list[str]) -> bool:
    return bool({*PRINTS} & {*arguments})


def literal(arguments: list[str]) -> list[str]:
    """Free text quoted, so that Hydra takes `input=me (1).jpg` as it is, and `~/` as the home.

    In a grid `a,b` stays a list, of which only what begins with `~/` is quoted.
    """
    grid = {"-m", "--multirun"} & {*arguments}
    words = []
    for argument in arguments:
        key, _, value = argument.partition("=")
        if value and key in FREE_TEXT:
            if grid or value[0] in "'\"" or value == "null":
                argument = f"{key}={IN_HOME.sub(lambda found: quoted(found[2]), value)}"
            else:
                argument = f"{key}={quoted(value)}"
        words.append(argument)
    return words


def quoted(text: str) -> str:
    return '"' + re.sub(r"(\\+)$", r"\1\1", re.sub(r'(\\*)"', r'\1\1\\"', at_home(text))) + '"'


def entry() -> None:
    # Threads that wait by spinning take the cores from whoever else is at work: on two busy cores a step took three
    # times as long. Never to spin costs a third on quiet ones; a short spin costs nothing. Read once, when torch loads.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has seen enough: `matting runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = UNREAD
    except KeyboardInterrupt:  # while modules are imported
        print("matting: interrupted", file=sys.stderr)
        code = INTERRUPTED
    if only_prints(sys.argv[1:]):
        os._exit(code)  # nothing is left to be written; taking apart what Hydra imported is a twentieth of the time
    sys.exit(code)


if __name__ == "__main__":
    entry()
