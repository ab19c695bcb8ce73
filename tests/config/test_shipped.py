"""Every file of conf/ composes in every choice; what a run's identity holds, and how a run is named."""

from itertools import product

import pytest
from omegaconf import OmegaConf

from matting.config.compose import compose_config, config_dir, options
from matting.config.identity import flat, plain
from matting.config.instantiate import resolve
from matting.config.validate import check
from matting.experiments.grid import grid, read_file
from matting.experiments.recipe import recipe_runs
from matting.runs.upstream import method_run, stage_run

pytestmark = pytest.mark.usefixtures("hydra")


ROOT = config_dir()


NEEDS = {"predict": ["input=a", "output=b"]}


VERBS = sorted(file.stem for file in ROOT.glob("*.yaml") if file.stem != "common")


STAGES = options("stage")


def choices():
    """(verb, choice...): every choice of every group; of net, loss and optim see test_validate."""
    for stage, group in product(options("stage"), ("scale", "data")):
        yield from (("train", f"stage={stage}", f"{group}={choice}") for choice in options(group))
    for group in ("augment", "logger", "paths", "protocol", "trainer"):
        yield from (("train", f"{group}={choice}") for choice in options(group))
    for verb in ("evaluate", "predict"):
        yield from ((verb, f"{group}={choice}") for group in ("method", "data") for choice in options(group))
    for verb in ("reproduce", "report"):
        yield from ((verb, f"recipe={choice}") for choice in options("recipe"))


@pytest.mark.parametrize(("verb", "words"), [(verb, words) for verb, *words in choices()], ids=str)
def test_every_choice_is_sound_and_names_what_can_be_built(verb, words):
    config = compose_config(verb, (*words, *NEEDS.get(verb, [])))
    check(config)
    for key, value in flat(plain(config)).items():
        if key.endswith("_target_"):
            assert callable(resolve(value)), key


def test_every_group_is_among_them():
    chosen = {word.partition("=")[0] for _, *words in choices() for word in words}
    groups = {path.name for path in ROOT.iterdir() if path.is_dir()}
    assert groups - chosen == {"hydra", "experiments", "net", "loss", "optim"}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_composes_with_a_value_for_every_key(verb):
    config = compose_config(verb, NEEDS.get(verb, []))
    assert not OmegaConf.missing_keys(config)
    assert flat(plain(config))
    if verb in NEEDS:
        assert OmegaConf.missing_keys(compose_config(verb)) == {"input", "output"}


def test_every_experiment_is_found():
    """Folders of conf/ that are reached by a link, too."""
    assert (ROOT / "experiments").is_dir()
    for name in options("experiments"):
        assert plain(compose_config("train", [f"experiments={name}"]))


@pytest.mark.parametrize("name", options("experiments"))
def test_every_row_of_an_experiment_has_values_that_can_be(name):
    verb = read_file(name)["verb"]
    for words in grid(name, verb, ()):
        check(compose_config(verb, words))


TABLE_1 = [1024, 1024]


def eval_sizes(verb, *words):
    """Those of a command line's test sets, and of the runs that it stands on."""
    config = compose_config(verb, list(words))
    if verb == "reproduce":
        return [size for step in recipe_runs(config).steps for size in sizes_of(step.config)]
    _, upstream = (stage_run if verb == "train" else method_run)(config)
    runs = [found.run.config for found in upstream.values()]
    return [size for one in (plain(config), *runs) for size in sizes_of(one)]


def sizes_of(config):
    return [test["eval_size"] for test in config["data"]["test"].values()]


@pytest.mark.parametrize(
    ("verb", "word", "size"),
    [
        ("reproduce", "recipe=pomagan", TABLE_1),
        ("reproduce", "recipe=alphanet", "native"),
        *(("train", f"stage={stage}", "native" if "alphanet" in stage else TABLE_1) for stage in STAGES),
        *(("evaluate", f"method={name}", TABLE_1 if name == "pomagan" else "native") for name in options("method")),
        ("predict", "method=pomagan", TABLE_1),
    ],
)
def test_pomagan_alone_is_measured_at_the_size_of_its_table_1(verb, word, size):
    """Whichever command line names a run, it is the same one; another size may be given to all."""
    words = (verb, word, *NEEDS.get(verb, []))
    elsewhere = [(["data=folder"], "native")] if size == TABLE_1 else []
    for more, expected in (
        *elsewhere,
        (["data=aim_d646_coco"], size),
        (["scale.eval_size=[512,256]"], [512, 256]),
        (["scale=quick"], 112),
    ):
        found = eval_sizes(*words, *more)
        assert found == [expected] * len(found)


def test_the_longer_side_of_training_is_that_of_the_networks():
    assert compose_config("train", ["stage=alphanet", "stage.max_side=900"]).stage.long_side == 900
