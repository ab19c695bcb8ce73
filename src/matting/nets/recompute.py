"""Activation checkpointing: a network's blocks keep only their inputs and run again in the backward pass."""

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from matting.errors import UserError


def recompute(network: nn.Module) -> None:
    """Make a network recompute its blocks in the backward pass, in place: less memory, a third more time.

    network: has a property `blocks`, modules of which none lies within another. Values, gradients and running
    statistics stay the same. Raises UserError for a network without blocks.
    """
    if not hasattr(network, "blocks"):
        raise UserError(f"runtime.recompute=true: {type(network).__name__} has no blocks to recompute; leave it false")
    for block in network.blocks:  # type: ignore[union-attr]
        norms = [module for module in block.modules() if isinstance(module, _BatchNorm)]
        # torch.compile refuses context managers of our own: blocks without batch norms need none.
        contexts = {"context_fn": partial(passes, norms)} if norms else {}
        block.forward = partial(checkpoint, block.forward, use_reentrant=False, **contexts)


def passes(norms: Sequence[nn.Module]) -> tuple[contextlib.AbstractContextManager, contextlib.AbstractContextManager]:
    """Return the context managers of the first and of the second forward pass, for torch's checkpoint."""
    return contextlib.nullcontext(), unmoved(norms)


@contextlib.contextmanager
def unmoved(norms: Sequence[nn.Module]) -> Iterator[None]:
    """Keep the running statistics as they are inside the block: the first pass has already updated them."""
    kept = [norm._buffers for norm in norms]
    for norm in norms:
        norm._buffers = {name: buffer if buffer is None else buffer.clone() for name, buffer in norm._buffers.items()}
    try:
        yield
    finally:
        for norm, buffers in zip(norms, kept, strict=True):
            norm._buffers = buffers
