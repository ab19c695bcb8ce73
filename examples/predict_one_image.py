"""Predict the alpha of one image with the networks of a finished run.

    python examples/predict_one_image.py photo.jpg alpha.png method=pomagan scale=quick

The overrides are those of `matting predict`: they name the method and the run. Train it first, for example with
`matting reproduce recipe=pomagan scale=quick`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.images import read_rgb, write_image
from matting.methods.base import Method, load_method
from matting.runs.upstream import method_upstream


def load(overrides: Sequence[str]) -> tuple[Method, torch.device]:
    """Return the method that the overrides choose, with its trained networks, and its device.

    Raises SystemExit when a network is not trained yet.
    """
    schema.register()
    config = plain(compose_config("evaluate", overrides))
    found = method_upstream(config)
    for key, upstream in found.items():
        if not upstream.checkpoint.is_file():
            raise SystemExit(f"{key}: {upstream.checkpoint} is missing; train the method first")
    return load_method(config, {key: upstream.checkpoint for key, upstream in found.items()})


def predict(method: Method, device: torch.device, image: np.ndarray) -> np.ndarray:
    """Return the alpha of an image: uint8 (H, W, 3) RGB -> uint8 (H, W)."""
    batch = torch.from_numpy(image).to(device).permute(2, 0, 1)[None].float() / 255
    alpha = method.matte(batch)  # (1, 1, H, W) in [0, 1], at the image's own size
    return (alpha[0, 0] * 255).round().byte().cpu().numpy()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Predict the alpha of one image with a trained method.")
    parser.add_argument("image", type=Path)
    parser.add_argument("alpha", type=Path)
    parser.add_argument("overrides", nargs="*", help="as of matting predict, for example method=pomagan scale=quick")
    arguments = parser.parse_args(argv)
    method, device = load(arguments.overrides)
    write_image(arguments.alpha, predict(method, device, read_rgb(arguments.image)))


if __name__ == "__main__":
    main()
