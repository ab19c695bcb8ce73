"""Load weights from torchvision's hub, from files and from checkpoints; initialise by He's rule."""

import pickle
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from matting.errors import UserError

SHOWN = 3  # differences that an error names


def hub_state(arch: str) -> dict[str, Tensor]:
    """Return torchvision's first ImageNet weights of `arch` from the hub; raise UserError where it has none."""
    from torchvision.models import get_model_weights

    try:
        return get_model_weights(arch)["IMAGENET1K_V1"].get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise no_download(arch, error) from error


def no_download(arch: str, error: Exception) -> UserError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UserError(
        f"weights: imagenet: the {arch} weights cannot be downloaded ({reason}): "
        "give a file with them (weights: <file>), or weights: none"
    )


def file_state(name: str) -> dict[str, Tensor]:
    """Read a state dict from a .safetensors file or one that torch loads with weights_only; raise UserError."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    file = Path(name).expanduser()
    if not file.is_file():
        raise UserError(f"weights: expected imagenet, none or a file, and there is no file {name}")
    try:
        state = load_file(file) if file.suffix == ".safetensors" else torch.load(file, "cpu", weights_only=True)
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{name}: expected a state dict of tensors, cannot be read ({reason})") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise UserError(f"{name}: expected a state dict of tensors: save model.state_dict() alone")
    return state


def trunk_state(state: dict[str, Tensor], prefix: str, heads: tuple[str, ...]) -> dict[str, Tensor]:
    """Return the entries of a trunk: without those of the heads (`classifier.`), and keys without `prefix`."""
    return {key.removeprefix(prefix): value for key, value in state.items() if not key.startswith(heads)}


def load_trunk(trunk: nn.Module, arch: str, weights: str, known: Collection[str] | None = None) -> None:
    """Load the weights `imagenet` or those of a file into the convolutional layers of torchvision's `arch`.

    known: as for `load_weights`, which raises the errors; keys of the classifier may be there, too.
    """
    hub = weights == "imagenet"
    state = trunk_state(hub_state(arch) if hub else file_state(weights), "features.", ("classifier.",))
    name = f"{arch} imagenet" if hub else weights
    load_weights(trunk, state, name, f"expected torchvision's keys of {arch}", prefix="features.", known=known)


def load_weights(
    module: nn.Module,
    state: Mapping[str, Tensor],
    name: str,
    advice: str,
    prefix: str = "",
    part: str = "network",
    known: Collection[str] | None = None,
) -> None:
    """Copy `state`, of any float dtype, into `module`; raise UserError with the first keys and shapes that differ.

    The error begins with `name`, the file or the source of the weights, and ends with `advice`. prefix: put before the
    module's keys there. part: what the module is called there.
    known: all keys that `state` may have, where they are more than the module's. The batch counters of batch norms may
    be missing: only a norm without momentum reads them.
    """
    needed = module.state_dict()
    problems = []
    for key, value in needed.items():
        if key not in state:
            if not key.endswith("num_batches_tracked"):
                problems.append(f"{prefix}{key} is missing")
        elif state[key].shape != value.shape:
            problems.append(f"{prefix}{key} has shape {tuple(state[key].shape)} instead of {tuple(value.shape)}")
    problems += [f"{key} is no key of the {part}" for key in state if key not in (known or needed)]
    if problems:
        more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise UserError(f"{name}: {', '.join(problems[:SHOWN])}{more}; {advice}")
    module.load_state_dict({key: state[key] for key in needed if key in state})


def init_he(module: nn.Module, generator: torch.Generator | None = None) -> None:
    """Draw convolutions from N(0, 2 / fan-in) (He et al.) and set biases to 0; norms keep scale 1 and shift 0.

    generator: None takes the global one.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
