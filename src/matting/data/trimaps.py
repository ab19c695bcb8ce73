"""Find and read the trimap files of pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from matting.data.images import as_shown, read_alpha
from matting.data.kinds import check_kind
from matting.data.listing import index_images
from matting.errors import UserError
from matting.utils.console import say

VALUES = np.array([0, 128, 255], np.uint8)  # background, unknown, foreground
TOLERANCE = 32  # the most by which JPEG may have changed a value
MAX_OUTLIERS = 0.01  # the share of pixels that may be further off


def find_trimaps(trimap: str, pictures: Sequence[tuple[Path, str]]) -> dict[str, Path]:
    """Return the trimap file of each picture by the picture's name.

    trimap: a file, for a single picture, or a folder with an image `<name>.<any suffix>` for each. pictures: (path,
    name) of each. Raises UserError for a picture without a trimap.
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
    check_kind(found, f"trimap={trimap}")
    return {name: found for _, name in pictures}


def read_trimap(file: Path, size: tuple[int, int], picture: Path | None = None) -> np.ndarray:
    """Read a trimap, uint8 (H, W) of 0 (background), 128 (unknown) and 255 (foreground).

    127 counts as 128. Other values are set to the nearest of the three, with a warning, if fewer than 1 % of the pixels
    are more than 32 away, as in a JPEG.
    size: the picture's (height, width). picture: its file; where EXIF turns it, a trimap of its stored size is turned,
    too. Raises UserError for another size, and for a file that is no trimap: more
    outliers than that, or only values near 0.
    """
    plane = read_alpha(file)
    if plane.shape != size and picture is not None:
        turned = as_shown(plane, picture)
        plane = turned if turned.shape == size else plane
    if plane.shape != size:
        sizes = f"{plane.shape[1]}x{plane.shape[0]} pixels, its picture has {size[1]}x{size[0]}"
        raise UserError(f"{file}: a trimap of {sizes}; expected one size")
    # Tables over the 256 values: the nearest of the three, and the distance to it.
    nearest = VALUES[np.searchsorted([64, 192], np.arange(256), side="right")]
    distance = np.abs(np.arange(256) - nearest.astype(int))
    distance[127] = 0
    count = np.bincount(plane.ravel(), minlength=256)
    changed, outliers = count[distance > 0].sum(), count[distance > TOLERANCE].sum()
    snapped = nearest[plane]
    if outliers >= MAX_OUTLIERS * plane.size or (changed and not snapped.any()):
        values = np.flatnonzero(count)
        listed = ", ".join(map(str, values[:8])) + (f", ... ({len(values)} values)" if len(values) > 8 else "")
        raise UserError(f"{file}: values {listed}; expected a trimap of 0, 128 and 255")
    if changed:
        say(f"warning: {file}: {changed / plane.size:.2%} of the pixels are not 0, 128 or 255; the nearest is taken")
    return snapped
