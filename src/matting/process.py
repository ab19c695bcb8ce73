"""What holds for a process that computes: the command's own, or a rank's that it starts."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from matting.errors import UserError
from matting.memory import keep_freed


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
