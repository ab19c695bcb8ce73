"""The command `matting VERB key=value ...`."""

import os
import sys

from matting.cli.main import main
from matting.errors import INTERRUPTED, UNREAD


def entry() -> None:
    """Run the command line of this process and exit with its code."""
    # OpenMP's threads spin while they wait, by default so long that they take the cores from other processes: on two
    # busy cores a training step took three times as long. Without any spinning it took a third longer on idle cores.
    # torch reads the variable once, when it is imported.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough: `matting runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = UNREAD
    except KeyboardInterrupt:  # while modules are imported
        print("matting: interrupted", file=sys.stderr)
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    entry()
