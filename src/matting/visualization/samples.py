"""Test samples as pictures: image, maps, error and cut-out, and a sheet of several samples."""

from dataclasses import dataclass

import cv2
import numpy as np

from matting.data.foreground import estimate_foreground
from matting.data.images import read_alpha, read_rgb
from matting.runs.figures import figure_text
from matting.runs.run import Run
from matting.utils.files import damaged, read_json
from matting.visualization.grid import GAP, fitted, sheet

SIDE = 320  # px: the longest side of a picture
SHEET_SIDE, SHEET_WIDTH = 240, 2000  # px: the longest side of a picture in a sheet, the widest sheet
FONT, FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.45
GREEN = np.array((0, 177, 64), np.float32)  # RGB of a green screen


@dataclass(frozen=True)
class Sample:
    """A test sample. planes: column title -> uint8 (H, W, 3) RGB. mse: of the alpha over the whole image, raw."""

    test: str
    kind: str
    id: str
    mse: float
    planes: dict[str, np.ndarray]


def read_samples(evaluation: Run) -> list[Sample]:
    """Read the samples that an evaluation kept: the first, the best and the worst ones of each test set."""
    file = evaluation.folder / "pictures.json"
    if (entries := read_json(file, list)) is None:
        raise damaged(file)
    samples = []
    for entry in entries:
        files = {plane: evaluation.folder / file for plane, file in entry["files"].items()}
        image = reduced(read_rgb(files.pop("image")))
        maps = {plane: reduced(read_alpha(file)) for plane, file in files.items()}
        samples.append(Sample(entry["test"], entry["kind"], entry["id"], entry["mse"], columns(image, maps)))
    return samples


def reduced(plane: np.ndarray) -> np.ndarray:
    """Return uint8 (H, W) or (H, W, 3), reduced to at most SIDE px by area averaging."""
    return plane if max(plane.shape[:2]) <= SIDE else fitted(plane, SIDE, SIDE)


def columns(image: np.ndarray, maps: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the pictures of a sample: image, the method's intermediates, alpha, truth, error, cut-out on green.

    image: uint8 (H, W, 3). maps: uint8 (H, W) by name, `alpha` and `truth` among them.
    """
    alpha, truth = maps["alpha"], maps["truth"]
    intermediates = [name for name in maps if name not in ("alpha", "truth")]
    gray = {name: cv2.cvtColor(maps[name], cv2.COLOR_GRAY2RGB) for name in (*intermediates, "alpha", "truth")}
    error = cv2.applyColorMap(cv2.absdiff(alpha, truth), cv2.COLORMAP_INFERNO)
    return {"image": image, **gray, "error": cv2.cvtColor(error, cv2.COLOR_BGR2RGB), "on green": on_green(image, alpha)}


def on_green(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return the person that `alpha` cuts out, uint8 (H, W, 3) on green.

    The foreground colours are estimated, because an image's soft edges contain its background. This composite is in
    numpy: that of data.compositing needs torch, which reports do not import.
    """
    share = alpha[..., None].astype(np.float32) / 255
    return np.rint(estimate_foreground(image, alpha) * share + GREEN * (1 - share)).astype(np.uint8)


def sheet_of(samples: list[Sample]) -> np.ndarray:
    """Return the first and the worst samples of each test set as uint8 (H, W, 3), at most SHEET_WIDTH px wide."""
    chosen = [sample for sample in samples if sample.kind in ("first", "worst")]
    titles = list(chosen[0].planes)
    side = min(SHEET_SIDE, SHEET_WIDTH // len(titles) - GAP)
    rows = []
    for sample in chosen:
        cells = [fitted(plane, side, side) for plane in sample.planes.values()]
        rows.append([labelled(cells[0], [sample.kind, f"mse {figure_text(sample.mse)}"]), *cells[1:]])
    return sheet(rows, titles)


def text_width(text: str) -> int:
    """Return the width of a label in px."""
    (width, _), _ = cv2.getTextSize(text, FONT, FONT_SCALE, 1)
    return int(width)


def labelled(cell: np.ndarray, lines: list[str]) -> np.ndarray:
    """Return the picture with a label at its foot: one line if it fits, else `lines`, in smaller letters."""
    cell, free = cell.copy(), cell.shape[1] - 14
    if text_width(joined := ", ".join(lines)) <= free:
        lines = [joined]
    cell[-18 * len(lines) :] //= 3
    for below, text in enumerate(reversed(lines)):
        scale = FONT_SCALE * min(1.0, free / text_width(text))
        at = (4, cell.shape[0] - 6 - 17 * below)
        cv2.putText(cell, text, at, FONT, scale, (255, 255, 255), 1, cv2.LINE_AA)
    return cell
