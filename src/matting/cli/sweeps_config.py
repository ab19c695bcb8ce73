"""The keys of launchers and sweepers that a run can fail by; their plugins know the others."""

from typing import Any

from matting.config.fields import key, typed


@typed
class Resources:
    open = True
    num_cpus: float | None = key("cores", None, low=0)
    num_gpus: float | None = key("GPUs, or a share of one", None, low=0)


@typed
class Ray:
    open = True
    init: dict[str, Any] = key("the pool", {}, node=Resources)
    remote: dict[str, Any] = key("what each job gets", {}, node=Resources)


@typed
class Launcher:
    open = True
    n_jobs: int = key("jobs at a time", 1, low=1, also=(-1,))
    batch_size: int = key("jobs that a worker takes at once", 1, low=1, also=("auto",))
    backend: str = key("how joblib runs them", "loky", choices=("loky", "multiprocessing", "threading"))
    verbose: int = key("what joblib prints", 0, low=0)
    ray: dict[str, Any] = key("Ray's own nodes", {}, node=Ray)
    timeout_min: int = key("limit of a job", 1, low=1, unit="minutes")
    signal_delay_s: int = key("time before that limit at which a job is queued again", 1, low=0, unit="seconds")
    max_num_timeout: int = key("how often a job is queued again", 0, low=0)
    array_parallelism: int = key("jobs at a time", 1, low=1)
    nodes: int = key("machines of a job", 1, low=1)
    tasks_per_node: int = key("processes of a job on a machine", 1, low=1)
    cpus_per_task: int | None = key("cores of a process", None, low=1)
    gpus_per_node: int | None = key("GPUs of a job on a machine", None, low=0)
    mem_gb: int | None = key("memory of a job", None, low=1, unit="GB")


@typed
class Sampler:
    open = True
    seed: int | None = key("of the sampler", None, low=0, high=2**32 - 1)
    n_startup_trials: int = key("trials that are drawn at random", 10, low=0)


@typed
class Sweeper:
    open = True
    sampler: Any = key("how trials are drawn", None, node=Sampler, null=True)
    direction: str = key("of the objective", "minimize", choices=("minimize", "maximize"))
    n_trials: int = key("trials over all starts", 20, low=1)
    n_jobs: int = key("trials at a time", 1, low=1)
    max_batch_size: int | None = key("rows that are launched together", None, low=1)
    max_failure_rate: float = key("share of failed trials that ends a search", 1.0, low=0, high=1)


@typed
class Parts:
    launcher: dict[str, Any] = key("how jobs are run", node=Launcher)
    sweeper: dict[str, Any] = key("which jobs there are", node=Sweeper)


@typed
class Hydra:
    hydra: Parts = key("launcher and sweeper")
