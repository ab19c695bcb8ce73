"""Learning rates over a training."""

import math


def rate_factor(batch: int, total: int, scheduler: str, warmup: int) -> float:
    """Return the factor of the base learning rate at batch `batch` (from 1) of `total`.

    The rate rises linearly over the first `warmup` batches. Then `none` keeps it constant, as the papers do;
    `linear_decay` keeps it until half of the training and falls to 2 %; `cosine` falls to 0.
    """
    if batch < warmup:
        return batch / warmup
    done = batch / total
    if scheduler == "linear_decay":
        return 1 - 0.98 * max(0.0, min(1.0, 2 * done - 1))
    if scheduler == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return 1.0
