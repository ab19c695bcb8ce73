"""What a reader of the papers calls a system: an image in, an alpha out, at the image's own size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from matting.config.instantiate import build
from matting.errors import UserError
from matting.utils.process import device_of


class Method(nn.Module):
    """A trained system, frozen.

    name: as in the reports. intermediates: maps that it also gives beside its alpha, by name and in order (`coarse`,
    `trimap`). measured: those of them that are measured as an alpha would be.
    wants_trimap: whether it takes a trimap beside the image; its config says the same by `inputs: [image, trimap]`,
    which is known before anything is loaded.
    """

    name: str
    intermediates: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    wants_trimap: bool = False

    def forward(self, image: Tensor, trimap: Tensor | None = None) -> dict[str, Tensor]:
        """image (B, 3, H, W) float32 in [0, 1] -> `alpha` and each of `intermediates`, (B, 1, H, W) float32 in [0, 1].

        trimap: (B, 1, H, W) float32 of 0, 0.5 and 1, given to methods that want one and to no other.
        """
        raise NotImplementedError

    def matte(self, image: Tensor, trimap: Tensor | None = None) -> Tensor:
        """The alpha alone, of the same arguments."""
        return self(image, trimap)["alpha"]


def load_method(config: Mapping[str, Any], checkpoints: Mapping[str, Path]) -> tuple[Method, torch.device]:
    """The method of a plain config, its networks loaded, on the device that `trainer` asks for; and that device.

    checkpoints: by key of the method (`method__alpha`). Raises UserError where one does not fit or there is no GPU.
    """
    device = device_of(config)
    paths = {key.removeprefix("method__"): path for key, path in checkpoints.items()}
    told = ("name", "inputs", "upstream", *paths)  # to the verbs, not to the method
    options = {key: value for key, value in config["method"].items() if key not in told}
    method: Method = build(options, **paths)
    inputs = config["method"].get("inputs", ["image"])
    if method.wants_trimap != ("trimap" in inputs):  # verbs have asked for trimaps, or not, by what the config says
        takes = "image and trimap" if method.wants_trimap else "the image alone"
        raise UserError(
            f"method.inputs={inputs}: {method.name} takes {takes}; leave the key as the method's file has it"
        )
    return method.to(device), device
