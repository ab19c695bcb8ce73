"""A benchmark's process as the command's: tests have one thread, and their modules are used here."""

import os

import torch

from matting import memory


def as_command() -> None:
    """All cores, and freed memory is kept."""
    torch.set_num_threads(os.cpu_count() or 1)
    memory.keep_freed()
