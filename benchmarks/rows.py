"""One benchmark in a process of its own; apart from `__main__`, of which a spawned process knows nothing."""

import importlib
import json
import os
import signal
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread

OUTPUT = Path("outputs/bench")


def write_rows(name: str, number: int | None) -> None:
    """Measure, and write <name>.json."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
    Thread(target=stop_with_parent, daemon=True).start()
    measure = importlib.import_module(f"benchmarks.bench_{name}").measure
    rows = measure() if number is None else measure(number)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")


def stop_with_parent() -> None:
    """Ctrl-C for this process when the one above is gone: left behind it would slow down whatever is measured next."""
    parent_process().join()
    os.kill(os.getpid(), signal.SIGINT)
