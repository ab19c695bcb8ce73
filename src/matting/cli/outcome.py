"""What an error is on the command line: an exit code and one line."""

from matting.config.messages import INPUT_ERRORS, explain
from matting.errors import BAD_INPUT, INCOMPLETE, INTERRUPTED, JOB_FAILED, Incomplete, Interrupted, JobError


def outcome(error: BaseException, verb: str) -> tuple[int, str]:
    """Return the exit code and the line of an error."""
    if isinstance(error, INPUT_ERRORS):
        return BAD_INPUT, explain(error, verb)
    if isinstance(error, Incomplete):
        return INCOMPLETE, str(error)
    if isinstance(error, (Interrupted, KeyboardInterrupt)):
        return INTERRUPTED, str(error) or "interrupted"
    return JOB_FAILED, str(error) if isinstance(error, JobError) else f"{type(error).__name__}: {error}"
