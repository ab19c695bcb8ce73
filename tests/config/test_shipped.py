"""Every file of conf/ composes in every choice; what a run's identity holds, and how a run is named."""

from functools import cache
from itertools import product
from pathlib import Path

import omegaconf.base
import pytest
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from matting.config import schema
from matting.config.compose import compose_config, config_dir, options
from matting.config.derive import derive
from matting.config.identity import digest_of, flat, identity, plain, readable
from matting.config.instantiate import resolve
from matting.config.validate import check
from matting.errors import UserError
from matting.experiments.grid import grid, read_file
from matting.experiments.recipe import recipe_runs
from matting.runs.run import make_run
from matting.runs.upstream import method_run, stage_run

ROOT = config_dir()
NEEDS = {"predict": ["input=a", "output=b"]}
VERBS = sorted(file.stem for file in ROOT.glob("*.yaml") if file.stem != "common")
GROUPS = sorted(
    folder.name for folder in ROOT.iterdir() if folder.is_dir() and folder.name not in ("hydra", "experiments")
)
STAGES = options("stage")


@pytest.fixture(scope="module", autouse=True)
def hydra():
    """Hydra set up once: composing is most of the work of these tests."""
    schema.register()
    with initialize_config_dir(str(ROOT), version_base="1.3"):
        yield


def verb_of(group: str) -> str:
    return {"method": "evaluate", "recipe": "reproduce"}.get(group, "train")


def choices():
    for group in GROUPS:
        for choice in options(group):
            stages = STAGES if verb_of(group) == "train" and group in ("loss", "trainer", "scale", "data") else [None]
            for stage in stages:
                yield group, choice, stage


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_composes_with_a_value_for_every_key(verb):
    config = compose_config(verb, NEEDS.get(verb, []))
    assert not OmegaConf.missing_keys(config)
    assert flat(plain(config))
    if verb in NEEDS:
        assert OmegaConf.missing_keys(compose_config(verb)) == {"input", "output"}


@pytest.mark.parametrize(("group", "choice", "stage"), choices())
def test_every_choice_composes_and_names_what_can_be_built(group, choice, stage):
    words = [f"{group}={choice}"] + ([f"stage={stage}"] if stage and group != "stage" else [])
    config = flat(plain(compose_config(verb_of(group), words)))
    for key, value in config.items():
        if key.endswith("_target_"):
            assert callable(resolve(value)), key


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


def sound():
    """Choices of every group, with every stage where its keys come from it."""
    for stage, group in product(STAGES, ("scale", "data")):
        yield from (("train", f"stage={stage}", f"{group}={choice}") for choice in options(group))
    for group in ("augment", "logger", "trainer"):
        yield from (("train", f"{group}={choice}") for choice in options(group))
    for verb in ("evaluate", "predict"):
        yield from ((verb, f"{group}={choice}") for group in ("method", "data") for choice in options(group))
    for verb in ("reproduce", "report"):
        yield from ((verb, f"recipe={choice}") for choice in options("recipe"))


@pytest.mark.parametrize(("verb", "words"), [(verb, words) for verb, *words in sound()], ids=str)
def test_every_choice_has_values_that_can_be(verb, words):
    check(compose_config(verb, (*words, *NEEDS.get(verb, []))))


def test_a_derived_config_is_whole_and_reads_the_environment_anew(monkeypatch):
    config = compose_config("train", ["stage=alpha_gan", "scale=quick"])
    for folder in ("one", "two"):
        monkeypatch.setenv("MATTING_OUTPUT_DIR", folder)
        derived = derive(plain(config), "train", ["stage=segmentation_gan"])
        assert derived.paths.output_dir == folder
        assert OmegaConf.to_container(derived) == plain(derived)  # no interpolation is left
        assert derived.data.epoch_samples == config.scale.epoch_samples


def test_resolving_again_parses_nothing():
    config = compose_config("train", ["stage=alpha_gan"])
    plain(config)
    parsed = omegaconf.base.parse.cache_info().misses
    assert plain(config) == plain(compose_config("train", ["stage=alpha_gan"]))
    assert omegaconf.base.parse.cache_info().misses == parsed


@cache
def of(*words: str, verb: str = "train") -> str:
    """The digest of a command line's run."""
    config = compose_config(verb, list(words))
    return (stage_run if verb == "train" else method_run)(config)[0].digest


@pytest.mark.parametrize(
    "word",
    [
        "paths.output_dir=elsewhere",
        "paths.data_root=elsewhere",
        "paths.cache_dir=elsewhere",
        "logger=wandb",
        "runtime.workers=7",
        "runtime.log_every=3",
        "checkpoint.keep=all",
        "checkpoint.every_batches=3",
        "rerun=true",
        "plan=true",
        "loss.border.weight=10.0",
        "loss.segmentation.weight=1e1",
        "seed=0",
        "scale=paper",
    ],
)
def test_what_changes_no_outcome_changes_no_digest(word):
    assert of(word) == of()


@pytest.mark.parametrize(
    "word",
    [
        "seed=1",
        "loss.border.weight=9",
        "trainer.precision=bf16-mixed",
        "trainer.max_batches=3",
        "scale=quick",
        "val.every_batches=7",
        "augment=none",
        "data.subjects.procedural.seed=2",
        "optim.gen.lr=0.1",
    ],
)
def test_what_changes_the_outcome_changes_the_digest(word):
    assert of(word) != of()


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


@pytest.mark.parametrize("key", ["loss.perceptual.weights", "+data.subjects.procedural.list_file"])
def test_a_file_counts_by_its_content(tmp_path, monkeypatch, key):
    monkeypatch.chdir(tmp_path)
    Path("one.txt").write_text("anna\n")
    Path("two.txt").write_text("anna\n")
    Path("other.txt").write_text("bert\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/three.txt").write_text("anna\n")

    def digest(name):
        return digest_of(identity(plain(compose_config("train", [f"{key}={name}"]))))

    first = digest("one.txt")
    assert digest("two.txt") == first
    assert digest(tmp_path / "one.txt") == first
    assert digest("three.txt") == first  # below paths.data_root
    assert digest("other.txt") != first
    Path("one.txt").write_text("anna\nbert\n")
    assert digest("one.txt") != first
    with pytest.raises(UserError, match=r"missing\.txt: .*paths\.data_root"):
        digest("missing.txt")


def test_the_digest_of_plain_data():
    assert digest_of(identity({"paths": {"data_root": "a"}, "a": {"b": 10, "c": [1.0, 2.5]}})) == digest_of(
        identity({"paths": {"data_root": "b"}, "a": {"c": [1, 2.5], "b": 10.0}})
    )
    assert digest_of({"a": True}) != digest_of({"a": 1})
    assert len(digest_of({})) == 12


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([], "procedural-paper"),
        (["seed=1"], "procedural-paper-seed_1"),
        (["scale=quick"], "procedural-quick"),
        (["loss.border.weight=3", "runtime.workers=5"], "procedural-paper-weight_3"),
        (["stage=alpha_gan", "loss=cgan_alpha"], "procedural-paper-cgan_alpha"),
        (["scale.seg_epochs=3"], "procedural-paper-epochs_3"),
        (["loss.name='a b/../c'"], "procedural-paper-ab..c"),
    ],
)
def test_the_readable_name_is_the_difference_from_the_defaults(words, name):
    run, _ = stage_run(compose_config("train", words))
    assert run.folder.name == f"{name}-{run.digest}"


def test_the_readable_name_is_capped_and_safe():
    this = identity(plain(compose_config("train", ["seed=1"])))
    this["stage"] |= {f"key{i}": "x/y z*" for i in range(30)}
    name = readable(this, identity(plain(compose_config("train"))))
    assert 40 < len(name) <= 60
    assert not set(name) & set(" /*")


def test_a_run_is_found_by_its_digest_whatever_its_name(tmp_path):
    config = compose_config("train", [f"paths.output_dir={tmp_path}"])
    run = make_run("segmentation_gan", plain(config))
    (tmp_path / f"segmentation_gan/renamed-{run.digest}").mkdir(parents=True)
    assert make_run("segmentation_gan", plain(config)).folder.name == f"renamed-{run.digest}"


def upstream_of(*words: str, verb: str = "train") -> dict[str, str]:
    config = compose_config(verb, list(words))
    return {key: found.key for key, found in (stage_run if verb == "train" else method_run)(config)[1].items()}


def test_every_row_of_a_loss_sweep_stands_on_one_segmentation_run():
    rows = [["loss=cgan_alpha"], ["loss=full"], ["loss.border.weight=3"], ["loss.targets=[alpha]"], ["stage.epochs=3"]]
    found = {upstream_of("stage=alpha_gan", *row)["stage__coarse"] for row in rows}
    assert found == {of()}
    assert len({of("stage=alpha_gan", *row) for row in rows}) == len(rows)


@pytest.mark.parametrize("word", ["seed=3", "data.subjects.procedural.count=5", "scale.seg_epochs=3", "trainer=debug"])
def test_what_both_stages_share_reaches_the_segmentation_run(word):
    assert upstream_of("stage=alpha_gan", word)["stage__coarse"] == of(word) != of()


@pytest.mark.parametrize("word", ["scale.alpha_epochs=3", "scale.alpha_batch=5"])
def test_what_concerns_the_alpha_stage_alone_leaves_the_segmentation_run_as_it_is(word):
    assert upstream_of("stage=alpha_gan", word)["stage__coarse"] == of()
    assert of("stage=alpha_gan", word) != of("stage=alpha_gan")


def test_an_evaluation_stands_on_the_stages_of_its_config():
    found = upstream_of("seed=2", verb="evaluate")
    assert found == {"method__segmentation": of("seed=2"), "method__alpha": of("seed=2", "stage=alpha_gan")}
    assert of("seed=2", verb="evaluate") != of(verb="evaluate")


def test_derived_values_are_set_last():
    config = plain(compose_config("train", ["seed=5"]))
    derived = derive(config, "train", ["stage=alpha_gan"], stage__coarse="ground_truth")
    assert (derived.seed, derived.stage.coarse) == (5, "ground_truth")
