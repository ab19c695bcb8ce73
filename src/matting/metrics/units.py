"""The units of published tables: code computes raw metrics, tables show them in the units of a paper.

Also the titles of a result's rows, regions and sizes, as all tables write them.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from matting.config.compose import options
from matting.config.files import merged
from matting.config.nodes import beside
from matting.utils.columns import aligned

METRICS = ("mse", "mae", "sad", "grad", "conn")
ROWS = {"constant": "best constant", "perfect_mask": "perfect binary mask"}  # of every method

# name of the units -> metric -> (factor from the raw figure, heading)
UNITS: dict[str, dict[str, tuple[float, str]]] = {
    "pomagan": {  # POMAGAN Table 1
        "mse": (1e3, "MSE x1e3"),
        "mae": (1e3, "MAE x1e3"),
        "sad": (1e-3, "SAD /1000"),
        "grad": (1.0, "Grad"),
        "conn": (1.0, "Conn"),
    },
    "dim": {  # the units that papers use since Deep Image Matting
        "mse": (1e3, "MSE x1e3"),
        "mae": (1e3, "MAE x1e3"),
        "sad": (1e-3, "SAD /1000"),
        "grad": (1e-3, "Grad /1000"),
        "conn": (1e-3, "Conn /1000"),
    },
    "alphanet": {  # AlphaNet Table I: means over pixels; no public code defines the scale of its last two columns
        "mse": (1e3, "MSE x1e3"),
        "mae": (1e3, "SAD/px x1e3"),
        "grad_px": (1e5, "Grad/px x1e5*"),
        "conn_px": (1e5, "Conn/px x1e5*"),
    },
    "without_people": {  # of pictures without people, which no paper measures: see `evaluation.without_people`
        "mean_alpha": (1.0, "mean alpha"),
        "above_half": (1e2, "% above 0.5"),
        "mse": (1e3, "MSE x1e3"),
    },
}
NOT_COMPARABLE = {"alphanet": "* scale not comparable with the paper's figures"}


def headings(units: str = "pomagan") -> list[str]:
    """Return the column headings of a table in these units."""
    return [heading for _, heading in UNITS[units].values()]


def scaled(values: Mapping[str, float | None], units: str = "pomagan") -> list[str]:
    """Return the figures of a row as text, in these units; a dash where the region of every sample was empty."""
    cells = []
    for metric, (factor, _) in UNITS[units].items():
        value = values[metric]
        number = None if value is None else value * factor
        cells.append("-" if number is None else f"{number:.0f}" if abs(number) >= 1000 else f"{number:.4g}")
    return cells


def row_order(rows: Mapping[str, Any]) -> list[str]:
    """Return the names of a result's rows in the order of tables: constant, intermediates, alpha, perfect mask."""
    intermediates = [row for row in rows if row not in ("constant", "alpha", "perfect_mask")]
    return [row for row in ("constant", *intermediates, "alpha", "perfect_mask") if row in rows]


def row_title(row: str, result: Mapping[str, Any]) -> str:
    """Return the title of a result's row; the row `alpha` has the name of the method."""
    return result["names"].get("alpha", "alpha") if row == "alpha" else {**of_methods(), **ROWS}.get(row, row)


@cache
def of_methods() -> dict[str, str]:
    """Return the titles that the methods give to their rows."""
    targets = [merged("method", choice)["_target_"] for choice in options("method")]
    return {row: title for target in targets for row, title in getattr(beside(target), "rows", ())}


def region_title(region: str) -> str:
    """Return `whole image` or, say, `unknown region`."""
    return f"{region} image" if region == "whole" else f"{region} region"


def size_text(test: Mapping[str, Any]) -> str:
    """Return the samples, subjects and sizes of a test set, and how it was resized for the evaluation."""
    asked = test["eval_size"]
    how = "native" if asked == "native" else f"longer side {asked}" if isinstance(asked, int) else "stretched"
    return f"{test['samples']} samples of {test['subjects']} subjects, height x width {sizes_text(test)} ({how})"


def sizes_text(test: Mapping[str, Any]) -> str:
    """Return the smallest and the largest size of a test set, height x width; one size if they are the same."""
    return " to ".join(dict.fromkeys(f"{height}x{width}" for height, width in test["sizes"]))


def without_people_cells(found: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the rows and figures, as text, of an entry `without_people` of a result, in the order of tables."""
    return [(row, scaled(found["rows"][row], "without_people")) for row in row_order(found["rows"])]


def table_text(result: Mapping[str, Any], title: str = "", units: str = "pomagan") -> str:
    """Return the result of an evaluation as text for a terminal: by test set and region, one line a row."""
    lines, heads = [], headings(units)
    for name, test in result["tests"].items():
        lines.append(f"{name}: {size_text(test)}, convention {result['convention']}, {title}")
        for region in next(iter(test["rows"].values())):
            rows = [[region_title(region), *heads]]
            for row in row_order(test["rows"]):
                rows.append([row_title(row, result), *scaled(test["rows"][row][region], units)])
            lines.append(aligned(rows, figures=True, least=[26, *[12] * len(heads)], indent=2))
        if found := test.get("without_people"):
            rows = [["pictures without people", *headings("without_people")]]
            rows += [[row_title(row, result), *figures] for row, figures in without_people_cells(found)]
            lines.append(aligned(rows, figures=True, least=[26, 12, 12, 12], indent=2))
    return "\n".join(lines)
