"""Build what a config's `_target_` names. Only our own classes and known kinds of library classes are allowed."""

import importlib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from matting.errors import UserError

LIBRARIES = (
    "torch",
    "torchvision",
    "lightning",
    "torchmetrics",
    "albumentations",
    "kornia",
    "segmentation_models_pytorch",
)
KINDS = (
    "torch.nn.Module",
    "torch.optim.Optimizer",
    "torch.optim.lr_scheduler.LRScheduler",
    "torchmetrics.Metric",
    "lightning.pytorch.Callback",
    "lightning.pytorch.loggers.Logger",
    "lightning.pytorch.profilers.Profiler",
    "albumentations.BasicTransform",
)


def locate(path: str) -> Any:
    """Import the object at a dotted path; raises UserError where there is none or a package is not installed."""
    names = path.split(".")
    for end in range(len(names) - 1, 0, -1):
        module = ".".join(names[:end])
        try:
            found: Any = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name and not module.startswith(error.name):
                raise UserError(f"{path}: needs the package {error.name!r}, which is not installed") from None
            continue
        for name in names[end:]:
            if not hasattr(found, name):
                raise UserError(f"_target_={path}: {module} has no {'.'.join(names[end:])}")
            found = getattr(found, name)
        return found
    raise UserError(f"_target_={path}: no such object; expected the dotted path of a class")


def resolve(path: str, kind: str | None = None) -> Any:
    """Return the class at a dotted path that a config may build; raises UserError for any other object.

    Allowed are sources of data, and classes of matting and of a few libraries that are a Module, Optimizer,
    LRScheduler, Metric, Callback, Logger, Profiler or albumentations transform. A prefix alone would be no restriction:
    `torch.load` runs code. The library is checked before it is imported. kind: dotted path of a required base class.
    """
    library = path.split(".")[0]
    allowed = f"allowed: sources, modules, optimizers, metrics, callbacks, loggers of matting, {', '.join(LIBRARIES)}"
    if library != "matting" and library not in LIBRARIES:
        raise UserError(f"_target_={path}: not allowed in a config; {allowed}")
    found = locate(path)
    if inspect.isclass(found) and (found.__module__.split(".")[0] == "matting" or library != "matting"):
        if kind is None and found.__module__.startswith("matting.data.sources."):
            return found
        near = [one for one in KINDS if one.split(".")[0] in (library, "torch", "lightning")]
        if any(issubclass(found, locate(one)) for one in ([kind] if kind else near)):
            return found
    raise UserError(f"_target_={path}: not allowed in a config; {allowed}")


def build(node: Mapping[str, Any], kind: str | None = None, /, **more: Any) -> Any:
    """Call a node's `_target_` with the node's other keys and `more`; kind: see `resolve`.

    Raises UserError for a key that the target does not take, and for one that it needs and the node lacks.
    """
    arguments = {str(key): value for key, value in node.items() if key != "_target_"}
    found = resolve(str(node["_target_"]), kind)
    check_arguments(node, found, arguments, more)
    return found(**arguments, **more)


def check_arguments(node: Mapping[str, Any], found: Any, given: Iterable[str], more: Iterable[str] | None) -> None:
    """Raise UserError for keys that a class does not take or that it needs.

    more: names of arguments that the code passes; None where they are not known, and missing keys cannot be found.
    """
    parameters = inspect.signature(found).parameters.values()
    theirs = () if more is None else tuple(more)
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name not in theirs]
    takes = {p.name for p in named}
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    problems = [f"takes no {key}" for key in given if key in theirs or (key not in takes and not open_ended)]
    if more is not None:
        problems += [f"needs {p.name}" for p in named if p.default is p.empty and p.name not in given]
    if problems:
        raise UserError(
            f"_target_={node['_target_']}: {', '.join(problems)}; its arguments: {', '.join(p.name for p in named)}"
        )


def check_built(config: Mapping[str, Any]) -> None:
    """Raise UserError for a stage, network, optimizer, logger or method of a plain config that cannot be built.

    Called before any run begins: some of these are built only after hours of upstream training.
    """
    nodes = [*config.get("net", {}).values(), *config.get("optim", {}).values(), *config["logger"].values()]
    if "method" in config:
        method = config["method"]
        not_arguments = ("name", "inputs", "upstream", *method["upstream"])  # keys that the verbs read
        nodes.append({key: value for key, value in method.items() if key not in not_arguments})
    if "stage" in config:
        resolve(str(config["stage"]["_target_"]))
    for node in nodes:
        if isinstance(node, Mapping):
            given = [key for key in node if key != "_target_"]
            check_arguments(node, resolve(str(node["_target_"])), given, None)
    for node in config["logger"].values():
        if check_node := getattr(resolve(str(node["_target_"])), "check_node", None):
            check_node(node)
