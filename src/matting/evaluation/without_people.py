"""Pictures without people: how much of them a method takes for a person.

A network that was trained on people alone may find one in any picture, and test sets of composites do not show it.
"""

from collections import defaultdict
from typing import Any

import numpy as np

from matting.data.build import build_sources
from matting.data.datamodule import CompositeData
from matting.data.dataset import EvalComposites, spread
from matting.data.pairing import Pairing
from matting.evaluation.measure import Evaluator
from matting.evaluation.prefetch import loaded

MOST = 64  # pictures a test set: the share of pixels is then known to a few percent, at little time


def pictures_without_people(data: CompositeData, test: str) -> EvalComposites | None:
    """Return composites of a test set whose alpha is 0: its backgrounds alone, at the sizes of its subjects.

    Backgrounds with a person are left out where the source knows them. None for a test set of photographs, which has no
    backgrounds.
    """
    composites, nodes = data.tests[test], data.config["data"]["test"][test]
    if composites.backgrounds is None:
        return None
    node, key = nodes["backgrounds"], f"data.test.{test}.backgrounds"
    backgrounds: Any = composites.backgrounds
    if node.get("exclude_persons") is False:
        node = {**node, "exclude_persons": True}
        backgrounds = build_sources({test: node}, data.config["paths"]["data_root"], key)
    subjects, per_subject = composites.pairing.subjects, composites.pairing.per_subject
    pairing = Pairing(subjects, backgrounds.ids, per_subject, seed=0, split=f"test/{test}/empty")
    chosen = spread(len(pairing), MOST) or range(len(pairing))
    empty = range(len(chosen))
    return EvalComposites(
        pairing, composites.subjects, backgrounds, composites.eval_size, chosen, empty=empty, light=composites.light
    )


def measure_without_people(evaluator: Evaluator, data: CompositeData, test: str) -> dict[str, Any]:
    """Return the entry `without_people` of a test set's result; nothing where there are no such pictures.

    It has the number of `samples` and, for the alpha and each measured map, means over them: `mean_alpha`, the share of
    pixels `above_half`, and `mse`.
    """
    dataset = pictures_without_people(data, test)
    if dataset is None:
        return {}
    means: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for raw in loaded(data.eval_loader(dataset), data.config["runtime"]["workers"]):
        planes, _ = evaluator.predicted(raw, dataset.eval_size)
        for row in ("alpha", *evaluator.measured):
            for alpha in planes[row].double():
                values = alpha.mean(), (alpha > 0.5).double().mean(), alpha.square().mean()
                means[row].append(tuple(map(float, values)))  # type: ignore[arg-type]
    names = ("mean_alpha", "above_half", "mse")
    rows = {row: dict(zip(names, map(float, np.mean(found, 0)), strict=True)) for row, found in means.items()}
    return {"without_people": {"samples": len(dataset), "rows": rows}}
