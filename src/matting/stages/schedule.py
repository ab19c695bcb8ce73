"""Learning rates over a training."""

import math


def rate_factor(batch: int, total: int, scheduler: str, warmup: int) -> float:
    """Of the base rate at the `batch`-th of `total` batches.

    `none` is the papers' constant rate; `linear_decay` is flat to the half, then falls to 2 %; `cosine` falls to 0. All
    rise over `warmup` batches first.
    """
    if batch < warmup:
        return batch / warmup
    done = batch / total
    if scheduler == "linear_decay":
        return 1 - 0.98 * max(0.0, min(1.0, 2 * done - 1))
    if scheduler == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return 1.0
