"""One training over several machines: torchrun starts each rank with the same command.

The first rank leads: it holds the run folder, prints and measures. The others only train, and wait for it. torch is
imported when the ranks meet.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from matting.errors import UserError

# The other ranks wait while the first one measures the test sets, which takes long at 4K.
PATIENCE = timedelta(days=1)


def several() -> bool:
    """Return whether this process is one rank of several, by the variables of torchrun and srun."""
    return max(int(os.environ.get(key, 1)) for key in ("WORLD_SIZE", "SLURM_STEP_NUM_TASKS")) > 1


def leads() -> bool:
    """Return whether this process is the first rank, or the only process."""
    return int(os.environ.get("RANK", 0)) == 0


def check_command(verb: str, overrides: Sequence[str], is_grid: bool) -> None:
    """Raise UserError where several processes were started for anything but one training."""
    if several() and (verb != "train" or "trainer=nodes" not in overrides or is_grid):
        raise UserError(
            "several processes (torchrun, srun) make one training: torchrun ... -m matting train trainer=nodes ...; "
            "anything else is one command, in which trainer=ddp starts one rank a GPU itself"
        )
    if several() and "RANK" not in os.environ:
        raise UserError("srun starts several processes: let each be torchrun, `srun torchrun ... -m matting train ...`")


def agree(value: bool, accelerator: str) -> bool:
    """Return the first rank's value on all ranks: the disk may have changed when another rank looks."""
    if not several():
        return value
    from torch import distributed

    join(accelerator)
    values = [value]
    distributed.broadcast_object_list(values)
    return values[0]


def check(trainer: Mapping[str, Any]) -> None:
    """Raise UserError for a trainer node with several ranks that nothing starts."""
    nodes, devices = trainer["num_nodes"], trainer["devices"]
    if several():
        return
    if nodes > 1:
        raise UserError(
            f"trainer.num_nodes={nodes}: one training over machines is started by torchrun on each of them: "
            "torchrun ... -m matting train trainer=nodes ..."
        )
    if devices not in (0, 1) and not spawns(trainer):
        raise UserError(
            f"trainer.devices={devices}: several devices of one machine are trainer=ddp trainer.devices={devices}"
        )


def spawns(trainer: Mapping[str, Any]) -> bool:
    """Return whether Lightning starts the ranks from this process."""
    return str(trainer["strategy"]).startswith("ddp_spawn")


def join(accelerator: str) -> None:
    """Wait for the other ranks, if there are any. The first call sets up the process group that Lightning then uses."""
    if not several():
        return
    from torch import cuda, distributed

    if not distributed.is_initialized():
        if accelerator == "gpu":  # NCCL's barrier is on the current device, which is the first one by default
            cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("nccl" if accelerator == "gpu" else "gloo", timeout=PATIENCE)
    distributed.barrier()
