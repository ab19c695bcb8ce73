"""A benchmark's process as the command's: tests have one thread, and their modules are used here."""

import os
from functools import cache

import torch

from matting.utils import process
from matting.utils.process import emulates_bf16


def as_command() -> None:
    """All cores, and freed memory is kept."""
    torch.set_num_threads(os.cpu_count() or 1)
    process.keep_freed()


@cache
def has_bf16() -> bool:
    """False, and a line on it, where rows of bf16 would take hours."""
    if emulated := emulates_bf16():
        print("no rows of bf16: this CPU has no bf16 instructions", flush=True)
    return not emulated
