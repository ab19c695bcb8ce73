"""Choose the verb of a command line. The usage imports neither Hydra nor torch."""

import sys

from matting import __version__
from matting.errors import BAD_INPUT

VERBS = {
    "train": "fit one stage: matting train stage=alpha_gan data=aim_d646_coco",
    "evaluate": "measure a method on every test set: matting evaluate method=pomagan",
    "predict": "alpha, cut-out and composite of your pictures: matting predict input=photos output=alphas",
    "reproduce": "a whole recipe, stages to report: matting reproduce recipe=pomagan scale=quick",
    "report": "write a recipe's report again from its runs: matting report recipe=pomagan scale=quick",
    "dashboard": "an experiment as a workspace and a report of W&B: matting dashboard experiments=pomagan/table3_terms",
    "runs": "list the run folders, show, compare and prune them: matting runs state=failed",
}


def usage() -> str:
    """Return the lines that `matting --help` prints."""
    width = max(map(len, VERBS))
    lines = [f"  {verb:<{width}}  {line}" for verb, line in VERBS.items()]
    return "\n".join(
        [
            "usage: matting VERB key=value ...",
            *lines,
            "`matting VERB --help` lists a verb's keys and choices; `matting VERB --cfg job` prints its config.",
            "`matting --version` prints the version.",
        ]
    )


def main(argv: list[str]) -> int:
    """Run one command line (without the program's name) and return its exit code."""
    if argv[:1] in (["-sc"], ["--shell-completion"]):
        from matting.cli.completion import complete

        return complete(VERBS, argv[1:])
    if argv[:1] in (["-V"], ["--version"]):
        print(f"matting {__version__}")
        return 0
    if argv[:1] == ["help"] and len(argv) > 1:  # `matting help train` is `matting train --help`
        argv = [*argv[1:], "--help"]
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    verb, rest = argv[0], argv[1:]
    if verb not in VERBS:
        print(f"matting: no verb {verb!r}\n{usage()}", file=sys.stderr)
        return BAD_INPUT
    from matting.cli.app import answer

    try:
        return answer(verb, rest)
    except SystemExit as stop:  # of a sweep whose output nobody reads, and of Lightning on SIGTERM
        return stop.code if isinstance(stop.code, int) else BAD_INPUT
