"""The one way in which the metric kernels are compiled."""

from collections.abc import Callable
from typing import Any

import numba

# Sums may be reordered (that is what lets them be vectorised); NaN and infinity keep their meaning.
SETTINGS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"reassoc", "contract", "nsz"}}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` when it is first called, free of the interpreter lock, and keep the code for later processes.

    Numba looks for a folder to keep it in (beside the source, then the user's cache) and raises when it can write to
    none: then the function is compiled anew in each process.
    """
    try:
        return numba.njit(cache=True, **SETTINGS)(function)
    except RuntimeError:
        return numba.njit(**SETTINGS)(function)
