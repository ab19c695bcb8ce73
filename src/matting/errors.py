"""What the command line turns into one line and an exit code."""


class UserError(Exception):
    """Bad input: one line that names the file or key, what was expected and what to do. The command exits with 2."""


class JobError(Exception):
    """A job that started and could not finish (a NaN in a loss term, a full disk). The command exits with 4."""
