"""matting predict: alpha, cut-out and composite of pictures of any size. No torch before the input is checked."""

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from glob import glob
from itertools import takewhile
from pathlib import Path

import numpy as np
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from PIL import ImageColor

from matting.config.derive import SHARED
from matting.config.identity import plain
from matting.data.images import EXTENSIONS, list_images, read_rgb
from matting.data.trimaps import find_trimaps
from matting.errors import Incomplete, UserError
from matting.runs.upstream import below, method_upstream
from matting.utils.console import say

FOLDERS = ("alpha", "cutout", "composite")


def run(config: DictConfig) -> None:
    """The verb. Writes `alpha/<name>.png`, `cutout/<name>.png` and, with a background, `composite/<name>.png`.

    A name is the picture's path below the input, without its suffix unless another picture would get the same one.
    """
    if config.plan:
        for found in method_upstream(plain(config)).values():
            say(f"{found.run.state() if found.run else 'file':<10}  {found.run or found.checkpoint}")
        return
    output = Path(config.output).expanduser()
    pictures = find_pictures(config.input, output, config.trimap)
    trimaps = beside(config, pictures)
    background = None if config.background is None else read_background(config.background)
    folders = FOLDERS if background is not None else FOLDERS[:2]
    checkpoints = trained(config)
    try:
        for folder in folders:
            (output / folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"output={output}: cannot make folders there ({error.strerror}); name another folder") from None
    say(f"predict: {len(pictures)} pictures")
    from matting.prediction import predict

    skipped = predict(plain(config), checkpoints, pictures, output, background, trimaps)
    say(f"predict: {len(pictures) - len(skipped)} of {len(pictures)} pictures done, {', '.join(folders)} in {output}")
    if skipped:
        names = ", ".join(map(str, skipped[:5])) + (", ..." if len(skipped) > 5 else "")
        raise Incomplete(f"{len(skipped)} of {len(pictures)} pictures skipped, for the reasons above: {names}")


def beside(config: DictConfig, pictures: Sequence[tuple[Path, str]]) -> dict[str, Path]:
    """The trimap of each picture, by the name of its results, where the method takes one; else none.

    Raises UserError where a trimap is missing, or given to a method that takes the image alone.
    """
    method = config.method.name
    if "trimap" in config.method.get("inputs", ()):
        if config.trimap is None:
            raise UserError(f"method={method}: takes a trimap beside each picture; give trimap=<file or folder>")
        return find_trimaps(config.trimap, pictures)
    if config.trimap is not None:
        raise UserError(f"trimap={config.trimap}: method={method} takes the picture alone; leave trimap out")
    return {}


def find_pictures(pattern: str, output: Path, trimap: str | None = None) -> list[tuple[Path, str]]:
    """The pictures that a file, a folder or a glob names, each with the name of its results; raises UserError if none.

    Nothing under `output` is taken; where the input itself lies in there, nothing under the folders of results.
    Nor are the trimaps below a folder that lies in the input's.
    """
    source = Path(pattern).expanduser()
    if source.is_dir():
        base, found = source, list_images(source, "pictures to predict")
    elif source.is_file():
        base, found = source.parent, [source]
    else:
        base = Path(*takewhile(lambda part: not re.search(r"[*?[]", part), source.parts))
        matches = map(Path, sorted(set(glob(str(source), recursive=True))))  # noqa: PTH207
        found = [path for path in matches if path.suffix.lower() in EXTENSIONS and path.is_file()]
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
    return list(zip(kept, result_names([path.relative_to(base) for path in kept]), strict=True))


def result_names(paths: Sequence[Path]) -> list[str]:
    """A name of its own for each relative path: `sub/a` for sub/a.jpg; sub/a.jpg and sub/a.png keep their suffixes."""
    names = [path.with_suffix("").as_posix() for path in paths]
    while clashes := {name for name, count in Counter(names).items() if count > 1}:
        names = [path.as_posix() if name in clashes else name for path, name in zip(paths, names, strict=True)]
    return names


def read_background(value: str) -> np.ndarray:
    """uint8 (H, W, 3) of a picture, (1, 1, 3) of a colour; raises UserError for what is neither."""
    try:
        return np.array([[ImageColor.getcolor(value, "RGB")]], np.uint8)
    except (ValueError, OverflowError):
        path = Path(value).expanduser()
    if path.is_file():
        return read_rgb(path)
    raise UserError(f"background={value}: neither a picture nor a colour; give a file, or a colour as green or #00b140")


def trained(config: DictConfig) -> dict[str, Path]:
    """The checkpoint of each network of the method; raises UserError with the command that trains what is missing."""
    upstream = method_upstream(plain(config))
    for key, found in upstream.items():  # a method's last stage comes first: training it trains those it stands on
        if found.run is not None and found.run.result() is None:
            state, leaf = found.run.state(), key.removeprefix("method__")
            command = train_command(config, leaf, found.run.kind)
            raise UserError(
                f"method.{leaf}: {found.run} is not trained ({state}); `{command}` does it, "
                f"or name a run or a checkpoint: method.{leaf}=..."
            )
    return {key: found.checkpoint for key, found in upstream.items()}


def train_command(config: DictConfig, key: str, stage: str) -> str:
    """What trains the run `key` of the method that this command line implies: the choices that both share."""
    given = [word for word in HydraConfig.get().overrides.task if re.split(r"[.=@]", word.lstrip("+~"))[0] in SHARED]
    named = [
        f"stage.{name}={config.method[k]}" for k, name in below(config.method, key) if config.method[k] is not None
    ]
    return shlex.join(["matting", "train", f"stage={stage}", *named, *given])
