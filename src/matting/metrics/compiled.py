"""Compile the metric kernels, all with the same settings."""

from collections.abc import Callable
from typing import Any

import numba

# Sums may be reordered, so that they can be vectorised; NaN and infinity keep their meaning.
SETTINGS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"reassoc", "contract", "nsz"}}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function`, compiled at its first call, without the interpreter lock and cached for later processes.

    Numba caches beside the source or in the user's cache and raises where it can write to neither: then the function
    is compiled in each process.
    """
    try:
        return numba.njit(cache=True, **SETTINGS)(function)
    except RuntimeError:
        return numba.njit(**SETTINGS)(function)
