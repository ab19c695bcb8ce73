"""How the C library keeps the host's memory."""

import ctypes

# glibc's numbers of what mallopt sets.
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4


def keep_freed() -> None:
    """Have memory that is freed kept for the next step.

    glibc maps each large array anew and gives it back when it is freed: the kernel clears the pages of every large
    tensor at every step. The heap grows by 256 MB at a time instead and is never cut. Nothing where there is no glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for setting, value in ((MMAP_MAX, 0), (TRIM_THRESHOLD, -1), (TOP_PAD, 2**28)):
            mallopt(setting, value)
