"""Find the pictures, trimaps and background that `matting predict` is asked for."""

import re
from collections.abc import Sequence
from glob import glob
from itertools import takewhile
from pathlib import Path

import numpy as np
from omegaconf import DictConfig
from PIL import ImageColor

from matting.data.images import read_rgb
from matting.data.kinds import EXTENSIONS, check_kind, is_hidden
from matting.data.listing import distinct_names, list_images, pictures_of
from matting.data.trimaps import find_trimaps
from matting.errors import UserError

FOLDERS = ("alpha", "cutout", "composite")


def beside(config: DictConfig, pictures: Sequence[tuple[Path, str]]) -> dict[str, Path]:
    """Return the trimap of each picture by the name of its results; an empty dict if the method takes none.

    Raise UserError where a trimap is missing, or where one is given to a method that takes only the image.
    """
    method = config.method.name
    if "trimap" in config.method.get("inputs", ()):
        if config.trimap is None:
            raise UserError(f"method={method}: takes a trimap for each picture; give trimap=<file or folder>")
        return find_trimaps(config.trimap, pictures)
    if config.trimap is not None:
        raise UserError(f"trimap={config.trimap}: method={method} takes only the picture; leave trimap out")
    return {}


def find_pictures(pattern: str, output: Path, trimap: str | None = None) -> list[tuple[Path, str]]:
    """Return the pictures that a file, a folder or a glob names, each with the name of its results.

    Pictures under `output` are left out; where the input itself is below `output`, only those in the folders of
    results. Trimaps in a folder below the input are left out, too. Raise UserError where no picture is found.
    """
    source = Path(pattern).expanduser()
    if source.is_dir():
        base, found = source, list_images(source, "pictures to predict")
    elif source.is_file():
        check_kind(source, f"input={pattern}")
        base, found = source.parent, [source]
    else:
        base = Path(*takewhile(lambda part: not re.search(r"[*?[]", part), source.parts))
        found = matches(source, base)
    own = output.resolve()
    results = [own / folder for folder in FOLDERS] if base.resolve().is_relative_to(own) else [own]
    if trimap is not None and not base.resolve().is_relative_to(Path(trimap).expanduser().resolve()):
        results.append(Path(trimap).expanduser().resolve())
    kept = [path for path in found if not any(path.resolve().is_relative_to(folder) for folder in results)]
    if found and not kept:
        places = f"output={output}" if trimap is None else f"output={output} or trimap={trimap}"
        raise UserError(f"input={pattern}: all {len(found)} pictures lie in {places}; name another folder")
    if not kept:
        raise UserError(f"input={pattern}: no pictures; expected a file, folder or glob of {', '.join(EXTENSIONS)}")
    return list(zip(kept, distinct_names([path.relative_to(base) for path in kept]), strict=True))


def matches(pattern: Path, base: Path) -> list[Path]:
    """Return the pictures that a glob matches, sorted, by the rules of a folder; base: the part without wildcards."""
    found = sorted(path for path in map(Path, set(glob(str(pattern), recursive=True))) if path.is_file())  # noqa: PTH207
    return pictures_of([path for path in found if not any(map(is_hidden, path.relative_to(base).parts))], base)


def read_background(value: str) -> np.ndarray:
    """Return a picture, uint8 (H, W, 3), or a colour, (1, 1, 3); raise UserError where `value` is neither."""
    try:
        return np.array([[ImageColor.getcolor(value, "RGB")]], np.uint8)
    except (ValueError, OverflowError):
        path = Path(value).expanduser()
    if path.is_file():
        check_kind(path, f"background={value}")
        return read_rgb(path)
    raise UserError(
        f"background={value}: neither a picture nor a colour; give a file, or a colour like green or #00b140"
    )
