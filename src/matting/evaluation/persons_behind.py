"""Backgrounds that show people, whose truth is alpha 0: the figures of a test set without them."""

from collections.abc import Mapping, Sequence
from typing import Any

from matting.data.build import build_sources
from matting.evaluation.measure import means_of


def no_person_behind(rows: Sequence[Mapping[str, Any]], config: Mapping[str, Any], test: str) -> dict[str, Any]:
    """Return the entry `no_person_behind` of a test set's result: means over the samples without such a background.

    Nothing where the test set leaves these backgrounds out already, or its source cannot tell them. rows: of the whole
    test set. config: plain.
    """
    node = config["data"]["test"][test].get("backgrounds")
    if node is None or node.get("exclude_persons") is not False:
        return {}
    key = f"data.test.{test}.backgrounds"
    empty = {*build_sources({test: {**node, "exclude_persons": True}}, config["paths"]["data_root"], key).ids}
    kept = [row for row in rows if row["id"].partition("@")[2] in empty]
    return {"no_person_behind": {"samples": len({row["id"] for row in kept}), "rows": means_of(kept)}} if kept else {}
