"""The files of weights that networks download, and whether they are there. No torch: plans ask for them, too.

They lie where torch.hub and huggingface_hub keep them.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# torchvision's first ImageNet weights: file and megabytes.
TORCHVISION = {
    "vgg19": ("vgg19-dcbb9e9d.pth", 548),
    "vgg16": ("vgg16-397923af.pth", 528),
    "mobilenet_v2": ("mobilenet_v2-b0353104.pth", 14),
}


def hub_folder() -> Path:
    """Return the folder in which torch.hub keeps files of weights."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    return Path(os.environ.get("TORCH_HOME", cache / "torch")).expanduser() / "hub" / "checkpoints"


def hugging_face_folder() -> Path:
    """Return the folder in which huggingface_hub keeps its models."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    home = Path(os.environ.get("HF_HOME", cache / "huggingface")).expanduser()
    return Path(os.environ.get("HF_HUB_CACHE", home / "hub")).expanduser()


def missing_downloads(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the file, and the size where it is known, of each download that the networks of a training need."""
    net, vgg = config.get("net", {}), config.get("loss", {}).get("perceptual") or {}
    names = [vgg["arch"]] if vgg.get("weight") and vgg.get("weights") == "imagenet" else []
    names += ["mobilenet_v2"] if net.get("mat", {}).get("weights") == "imagenet" else []
    for name in names:
        file, size = TORCHVISION[name]
        if not (hub_folder() / file).is_file():
            yield f"{hub_folder() / file} ({size} MB)"
    seg = net.get("seg", {})
    if seg.get("weights") == "imagenet" and not any(hugging_face_folder().glob(f"models--*{seg['encoder']}*")):
        yield f"{hugging_face_folder()}: ImageNet weights of {seg['encoder']}"
