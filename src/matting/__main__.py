"""The command: matting VERB key=value ... Help and `--cfg job` answer without importing torch."""

import os
import sys

from matting.cli.main import INTERRUPTED, main, only_prints
from matting.errors import UNREAD


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
