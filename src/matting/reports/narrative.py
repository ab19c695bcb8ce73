"""What a report says in words: facts from the runs, each sentence true or absent. No torch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matting.metrics.units import METRICS, ROWS, headings, region_title, row_order, row_title, scaled
from matting.runs.run import Run, random_vgg

UNTRAINED = ("constant", "perfect_mask")


def opening_paragraphs(evaluation: Run, stages: list[Run]) -> list[str]:
    """A report's opening paragraphs: what came out and how far it holds, then how it was trained."""
    result = evaluation.result()
    assert result is not None
    verdicts = [
        verdict(name, region, result) for name, test in result["tests"].items() for region in test["rows"]["alpha"]
    ]
    trained = [sentence for stage in stages for sentence in training(stage)]
    return [
        " ".join([*setting([evaluation.config]), *drawn(evaluation.config), *conclusion(result), *verdicts]),
        " ".join([*trained, *longer_trained(stages, result), *caveats(evaluation.config, stages)]),
        " ".join(trimaps(evaluation.config, stages)),
    ]


def setting(configs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    nodes = [(config["scale"]["name"], config["data"]["name"], str(config["seed"])) for config in configs]
    scales, data, seeds = (", ".join(dict.fromkeys(names)) for names in zip(*nodes, strict=True))
    yield f"Scale {scales}, data {data}, seed {seeds}."


def drawn(config: Mapping[str, Any]) -> Iterator[str]:
    if any(".procedural." in source["_target_"] for source in config["data"]["subjects"].values() if source):
        yield "These people are drawn, not photographed: the figures tell nothing of photographs."


def training(stage: Run) -> Iterator[str]:
    """What a stage was trained on, for how long and where."""
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
    yield (
        f"{stage.kind}: {count(batches, 'batch', 'batches')} of {size} ({batches * size:,} samples, height x width "
        f"{height}x{width}) from {people}, {time_of(facts)} on {facts['device']}, precision "
        f"{config['trainer']['precision']}; kept are the weights of batch {result['batch']}"
        f"{', the best of validation' if 'val' in result else ''}."
    )
    if facts["skipped"]:
        yield f"{stage.kind} passed over {count(len(facts['skipped']), 'damaged file')}."


def time_of(facts: Mapping[str, Any]) -> str:
    """Seconds of work: those of the last start, where a run was interrupted."""
    starts = len(facts["starts"])
    seconds = f"{facts['seconds']:.0f} s"
    return seconds if starts == 1 else f"{seconds} since the last of {starts} starts"


def longer_trained(stages: list[Run], result: Mapping[str, Any]) -> Iterator[str]:
    if len(stages) > 1 and any("coarse" in test["rows"] for test in result["tests"].values()):
        yield (
            f"The alpha stands on the coarse map and on {stages[-1].result()['batches']:,} batches more "  # type: ignore[index]
            "than it: a part of what it gains may be the longer training."
        )


def caveats(config: Mapping[str, Any], stages: list[Run]) -> Iterator[str]:
    """What a reader would assume otherwise."""
    if random := random_vgg(stages):
        yield f"Perceptual loss with random VGG in {' and '.join(random)}: its weights were drawn, not trained."
    if scratch := from_scratch(stages):
        yield f"No ImageNet weights in {' and '.join(scratch)}: these networks started from random ones."
    tests = config["data"]["test"].values()
    sources = [*config["data"]["subjects"].values(), *(test["subjects"] for test in tests if test)]
    if any(source.get("list_file", "") is None for source in sources if source):
        yield "All subjects used: no people-only list given."
    if any(isinstance(test["eval_size"], list) for test in tests if test):
        yield "Image and truth of the test sets are stretched alike to the size of evaluation."


def from_scratch(stages: list[Run]) -> list[str]:
    """Stages with a network that usually starts from ImageNet weights and here did not."""
    nets = {stage.kind: stage.config["net"].values() for stage in stages if not stage.config["stage"]["upstream"]}
    return [kind for kind, nodes in nets.items() if any(node.get("weights") == "none" for node in nodes)]


def trimaps(config: Mapping[str, Any], stages: list[Run]) -> Iterator[str]:
    """How each trimap came about: the recipe decides what the figures say."""
    width, method = config["metrics"]["unknown_dilation"], config["method"]
    recipe = f"0 < alpha < 1, widened by an ellipse of {width} px on a picture whose shorter side is 1024"
    if "unknown" in config["metrics"]["regions"]:
        yield f"The unknown region is {recipe}, and wider or narrower in proportion."
    if "trimap" in method["inputs"]:
        yield f"The trimap it was given is made from the truth: unknown is {recipe}."
    for node in (stage.config["net"].get("trimap") for stage in stages):
        if node:
            yield (
                f"{method['name']} makes its own trimap: its mask eroded by {node['erode']:.0%} and dilated by "
                f"{node['dilate']:.0%} of the mean of its height and width, by ellipses."
            )


def row_titles(result: Mapping[str, Any], stages: list[Run]) -> dict[str, str]:
    """Titles of a result's table rows in their order; what was trained with a random VGG says so."""
    note = ", random VGG" if random_vgg(stages) else ""
    rows = next(iter(result["tests"].values()))["rows"]
    return {row: row_title(row, result) + (note if row not in UNTRAINED else "") for row in row_order(rows)}


def verdict(name: str, region: str, result: Mapping[str, Any]) -> str:
    """How the alpha of a test set stands to each other row."""
    rows = {row: values[region] for row, values in result["tests"][name]["rows"].items()}
    others = [row for row in row_order(rows) if row != "alpha"]
    wins = [f"than the {row_title(row, result)} on {better(rows['alpha'], rows[row])}" for row in others]
    alpha, perfect = scaled(rows["alpha"])[0], scaled(rows["perfect_mask"])[0]
    return (
        f"On {name}, {region_title(region)}, {row_title('alpha', result)} is better {', '.join(wins)} "
        f"of {len(METRICS)} metrics ({headings()[0]} {alpha} against the mask's {perfect})."
    )


def conclusion(result: Mapping[str, Any]) -> Iterator[str]:
    """Whether it is a matting method yet: by the MSE of the first region that was measured."""
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
        yield f"{title} does not beat the {mask} by MSE on {' and '.join(behind)}: there it segments, so far."


def better(values: Mapping[str, float | None], others: Mapping[str, float | None]) -> int:
    """On how many metrics `values` are the lower ones."""
    pairs = [(values[metric], others[metric]) for metric in METRICS]
    return sum(value is not None and other is not None and value < other for value, other in pairs)


def count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
