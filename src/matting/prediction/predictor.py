"""Predict pictures: decode them ahead, run the networks on batches of one size, write the results."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from matting.data.augment import cover
from matting.data.compositing import composite
from matting.data.foreground import estimate_foreground
from matting.data.images import read_rgb, write_image
from matting.data.samplers import MAX_PIXELS
from matting.data.trimaps import read_trimap
from matting.errors import JobError, UserError, disk_is_full
from matting.methods.base import Method, load_method
from matting.utils.console import say, track
from matting.utils.files import replacing
from matting.utils.process import prepare
from matting.visualization.grid import to_bytes

AHEAD = 2  # pictures that are decoded before they are needed


@dataclass(frozen=True)
class Picture:
    """A picture to predict.

    path: the file. name: of its results, without `.png`. image: uint8 (H, W, 3) RGB. trimap: uint8 (H, W) of 0, 128
    and 255, None for methods that take none.
    """

    path: Path
    name: str
    image: np.ndarray
    trimap: np.ndarray | None = None


def predict(
    config: Mapping[str, Any],
    checkpoints: Mapping[str, Path],
    pictures: Sequence[tuple[Path, str]],
    output: Path,
    background: np.ndarray | None,
    trimaps: Mapping[str, Path],
) -> list[Path]:
    """Write the results of (path, name) pairs under `output`; return the paths that were skipped with a line each.

    config: plain, of `matting predict`. checkpoints: by key of the method. background: uint8 (H, W, 3), or (1, 1, 3)
    for a colour. trimaps: files by name, empty unless the method takes trimaps.
    Memory does not grow with the number of pictures. Raise UserError where a network cannot be loaded, JobError where
    the disk is full.
    """
    prepare(config)
    torch.backends.cudnn.benchmark = False  # it would try algorithms for each size of picture
    method, device = load_method(config, checkpoints)
    predictor = Predictor(method, device, config["trainer"]["precision"] == "bf16-mixed")
    with closing(read_ahead(pictures, trimaps)) as ahead:  # else the garbage collector ends its thread at any moment
        stream = track(ahead, "predict", len(pictures)) if config["runtime"]["progress"] else ahead
        for batch in batches(predictor.opened(stream), config["batch_size"]):
            for picture, alpha in predictor.alphas(batch):
                predictor.write(picture, alpha, output, background)
    return predictor.skipped


def read_ahead(
    pictures: Iterable[tuple[Path, str]], trimaps: Mapping[str, Path]
) -> Generator[tuple[Path, Future[Picture]], None, None]:
    """Yield each path with the future of its picture; a few pictures are decoded ahead."""
    ahead: deque[tuple[Path, Future[Picture]]] = deque()
    with ThreadPoolExecutor(1) as reader:
        for path, name in pictures:
            ahead.append((path, reader.submit(read_picture, path, name, trimaps.get(name))))
            if len(ahead) > AHEAD:
                yield ahead.popleft()
        yield from ahead


def read_picture(path: Path, name: str, trimap: Path | None) -> Picture:
    image = read_rgb(path)
    return Picture(path, name, image, None if trimap is None else read_trimap(trimap, image.shape[:2], path))


def batches(pictures: Iterable[Picture], batch_size: int) -> Iterator[list[Picture]]:
    """Group pictures of one size, at most `batch_size`; those that wait for their size have at most MAX_PIXELS."""
    waiting: dict[tuple[int, int], list[Picture]] = {}
    for picture in pictures:
        height, width = picture.image.shape[:2]
        group = waiting.setdefault((height, width), [])
        group.append(picture)
        if len(group) >= min(batch_size, MAX_PIXELS // (height * width)):
            yield waiting.pop((height, width))
        elif sum(rows * columns * len(group) for (rows, columns), group in waiting.items()) > MAX_PIXELS:
            yield waiting.pop(next(iter(waiting)))
    yield from waiting.values()


def out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that memory ran out."""
    text = str(error).lower()  # torch on a CPU and OpenCV raise no class of error for it
    return (
        isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate" in text or "insufficient memory" in text
    )


class Predictor:
    """Apply a method to pictures; one that cannot be read, kept in memory or written is named and skipped."""

    def __init__(self, method: Method, device: torch.device, bf16: bool):
        self.method, self.device, self.bf16 = method, device, bf16
        self.skipped: list[Path] = []

    def skip(self, path: Path, reason: object) -> None:
        say(f"skipped: {reason}")
        self.skipped.append(path)

    def opened(self, stream: Iterable[tuple[Path, Future[Picture]]]) -> Iterator[Picture]:
        """Yield the pictures that can be decoded, with their trimaps."""
        for path, picture in stream:
            try:
                yield picture.result()
            except UserError as error:
                self.skip(path, error)
            except MemoryError:
                self.skip(path, f"{path}: out of memory; scale it down first")

    def alphas(self, batch: list[Picture]) -> Iterator[tuple[Picture, np.ndarray]]:
        """Yield each picture with its alpha, uint8 (H, W); a batch that is too large for the memory is split."""
        try:
            found = self.infer(batch)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
        else:
            for index, (picture, alpha) in enumerate(zip(batch, found, strict=True)):
                if index in self.method.unsolved:
                    self.skip(picture.path, f"{picture.path}: {self.method.unsolved[index]}; try another method")
                else:
                    yield picture, alpha
            return
        # After the except clause, whose traceback would keep the memory of the failed attempt on the device.
        torch.cuda.empty_cache()
        if len(batch) > 1:
            for picture in batch:
                yield from self.alphas([picture])
        else:
            height, width = batch[0].image.shape[:2]
            self.skip(batch[0].path, f"{batch[0].path}: out of memory at {width}x{height} pixels; scale it down first")

    def infer(self, pictures: Sequence[Picture]) -> np.ndarray:
        """Predict pictures of one size: return alphas, uint8 (B, H, W)."""
        images = torch.from_numpy(np.stack([picture.image for picture in pictures])).to(self.device)
        inputs = [images.permute(0, 3, 1, 2).float().div_(255)]
        planes = [picture.trimap for picture in pictures if picture.trimap is not None]
        if planes:
            trimaps = torch.from_numpy(np.stack(planes)).to(self.device)
            inputs.append(trimaps[:, None].float().div_(127.5).round_().div_(2))  # 0, 128, 255 -> 0, 0.5, 1
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            alpha = self.method.matte(*inputs)
        return alpha[:, 0].mul(255).round().byte().cpu().numpy()

    def write(self, picture: Picture, alpha: np.ndarray, output: Path, background: np.ndarray | None) -> None:
        """Write alpha, cut-out and composite of a picture, all from the same 8-bit alpha and foreground."""
        try:
            fgr = foreground(picture, alpha)
            write_whole(output / "alpha" / f"{picture.name}.png", alpha)
            write_whole(output / "cutout" / f"{picture.name}.png", np.dstack([fgr, alpha]))
            if background is not None:
                write_whole(output / "composite" / f"{picture.name}.png", on_background(fgr, alpha, background))
        except OSError as error:
            if disk_is_full(error):
                raise JobError(f"{output}: disk full; free space and repeat the command") from None
            self.skip(picture.path, f"{picture.path}: results cannot be written under {output} ({error.strerror})")
        except UserError as error:
            self.skip(picture.path, error)
        except (MemoryError, RuntimeError, cv2.error) as error:
            if not out_of_memory(error):
                raise
            self.skip(picture.path, f"{picture.path}: out of memory; scale it down first")


def foreground(picture: Picture, alpha: np.ndarray) -> np.ndarray:
    """Return the foreground colours of a picture. Raises UserError where they cannot be estimated."""
    try:
        return estimate_foreground(picture.image, alpha)
    except Exception as error:  # a solver raises whatever its libraries do
        if out_of_memory(error):
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{picture.path}: no foreground colours found ({reason})") from error


def on_background(fgr: np.ndarray, alpha: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Composite the foreground on a picture that covers the frame, or on a colour (1, 1, 3): uint8 (H, W, 3)."""
    bgr = background if background.shape[:2] == (1, 1) else cover(background, *alpha.shape)
    planes = [torch.from_numpy(plane).permute(2, 0, 1).float().div_(255) for plane in (fgr, bgr, alpha[..., None])]
    return to_bytes(composite(*planes))


def write_whole(path: Path, array: np.ndarray) -> None:
    """Write a PNG that appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        write_image(temporary, array)
