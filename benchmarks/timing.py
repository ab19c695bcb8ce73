"""The clock of the benchmarks."""

from collections.abc import Callable
from time import perf_counter


def milliseconds(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return 1e3 * (perf_counter() - start)
