"""Report scales: metrics are raw in code, tables are in the units of a paper, and say so."""

from collections.abc import Mapping
from typing import Any

METRICS = ("mse", "mae", "sad", "grad", "conn")
ROWS = {
    "constant": "best constant",
    "coarse": "coarse map as alpha",
    "mask": "mask as alpha",
    "probability": "its probability as alpha",
    "halves": "pre-trained halves",
    "perfect_mask": "perfect binary mask",
}

# name -> metric -> (factor, heading)
UNITS: dict[str, dict[str, tuple[float, str]]] = {
    "pomagan": {  # POMAGAN Table 1
        "mse": (1e3, "MSE x1e3"),
        "mae": (1e3, "MAE x1e3"),
        "sad": (1e-3, "SAD /1000"),
        "grad": (1.0, "Grad"),
        "conn": (1.0, "Conn"),
    },
    "dim": {  # the habit of Deep Image Matting
        "mse": (1e3, "MSE x1e3"),
        "mae": (1e3, "MAE x1e3"),
        "sad": (1e-3, "SAD /1000"),
        "grad": (1e-3, "Grad /1000"),
        "conn": (1e-3, "Conn /1000"),
    },
    "alphanet": {  # AlphaNet Table I: means over pixels; no public code gives the scale of its last two columns
        "mse": (1e3, "MSE x1e3"),
        "mae": (1e3, "SAD/px x1e3"),
        "grad_px": (1e5, "Grad/px x1e5*"),
        "conn_px": (1e5, "Conn/px x1e5*"),
    },
}
NOT_COMPARABLE = {"alphanet": "* scale not comparable with the paper's figures"}


def headings(units: str = "pomagan") -> list[str]:
    return [heading for _, heading in UNITS[units].values()]


def scaled(values: Mapping[str, float | None], units: str = "pomagan") -> list[str]:
    """The figures of a row as text; a dash where no sample counted."""
    cells = []
    for metric, (factor, _) in UNITS[units].items():
        value = values[metric]
        number = None if value is None else value * factor
        cells.append("-" if number is None else f"{number:.0f}" if abs(number) >= 1000 else f"{number:.4g}")
    return cells


def row_order(rows: Mapping[str, Any]) -> list[str]:
    """Constant, the method's stages, its alpha, the perfect mask."""
    stages = [row for row in rows if row not in ("constant", "alpha", "perfect_mask")]
    return [row for row in ("constant", *stages, "alpha", "perfect_mask") if row in rows]


def row_title(row: str, result: Mapping[str, Any]) -> str:
    return result["names"].get("alpha", "alpha") if row == "alpha" else ROWS.get(row, row)


def region_title(region: str) -> str:
    return f"{region} image" if region == "whole" else f"{region} region"


def size_text(test: Mapping[str, Any]) -> str:
    """`40 samples of 40 subjects, 96x160` (height x width), with how the size came about."""
    asked = test["eval_size"]
    how = "native" if asked == "native" else f"longer side {asked}" if isinstance(asked, int) else "stretched"
    return f"{test['samples']} samples of {test['subjects']} subjects, height x width {sizes_text(test)} ({how})"


def sizes_text(test: Mapping[str, Any]) -> str:
    """The smallest and the largest, height x width; one where they are the same."""
    return " to ".join(dict.fromkeys(f"{height}x{width}" for height, width in test["sizes"]))


def table_text(result: Mapping[str, Any], title: str = "", units: str = "pomagan") -> str:
    """The result of an evaluation as a table for a terminal."""
    lines = []
    for name, test in result["tests"].items():
        lines.append(f"{name}: {size_text(test)}, convention {result['convention']}, {title}")
        regions = list(next(iter(test["rows"].values())))
        for region in regions:
            lines.append(f"  {region_title(region):<26}" + _cells(headings(units)))
            for row in row_order(test["rows"]):
                lines.append(f"  {row_title(row, result):<26}" + _cells(scaled(test["rows"][row][region], units)))
    return "\n".join(lines)


def _cells(cells: list[str]) -> str:
    return "".join(f"{cell:>14}" for cell in cells)
