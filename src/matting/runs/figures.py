"""The figures of a run, raw, under the keys of the logs: `val/whole/mse`, `test/aim/whole/mse`."""

from collections.abc import Mapping
from statistics import mean
from typing import Any

from matting.utils.columns import aligned

VAL = "val/whole/mse"
TEST = "test/whole/mse"  # the mean of the test sets


def figures(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of a training's or an evaluation's result.json by key, without those of empty regions.

    Keys are `val/<region>/<metric>` and `test/<test set>/<region>/<metric>`. The rows of an evaluation beside the alpha
    have their name in place of `test`.
    """
    return {key: value for key, value in of_all(result).items() if value is not None and not key.endswith("/n_empty")}


def of_all(result: Mapping[str, Any]) -> dict[str, float | None]:
    """Return all figures of a result by key: None for a metric whose region was empty in each image.

    Pictures without people stand there as a region.
    """
    if "tests" in result:
        return {
            f"{'test' if row == 'alpha' else row}/{test}/{region}/{metric}": value
            for test, node in result["tests"].items()
            for row, regions in node["rows"].items()
            for region, values in {**regions, **without_people(node, row)}.items()
            for metric, value in values.items()
        }
    tests = {name: node for name, node in result.items() if isinstance(node, dict) and name != "val"}
    measured = {f"test/{test}/{key}": value for test, node in tests.items() for key, value in node.items()}
    return {**result.get("val", {}), **measured}


def without_people(test: Mapping[str, Any], row: str) -> dict[str, dict[str, float]]:
    """Return a row's figures of pictures without people like those of a region; nothing where none were measured."""
    rows = test.get("without_people", {"rows": {}})["rows"]
    return {"without_people": rows[row]} if row in rows else {}


def test_mse(result: Mapping[str, Any]) -> float | None:
    """Return the mean MSE of the whole image over the test sets; None where nothing was measured."""
    key = TEST.removeprefix("test")
    found = [value for name, value in figures(result).items() if name.startswith("test/") and name.endswith(key)]
    return mean(found) if found else None


def figures_text(result: Mapping[str, Any]) -> str:
    """Return the figures of a result as text, a line for each region of a set: `val/whole  mse 0.0461  mae 0.12`."""
    lines: dict[str, list[str]] = {}
    for key, value in figures(result).items():
        place, _, metric = key.rpartition("/")
        lines.setdefault(place, []).append(f"{metric} {figure_text(value)}")
    return aligned([[place, "  ".join(words)] for place, words in lines.items()], whole=(0,), indent=2) if lines else ""


def figure_text(value: float) -> str:
    """Return a raw figure with four digits: `0.0461`, `1.2e-05`, `1204`."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.4g}"
