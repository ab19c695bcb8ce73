"""The errors that the command line turns into one line, and its exit codes."""

import errno

BAD_INPUT = 2  # UserError, and what Hydra says of a wrong key, choice or type
INCOMPLETE = 3  # Incomplete
JOB_FAILED = 4  # JobError, and every error that was not foreseen
INTERRUPTED = 130  # Ctrl-C, as a shell reports it
UNREAD = 141  # the reader of the output is gone (`matting runs | head`), as a shell reports SIGPIPE


class UserError(Exception):
    """Bad input. The message is one line: the file or key, what was expected and what to do."""


class Incomplete(Exception):
    """Most of the work was done and some was not. The message is one line that counts it."""


class JobError(Exception):
    """A job that started and could not finish, because of a NaN in a loss term or a full disk."""


class NoSpace(JobError):
    """The disk is full. The files written before are whole, and the same command resumes there."""


def disk_is_full(error: BaseException) -> bool:
    """Return whether a full disk or an exceeded quota caused the error."""
    return isinstance(error, NoSpace) or (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT))


class Interrupted(Exception):
    """Stopped by Ctrl-C. The message says how to resume."""
