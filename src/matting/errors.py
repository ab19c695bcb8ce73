"""What the command line turns into one line and an exit code."""

import errno

UNREAD = 141  # exit code where nobody reads the output any more: what a shell says of a process that SIGPIPE ended


class UserError(Exception):
    """Bad input: one line that names the file or key, what was expected and what to do. The command exits with 2."""


class Incomplete(Exception):
    """Most was done and some was not: one line that counts it. The command exits with 3."""


class JobError(Exception):
    """A job that started and could not finish (a NaN in a loss term, a full disk). The command exits with 4."""


class NoSpace(JobError):
    """The disk is full. What was written before is whole, and the same command goes on there."""


def disk_is_full(error: BaseException) -> bool:
    """Whether that is why it was raised, wherever something was written."""
    return isinstance(error, NoSpace) or (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT))


class Interrupted(Exception):
    """Stopped by Ctrl-C; the line says how to go on. The command exits with 130."""
