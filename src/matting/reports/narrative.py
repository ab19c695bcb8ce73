"""The sentences of a report: each states a fact that the runs' files hold, or is absent."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from matting.metrics.units import METRICS, ROWS, headings, region_title, row_order, row_title, scaled
from matting.runs.figures import VAL
from matting.runs.run import Run, random_vgg
from matting.runs.weights import from_scratch

UNTRAINED = ("constant", "perfect_mask")

# Row of a result -> the stage that trained on after the row's networks, and the warning about the comparison.
LONGER = {
    "coarse": (
        "alpha_gan",
        "The alpha is made from the coarse map by a network trained for {} more: a part of its gain may come from the "
        "longer training.",
    ),
    "halves": (
        "alphanet",
        "End-to-end training added {} to those of the pre-trained halves: a part of its gain may come from the longer "
        "training. experiments=alphanet/equal_training trains the halves for as long.",
    ),
}


def opening_paragraphs(evaluation: Run, stages: Sequence[Run]) -> list[str]:
    """Return a recipe's opening paragraphs: the outcome and its limits, the training, how the trimaps were made."""
    result = evaluation.result()
    assert result is not None
    verdicts = [
        verdict(name, region, result) for name, test in result["tests"].items() for region in test["rows"]["alpha"]
    ]
    trained = [sentence for stage in stages for sentence in training(stage)]
    compared = {row for test in result["tests"].values() for row in test["rows"]}
    return [
        " ".join([*setting([evaluation.config]), *drawn(evaluation.config), *conclusion(result), *verdicts]),
        " ".join([*trained, *longer_trained(stages, compared), *caveats(evaluation.config, stages)]),
        " ".join(trimaps(evaluation.config, stages)),
    ]


def setting(configs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the scales, data sets and seeds of the configs."""
    nodes = [(config["scale"]["name"], config["data"]["name"], str(config["seed"])) for config in configs]
    scales, data, seeds = (", ".join(dict.fromkeys(names)) for names in zip(*nodes, strict=True))
    yield f"Scale {scales}, data {data}, seed {seeds}."


def drawn(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield a warning if the subjects are drawn by the program."""
    if any(".procedural." in source["_target_"] for source in config["data"]["subjects"].values() if source):
        yield "The people are drawn, not photographed: the figures say nothing about photographs."


def training(stage: Run) -> Iterator[str]:
    """Yield what a stage was trained on, for how long, on what device, and which checkpoint was kept."""
    result, facts, config = stage.result(), stage.manifest, stage.config
    assert result is not None
    batches, node = result["batches"], config["stage"]
    size, (height, width) = node["batch_size"], node["frame"]
    people = (
        f"{count(facts['subjects'], 'photograph')} with person masks"
        if node.get("persons")
        else f"{count(facts['subjects'], 'subject')} on {config['data']['backgrounds_per_subject']} backgrounds each "
        f"({facts['samples']:,} composites)"
    )
    chosen = f" (lowest {VAL})" if "val" in result else ""
    yield (
        f"{stage.kind}: {count(batches, 'batch', 'batches')} of {size} ({batches * size:,} samples, height x width "
        f"{height}x{width}) from {people}, {time_of(facts)} on {facts['device']}, precision "
        f"{config['trainer']['precision']}. Checkpoint: batch {result['batch']}{chosen}."
    )
    if share := config["data"].get("empty_share"):
        yield f"{share:.0%} of its samples have no person."
    if facts["skipped"]:
        yield f"{stage.kind} skipped {count(len(facts['skipped']), 'damaged file')}."


def time_of(facts: Mapping[str, Any]) -> str:
    """Return the seconds that a run took; if it was interrupted, those since its last start."""
    starts = len(facts["starts"])
    seconds = f"{facts['seconds']:.0f} s"
    return seconds if starts == 1 else f"{seconds} since the last of {starts} starts"


def longer_trained(stages: Sequence[Run], rows: Container[str]) -> Iterator[str]:
    """Yield a warning for each of these rows of a result whose networks were trained for less long than the alpha's.

    stages: finished runs; those of a kind that trained on after the row's networks are named in LONGER.
    """
    for row, (kind, sentence) in LONGER.items():
        last = next((stage for stage in stages if stage.kind == kind), None)
        if row in rows and last is not None and len(stages) > 1:
            result = last.result()
            assert result is not None
            yield sentence.format(count(result["batches"], "batch", "batches"))


def caveats(config: Mapping[str, Any], stages: Sequence[Run]) -> Iterator[str]:
    """Yield the facts about which a reader would assume the opposite."""
    if random := random_vgg(list(stages)):
        yield f"Perceptual loss with random VGG in {' and '.join(random)}: the VGG's weights were not trained."
    if scratch := from_scratch(stages):
        yield f"No ImageNet weights in {' and '.join(scratch)}: training started from random weights."
    tests = config["data"]["test"].values()
    sources = [*config["data"]["subjects"].values(), *(test["subjects"] for test in tests if test)]
    if any(source.get("list_file", "") is None for source in sources if source):
        yield "All subjects were used: no list_file selects those that are people."
    if any(isinstance(test["eval_size"], list) for test in tests if test):
        yield "Prediction and truth were stretched to one size for the figures."


def trimaps(config: Mapping[str, Any], stages: Sequence[Run]) -> Iterator[str]:
    """Yield how each trimap was made: wider unknown regions give other figures."""
    width, method = config["metrics"]["unknown_dilation"], config["method"]
    recipe = (
        f"where 0 < alpha < 1 in the truth, dilated by an ellipse: {width} px wide if the shorter side of the image "
        "is 1024 px, else in proportion"
    )
    if "unknown" in config["metrics"]["regions"]:
        yield f"The unknown region is {recipe}."
    if "trimap" in method["inputs"]:
        yield f"The method was given a trimap made from the truth. Its unknown region is {recipe}."
    for node in (stage.config["net"].get("trimap") for stage in stages):
        if node:
            yield (
                f"{method['name']} makes a trimap from its mask: ellipses erode the mask by {node['erode']:.0%} and "
                f"dilate it by {node['dilate']:.0%} of the mean of its height and width."
            )


def row_titles(result: Mapping[str, Any], stages: Sequence[Run]) -> dict[str, str]:
    """Return the titles of a result's rows in the order of tables; those trained with a random VGG say so."""
    note = ", random VGG" if random_vgg(list(stages)) else ""
    rows = next(iter(result["tests"].values()))["rows"]
    return {row: row_title(row, result) + (note if row not in UNTRAINED else "") for row in row_order(rows)}


def verdict(name: str, region: str, result: Mapping[str, Any]) -> str:
    """Return on how many metrics the alpha of a test set is better than each other row."""
    rows = {row: values[region] for row, values in result["tests"][name]["rows"].items()}
    others = [row for row in row_order(rows) if row != "alpha"]
    wins = [
        f"than the {row_title(row, result)} on {better(rows['alpha'], rows[row])} of {len(METRICS)} metrics"
        for row in others
    ]
    alpha, perfect = scaled(rows["alpha"])[0], scaled(rows["perfect_mask"])[0]
    return (
        f"On {name}, {region_title(region)}, {row_title('alpha', result)} is better {', '.join(wins)}. "
        f"Its {headings()[0]} is {alpha}, the {ROWS['perfect_mask']} has {perfect}."
    )


def conclusion(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield where the method beats the perfect binary mask by MSE and where not, in the first region measured."""
    title, mask = row_title("alpha", result), ROWS["perfect_mask"]
    ahead: list[str] = []
    behind: list[str] = []
    for name, test in result["tests"].items():
        region = next(iter(test["rows"]["alpha"]))
        alpha, perfect = test["rows"]["alpha"][region]["mse"], test["rows"]["perfect_mask"][region]["mse"]
        if alpha is not None:  # a region that is empty in every image has no mean
            (ahead if alpha < perfect else behind).append(f"{name} ({region_title(region)})")
    if ahead:
        yield f"{title} beats the {mask} by MSE on {' and '.join(ahead)}: it gains at soft edges."
    if behind:
        yield f"{title} does not beat the {mask} by MSE on {' and '.join(behind)}: so far it only segments there."


def better(values: Mapping[str, float | None], others: Mapping[str, float | None]) -> int:
    """Return the number of metrics on which `values` are lower."""
    pairs = [(values[metric], others[metric]) for metric in METRICS]
    return sum(value is not None and other is not None and value < other for value, other in pairs)


def count(number: int, one: str, many: str | None = None) -> str:
    """Return the number and its noun in the singular or the plural."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
