"""Choose the verb of a command line. Neither Hydra nor torch is imported for the usage."""

import gc
import sys

VERBS = {
    "train": "fit one stage: matting train stage=alpha_gan data=aim_d646_coco",
    "evaluate": "measure a method on every test set: matting evaluate method=pomagan",
    "predict": "alpha, cut-out and composite of your pictures: matting predict input=photos output=alphas",
    "reproduce": "a whole recipe, stages to report: matting reproduce recipe=pomagan scale=quick",
    "report": "write a recipe's report again from its runs: matting report recipe=pomagan scale=quick",
    "dashboard": "an experiment as a workspace and a report of W&B: matting dashboard experiments=pomagan/table3_terms",
    "runs": "list, filter, prune the run folders: matting runs state=failed",
}


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
        from matting.cli.completion import complete

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
    from matting.cli.app import answer

    try:
        return answer(verb, rest)
    except SystemExit as stop:  # argparse's, of --help and of an option that there is not
        return stop.code if isinstance(stop.code, int) else BAD_INPUT


def only_prints(arguments: list[str]) -> bool:
    return bool({*PRINTS} & {*arguments})
