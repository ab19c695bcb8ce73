"""The keys that all stages have: of the stage, of its optimizers and of its networks."""

from typing import Any

from matting.config.data_schema import THRESHOLD
from matting.config.fields import TARGET, key, typed

FITS = ("crop", "pad", "stretch", "unknown", "whole")


@typed
class Upstream:
    stage: str = key("the stage that trains it")
    net: str | None = key("the node under `net` that configures its network", None)


@typed
class StageConfig:
    name: str = key("name of the stage, which is that of its file")
    upstream: dict[str, Any] = key("by key: the stages whose runs must be trained first", node=Upstream, many=True)
    frame: list[int] = key("height and width of a training sample", low=16, length=2, unit="px")
    fit: str = key("how a sample is fitted to the frame", choices=FITS)
    long_side: int | None = key(
        "longer side to which cached subjects are reduced; null: twice the frame's", low=16, unit="px"
    )
    batch_size: int = key("samples of a batch", low=1)
    epochs: int = key("passes over the samples of an epoch", low=1)
    accumulate: int = key("batches of an update", low=1)
    clip_norm: float | None = key("largest norm of each network's gradient; null: no clipping", low=0)


@typed
class Masked(StageConfig):
    mask_threshold: float = key("alpha from which a pixel belongs to the true mask", 0.5, **THRESHOLD)


@typed
class Optimizer:
    open = True  # the other arguments are those of the library's class
    _target_: str = key("class of the optimizer")
    lr: float = key("learning rate", low=0)
    betas: list[float] | None = key("decay of Adam's moments", None, low=0, high=1, below=True, length=2)
    fused: bool | None = key("one kernel for all parameters", None)
    eps: float | None = key("added to Adam's denominator", None, low=0)
    weight_decay: float | None = key("factor of the L2 penalty", None, low=0)


@typed
class Schedule:
    scheduler: str = key("the learning rate over the training", choices=("none", "linear_decay", "cosine"))
    warmup: int = key("batches over which the rate rises from 0", low=0)


def network(doc: str) -> Any:
    """Return the field of a network."""
    return key(doc, node=TARGET)
