"""One training over several machines: torchrun starts each rank with the same command. No torch before `join`.

The first rank leads: it holds the run folder, prints, measures. The others train along and wait for it.
"""

import os
from collections.abc import Sequence
from datetime import timedelta

from matting.errors import UserError

# Measuring the test sets is the first rank's, and takes long at 4K: the others must not take it for lost.
PATIENCE = timedelta(days=1)


def several() -> bool:
    """Whether this process is one rank of several, as torchrun and srun say."""
    return max(int(os.environ.get(key, 1)) for key in ("WORLD_SIZE", "SLURM_STEP_NUM_TASKS")) > 1


def leads() -> bool:
    return int(os.environ.get("RANK", 0)) == 0


def check_command(verb: str, arguments: Sequence[str]) -> None:
    """Raise UserError where ranks are started for what is not one training."""
    if several() and (verb != "train" or "trainer=nodes" not in arguments or {"-m", "--multirun"} & {*arguments}):
        raise UserError(
            "several processes (torchrun, srun) make one training: torchrun ... -m matting train trainer=nodes ...; "
            "anything else is one command, in which trainer=ddp starts a rank a GPU itself"
        )
    if several() and "RANK" not in os.environ:
        raise UserError("srun starts several processes: let each be torchrun, `srun torchrun ... -m matting train ...`")


def join(accelerator: str) -> None:
    """Meet the other ranks, if there are any; the first time sets up what Lightning then uses."""
    if not several():
        return
    from torch import cuda, distributed

    if not distributed.is_initialized():
        if accelerator == "gpu":  # where NCCL's barrier lies; as it is, a machine's first for all of its ranks
            cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("nccl" if accelerator == "gpu" else "gloo", timeout=PATIENCE)
    distributed.barrier()
