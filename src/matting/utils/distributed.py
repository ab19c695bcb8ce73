"""One training over several machines: torchrun starts each rank with the same command. No torch before `join`.

The first rank leads: it holds the run folder, prints, measures. The others train along and wait for it.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

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
    grid = {"-m", "--multirun", "hydra.mode=MULTIRUN"} & {*arguments}
    grid |= {word for word in arguments if word.startswith("experiments=")}
    if several() and (verb != "train" or "trainer=nodes" not in arguments or grid):
        raise UserError(
            "several processes (torchrun, srun) make one training: torchrun ... -m matting train trainer=nodes ...; "
            "anything else is one command, in which trainer=ddp starts a rank a GPU itself"
        )
    if several() and "RANK" not in os.environ:
        raise UserError("srun starts several processes: let each be torchrun, `srun torchrun ... -m matting train ...`")


def agree(value: bool, accelerator: str) -> bool:
    """The first rank's value, on all of them: what it finds on the disk may have changed when another looks."""
    if not several():
        return value
    from torch import distributed

    join(accelerator)
    said = [value]
    distributed.broadcast_object_list(said)
    return said[0]


def check(trainer: Mapping[str, Any]) -> None:
    """Raise UserError for a training of several ranks that nothing starts."""
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
    """Whether Lightning starts the ranks, from this process."""
    return str(trainer["strategy"]).startswith("ddp_spawn")


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
