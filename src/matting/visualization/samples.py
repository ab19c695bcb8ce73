"""The pictures of a report: loss curves and sample rows. No torch."""

from dataclasses import dataclass

import cv2
import numpy as np

from matting.data.foreground import estimate_foreground
from matting.data.images import read_alpha, read_rgb
from matting.ops.resize import shrink
from matting.runs.run import Run
from matting.utils.files import damaged, read_json
from matting.visualization.grid import GAP, sheet

SIDE = 320  # px of a picture's longer side, at most
SHEET_SIDE, SHEET_WIDTH = 240, 2000  # px
FONT, FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.45
GREEN = np.array((0, 177, 64), np.float32)


@dataclass(frozen=True)
class Sample:
    """A test sample as pictures: column title -> uint8 (H, W, 3) RGB. mse: of the alpha, whole image, raw."""

    test: str
    kind: str
    id: str
    mse: float
    planes: dict[str, np.ndarray]


def read_samples(evaluation: Run) -> list[Sample]:
    """The samples that an evaluation kept: the first ones, the best and the worst of each test set."""
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
    height, width = plane.shape[:2]
    scale = SIDE / max(height, width)
    return plane if scale >= 1 else shrink(plane, (max(1, round(height * scale)), max(1, round(width * scale))))


def columns(image: np.ndarray, maps: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The pictures of a row: image, the method's stages, alpha, truth, error and the cut-out on green.

    image: uint8 (H, W, 3). maps: uint8 (H, W) by name, with `alpha` and `truth`.
    """
    alpha, truth = maps["alpha"], maps["truth"]
    stages = [name for name in maps if name not in ("alpha", "truth")]
    gray = {name: cv2.cvtColor(maps[name], cv2.COLOR_GRAY2RGB) for name in (*stages, "alpha", "truth")}
    error = cv2.applyColorMap(cv2.absdiff(alpha, truth), cv2.COLORMAP_INFERNO)
    return {"image": image, **gray, "error": cv2.cvtColor(error, cv2.COLOR_BGR2RGB), "on green": on_green(image, alpha)}


def on_green(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The person that `alpha` cuts out, in estimated foreground colours: the image's own bring their background."""
    share = alpha[..., None].astype(np.float32) / 255
    return np.rint(estimate_foreground(image, alpha) * share + GREEN * (1 - share)).astype(np.uint8)


def sheet_of(samples: list[Sample]) -> np.ndarray:
    """uint8 (H, W, 3), at most SHEET_WIDTH wide: the first and the worst samples of each test set."""
    chosen = [sample for sample in samples if sample.kind in ("first", "worst")]
    titles = list(chosen[0].planes)
    side = min(SHEET_SIDE, SHEET_WIDTH // len(titles) - GAP)
    rows = []
    for sample in chosen:
        cells = [enlarged(plane, side) for plane in sample.planes.values()]
        rows.append([labelled(cells[0], [sample.kind, f"MSE {1e3 * sample.mse:.3g}e-3"]), *cells[1:]])
    return sheet(rows, titles)


def enlarged(plane: np.ndarray, side: int) -> np.ndarray:
    height, width = plane.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def text_width(text: str) -> int:
    (width, _), _ = cv2.getTextSize(text, FONT, FONT_SCALE, 1)
    return int(width)


def labelled(cell: np.ndarray, lines: list[str]) -> np.ndarray:
    """The picture with text at its foot, in one line if that fits; smaller where even those given are too wide."""
    cell, free = cell.copy(), cell.shape[1] - 14
    if text_width(joined := ", ".join(lines)) <= free:
        lines = [joined]
    cell[-18 * len(lines) :] //= 3
    for below, text in enumerate(reversed(lines)):
        scale = FONT_SCALE * min(1.0, free / text_width(text))
        at = (4, cell.shape[0] - 6 - 17 * below)
        cv2.putText(cell, text, at, FONT, scale, (255, 255, 255), 1, cv2.LINE_AA)
    return cell
