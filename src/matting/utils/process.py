"""What holds for a process that computes: the command's own, or a rank's that it starts."""

import ctypes
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import lightning
import torch

from matting.errors import UserError
from matting.utils.console import say


def settle(threads: int | None) -> None:
    """Memory, threads and precision, and silence where libraries have no news. threads: None, what torch takes."""
    keep_freed()
    if threads is not None:
        torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)  # what comes out is the same
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    warnings.filterwarnings("ignore", ".*LeafSpec.*")
    warnings.filterwarnings("ignore", ".*in eval mode.*")  # frozen networks are meant to be
    warnings.filterwarnings("ignore", ".*your dataloader is not resumable.*")  # its sampler is


def device_of(config: Mapping[str, Any]) -> torch.device:
    """The device that `trainer.accelerator` asks for; raises UserError where it is not there."""
    if config["trainer"]["accelerator"] != "gpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise UserError("trainer.accelerator=gpu: no CUDA device is visible here; use trainer=cpu")
    return torch.device("cuda")


def emulates_bf16() -> bool:
    """Whether this is an x86 without bf16 instructions, of AVX-512 or AMX: bf16 takes 3 to 20 times as long there."""
    has = torch.cpu.get_capabilities()
    return has["architecture"] == "x86_64" and not (has["avx512_bf16"] or has["amx_bf16"])


@contextmanager
def one_thread() -> Iterator[None]:
    """torch computes on the calling thread alone."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


# glibc's numbers of what mallopt sets.
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4


def keep_freed() -> None:
    """Have memory that is freed kept for the next step.

    glibc maps each large array anew and gives it back when it is freed: the kernel clears the pages of every large
    tensor at every step. The heap grows by 256 MB at a time instead and is never cut. Nothing where there is no glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for setting, value in ((MMAP_MAX, 0), (TRIM_THRESHOLD, -1), (TOP_PAD, 2**28)):
            mallopt(setting, value)


def prepare(config: Mapping[str, Any]) -> None:
    """Check the device, set up the process, and seed the libraries. Each draw of data has a separate seed."""
    device, precision = device_of(config), config["trainer"]["precision"]
    if precision == "bf16-mixed" and device.type == "cpu" and emulates_bf16():
        say("warning: trainer.precision=bf16-mixed: many times slower than 32-true on this CPU: no bf16 instructions")
    settle(config["runtime"]["threads"])
    lightning.seed_everything(config["seed"], verbose=False)
