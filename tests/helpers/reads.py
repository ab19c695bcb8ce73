"""Count how often checkpoint files are read."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch


@contextlib.contextmanager
def counted_reads() -> Iterator[Counter[str]]:
    """Yield the number of `torch.load` calls in the block, by the name of the file."""
    reads: Counter[str] = Counter()
    load = torch.load

    def counting(file, *arguments, **named):
        reads[Path(file).name] += 1
        return load(file, *arguments, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(torch, "load", counting)
        yield reads
