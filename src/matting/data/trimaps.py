"""Trimap files beside pictures: found by name, read to three values. No torch here."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from matting.data.images import read_alpha
from matting.data.sources.base import index_images
from matting.errors import UserError
from matting.utils.console import say

VALUES = np.array([0, 128, 255], np.uint8)  # background, unknown, foreground
REACH = 32  # how far from its value JPEG may leave a pixel
STRAYS = 0.01  # the share of pixels that may be further off


def find_trimaps(trimap: str, pictures: Sequence[tuple[Path, str]]) -> dict[str, Path]:
    """name -> trimap of (path, name) pairs: one file for one picture, or of a folder the image `<name>.<any suffix>`.

    Raises UserError naming the picture whose trimap is missing.
    """
    found = Path(trimap).expanduser()
    if found.is_dir():
        files = index_images(found, "a trimap for each picture")
        for path, name in pictures:
            if name not in files:
                raise UserError(f"{path}: no trimap; expected {found / name}.png or another kind of image")
        return {name: files[name] for _, name in pictures}
    if not found.is_file():
        raise UserError(
            f"trimap={trimap}: no such file or folder; give a trimap, or a folder with one for each picture"
        )
    if len(pictures) > 1:
        raise UserError(f"trimap={trimap}: one file for {len(pictures)} pictures; give a folder with one for each")
    return {name: found for _, name in pictures}


def read_trimap(file: Path, size: tuple[int, int]) -> np.ndarray:
    """uint8 (H, W) of 0 (background), 128 (unknown) and 255 (foreground).

    127 is 128. Other values are set to the nearest of the three, with a line that says so, where every pixel lies
    within 32 of one, as JPEG leaves them, or fewer than 1 % lie further off.
    size: the picture's (height, width). Raises UserError for another size, and for what is no trimap: other values
    than that, or nothing but near-black.
    """
    plane = read_alpha(file)
    if plane.shape != size:
        sizes = f"{plane.shape[1]}x{plane.shape[0]} pixels, its picture has {size[1]}x{size[0]}"
        raise UserError(f"{file}: a trimap of {sizes}; expected one size")
    nearest = np.searchsorted([64, 192], np.arange(256), side="right")
    table = VALUES[nearest]
    away = np.abs(np.arange(256) - table.astype(int))
    away[127] = 0
    count = np.bincount(plane.ravel(), minlength=256)
    off, strays = count[away > 0].sum(), count[away > REACH].sum()
    snapped = table[plane]
    if strays >= STRAYS * plane.size or (off and not snapped.any()):
        values = np.flatnonzero(count)
        listed = ", ".join(map(str, values[:8])) + (f", ... ({len(values)} values)" if len(values) > 8 else "")
        raise UserError(f"{file}: values {listed}; expected a trimap of 0, 128 and 255")
    if off:
        say(f"warning: {file}: {off / plane.size:.2%} of the pixels are not 0, 128 or 255; the nearest is taken")
    return snapped
