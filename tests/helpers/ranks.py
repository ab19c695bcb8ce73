"""Work done on two ranks that are forked from this process."""

import json
import os
import socket

import torch
from torch.multiprocessing import start_processes

from matting.utils import distributed
from matting.utils.files import write_json


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def on_two_ranks(folder, work):
    """What `work(rank)` gives on each of two ranks. Forked: a process that is spawned would import torch first."""
    port = free_port()

    def rank(at):
        os.environ |= {"WORLD_SIZE": "2", "RANK": f"{at}", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": f"{port}"}
        torch.set_num_threads(1)
        distributed.join("cpu")
        write_json(folder / f"{at}.json", work(at))
        torch.distributed.destroy_process_group()

    start_processes(rank, nprocs=2, start_method="fork")
    return [json.loads((folder / f"{at}.json").read_text()) for at in range(2)]
