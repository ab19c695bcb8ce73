"""Values and nodes that the schema's types let through are refused before anything starts."""

import re
import time

import pytest
from omegaconf import OmegaConf, open_dict

from matting.config import schema
from matting.config.compose import compose_config, options
from matting.config.identity import flat, plain
from matting.config.instantiate import resolve
from matting.config.nodes import walk
from matting.config.schema import ROOT
from matting.config.validate import check, check_plain
from matting.errors import UserError


@pytest.fixture(scope="module")
def configs():
    schema.register()
    lines = {
        "train": ["stage=alpha_gan", "logger=wandb"],
        "alphanet": ["stage=alphanet"],
        "trimaps": ["stage=alphanet_matting", "data=aim_d646_coco"],
        "evaluate": ["data=fashion"],
        "trimap_made": ["method=ifm_network"],
        "predict": ["input=a", "output=b"],
        "reproduce": [],
        "runs": [],
    }
    verbs = {"alphanet": "train", "trimaps": "train", "trimap_made": "evaluate"}
    return {name: compose_config(verbs.get(name, name), words) for name, words in lines.items()}


@pytest.mark.parametrize("verb", ["train", "alphanet", "trimaps", "evaluate", "predict", "reproduce", "runs"])
def test_the_defaults_pass(configs, verb):
    check(configs[verb])


def test_every_choice_that_is_not_offered_is_refused(configs):
    found = {leaf.at: (leaf.key, config) for config in configs.values() for leaf in walk(plain(config), ROOT)}
    chosen = {at: one for at, one in found.items() if one[0].choices}
    assert len(chosen) > 30
    for at, (key, config) in chosen.items():
        refused(config, at, ["nope"] if key.listed else "nope", "")


@pytest.mark.parametrize(
    ("verb", "key", "value", "expected"),
    [
        ("evaluate", "method.fit", "crop", "pad, stretch, native"),
        ("evaluate", "metrics.regions", ["whole", "hair"], "whole, unknown"),
        ("evaluate", "metrics.regions", [], "whole, unknown"),
        ("evaluate", "batch_size", 0, "1"),
        ("predict", "batch_size", -1, "1"),
        ("predict", "method.height", 15, "16"),
        ("train", "optim.scheduler", "step", "none, linear_decay, cosine"),
        ("train", "loss.targets", "alpha", "alpha, fgr, comp"),
        ("train", "loss.targets", ["alpha", "mask"], "alpha, fgr, comp"),
        ("train", "trainer.precision", "16-mixed", "32-true, bf16-mixed"),
        ("train", "loss.border.weight", -1, "0"),
        ("train", "loss.border.weight", float("nan"), "0"),
        ("train", "loss.border.weight", float("inf"), "0"),
        ("train", "loss.border.weight", "much", "0"),
        ("train", "loss.border.weight", True, "0"),
        ("train", "loss.border.weight", [1, 2], "0"),
        ("train", "loss.border.weight", {"a": 1}, "number"),
        ("train", "loss.border.per_scale", 0, "true, false"),
        ("train", "loss.alpha.per_scale", 1, "true, false"),
        ("train", "loss.alpha.per_scale", "yes", "true, false"),
        ("train", "optim.gen.fused", 1, "true, false, null"),
        ("train", "loss.perceptual.coefficients", [1, 1], "5, 0"),
        ("train", "loss.perceptual.arch", "vgg11", "vgg19, vgg16"),
        ("train", "trainer.strategy", "fsdp", "auto, ddp, ddp_find_unused_parameters_true"),
        ("train", "trainer.strategy", "ddp", "ddp_find_unused_parameters_true"),
        ("train", "trainer.devices", 0, "1, -1"),
        ("alphanet", "trainer.strategy", "ddp_fork", "ddp_spawn, ddp_spawn_find_unused_parameters_true"),
        ("train", "stage.epochs", [1, 2], "1"),
        ("train", "stage.name", "mine", "alpha_gan, alphanet"),
        ("train", "stage.name", ["alpha_gan"], "alpha_gan, alphanet"),
        ("train", "stage.frame", [64], "2, 16"),
        ("train", "stage.frame", [64, 64, 64], "2"),
        ("train", "stage.frame", 64, "2"),
        ("train", "stage.frame", None, "2"),
        ("train", "augment.scale", [1], "2, 0.01"),
        ("train", "augment.scale", [0, 1], "0.01"),
        ("train", "augment.scale", [1.2, 0.9], ""),
        ("train", "augment.jpeg", [90], "2, 1, 100"),
        ("train", "augment.jpeg", [90, 50], ""),
        ("train", "scale.zoom", [1], "2"),
        ("train", "scale.zoom", [1, 0.5], ""),
        ("train", "scale.eval_size", [32], "native, 2"),
        ("train", "scale.eval_size", [32, 32, 32], "native, 2"),
        ("train", "data.test.procedural.eval_size", [32], "native, 2"),
        ("train", "data.test.procedural.eval_size", None, "16, native"),
        ("train", "scale.aspp_rates", [], "1"),
        ("train", "optim.gen.betas", [0.5], "2, 0, 1"),
        ("train", "optim.gen.betas", [0.5, 1], "0, 1"),
        ("train", "optim.disc.betas", [-0.1, 0.5], "0, 1"),
        ("train", "optim.disc.betas", 0.5, "2"),
        ("trimaps", "stage.trimap", [3], "2, 1"),
        ("trimaps", "stage.trimap", [41, 3], ""),
        ("trimaps", "stage.val_frame", [64], "2, 16"),
        ("alphanet", "net.mat.freeze_norm", 1, "true, false"),
        ("train", "stage.batch_size", 0, "1"),
        ("train", "stage.batch_size", 1.5, "1"),
        ("train", "stage.batch_size", None, "1"),
        ("train", "stage.epochs", 0, "1"),
        ("train", "scale.seg_batch", 0, "1"),
        ("train", "val.every_batches", 0, "1"),
        ("train", "checkpoint.every_batches", 0, "1"),
        ("train", "scale.height", 15, "16"),
        ("train", "scale.width", 0, "16"),
        ("train", "scale.eval_size", "large", "16, native"),
        ("train", "data.test.procedural.eval_size", [1024, 8], "16, native"),
        ("train", "scale.aspp_rates", [1, 0], "1"),
        ("train", "data.subjects.procedural.count", "x", "1"),
        ("train", "trainer.max_batches", 0, "1, null"),
        ("train", "runtime.workers", -1, "0"),
        ("train", "seed", -1, "0"),
        ("train", "seed", 2**32, "0"),
        ("train", "augment.flip", 1.5, "0, 1"),
        ("train", "augment.jpeg", [50, 101], "1, 100"),
        ("train", "scale.alphanet.seg_batch", 0, "1"),
        ("train", "scale.alphanet.batch", 0, "1"),
        ("train", "scale.alphanet.mat_epochs", 0, "1"),
        ("train", "scale.alphanet.seg_size", 8, "16"),
        ("train", "scale.alphanet.lr", -1e-4, "0"),
        ("train", "scale.alphanet.width", 1.5, "0, 1"),
        ("alphanet", "stage.max_side", 0, "16"),
        ("alphanet", "stage.fit", "unkown", "crop, pad, stretch, unknown, whole"),
        ("alphanet", "stage.long_side", 8, "16, null"),
        ("alphanet", "net.trimap.erode", 1.5, "0, 1"),
        ("alphanet", "net.trimap.temperature", -0.1, "0"),
        ("alphanet", "net.trimap.box", "person", "mask, largest_component"),
        ("alphanet", "stage.true_trimap", [41, 3], "smaller"),
        ("alphanet", "net.seg.size", 0, "16, null"),
        ("alphanet", "loss.focal.gamma", -1, "0"),
        ("alphanet", "loss.dice.weight", "much", "0"),
        ("alphanet", "optim.seg.lr", "fast", "0"),
    ],
)
def test_a_value_out_of_range(configs, verb, key, value, expected):
    refused(configs[verb], key, value, expected)


def refused(config, key, value, expected):
    with pytest.raises(UserError, match=rf"^{re.escape(key)}=") as error:
        check(with_value(config, key, value))
    for word in expected.split(", "):
        assert word in str(error.value)


def with_value(config, key, value):
    config = config.copy()
    OmegaConf.update(config, key, value, merge=False)
    return config


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("scale.eval_size", "native"),
        ("scale.eval_size", 512),
        ("scale.epoch_samples", None),
        ("stage.clip_norm", None),
        ("stage.clip_norm", 0.5),
        ("data.val_subjects", 0),
        ("loss.border.weight", 0),
        ("seed", 2**32 - 1),
        ("scale.eval_size", [512, 256]),
        ("augment.scale", [1.0, 1.0]),
        ("optim.gen.betas", [0, 0.9999]),
        ("optim.gen.fused", None),
        ("trainer.devices", 2),
        ("trainer.strategy", "ddp_find_unused_parameters_true"),
        ("net.gen.seg_width", 4),
        ("loss.name", "mine"),
        ("data.subjects.procedural", None),
        ("data.test.procedural.backgrounds", None),
        ("stage.coarse", "ground_truth"),
        ("method.height", 64),
    ],
)
def test_what_lies_at_the_edge_passes(configs, key, value):
    check(with_value(configs["evaluate" if key.startswith("method.") else "train"], key, value))


@pytest.mark.parametrize(
    ("verb", "key"),
    [
        *(("train", key) for key in ("net.gen", "net.disc", "loss.border", "loss.adversarial", "optim.gen")),
        *(("train", key) for key in ("stage.upstream", "stage.upstream.coarse", "stage.upstream.coarse.stage")),
        *(
            ("train", key)
            for key in ("stage.name", "stage._target_", "loss.sum_over_scales", "loss.perceptual.weights")
        ),
        *(("train", key) for key in ("logger.wandb", "data.test.procedural.subjects")),
        *(("alphanet", key) for key in ("net.trimap", "net.seg.encoder", "loss.focal", "optim.mat", "stage.max_side")),
        *(("evaluate", key) for key in ("method.name", "method.upstream", "method._target_", "method.inputs")),
        *(("predict", key) for key in ("method.upstream.alpha", "method.upstream")),
        *(("reproduce", f"recipe.{key}") for key in ("method", "published", "published.tests", "published.units")),
    ],
)
def test_null_is_no_node_and_no_value(configs, verb, key):
    with pytest.raises(UserError, match=rf"^{key}(=null)?: "):
        check(with_value(configs[verb], key, None))


@pytest.mark.parametrize("value", [3, "text", [1]])
@pytest.mark.parametrize("key", ["net.gen", "loss.border", "data.subjects.procedural", "data.test.procedural"])
def test_a_value_is_no_node(configs, key, value):
    refused(configs["train"], key, value, "node")


@pytest.mark.parametrize(
    ("verb", "key", "line"),
    [
        ("train", "stage.frame", r"stage: .*frame.*stage=alpha_gan"),
        ("train", "net.disc", r"net: .*disc.*stage=alpha_gan.*net=alpha_gan"),
        ("train", "optim.gen.lr", r"optim: .*gen\.lr.*stage=alpha_gan.*optim=adam"),
        ("train", "loss.border.kernel", r"loss=full: .*border\.kernel.*stage=alpha_gan.*loss="),
        ("evaluate", "method.upstream", r"method: .*upstream.*method=pomagan"),
        ("evaluate", "method.alpha", r"method: .*alpha"),
        ("evaluate", "method.fit", r"method: .*fit"),
        ("evaluate", "data.test.composites.subjects", r"data\.test\.composites: .*subjects"),
        ("reproduce", "recipe.title", r"recipe: .*title"),
    ],
)
def test_a_key_that_was_taken_out(configs, verb, key, line):
    with pytest.raises(UserError, match=f"^{line}"):
        check(without(configs[verb], key))


def without(config, key):
    config, (parent, leaf) = config.copy(), key.rsplit(".", 1)
    with open_dict(config):
        del OmegaConf.select(config, parent)[leaf]
    return config


@pytest.mark.parametrize(
    ("verb", "key"),
    [
        ("train", "net.gen.norm"),
        ("train", "net.disc.scales"),
        ("train", "optim.gen.betas"),
        ("evaluate", "data.test.composites.backgrounds"),
    ],
)
def test_an_argument_that_may_have_a_default_may_be_taken_out(configs, verb, key):
    check(without(configs[verb], key))


def test_what_a_trainer_can_be(configs):
    check(compose_config("train", ["stage=alpha_gan", "trainer=ddp"]))
    with pytest.raises(UserError, match=r"^trainer\.devices=-1: "):
        check(compose_config("train", ["stage=alpha_gan", "trainer=ddp", "trainer.accelerator=cpu"]))
    check(with_value(configs["alphanet"], "trainer.strategy", "ddp_spawn"))
    check(compose_config("train", ["stage=alpha_gan", "loss.adversarial.weight=0", "trainer.strategy=ddp"]))


def test_without_a_test_set(configs):
    for name in ("train", "reproduce"):
        with pytest.raises(UserError, match=r"^data\.test: .*procedural"):
            check(with_value(configs[name], "data.test.procedural", None))
    check(with_value(configs["evaluate"], "data.test.composites", None))  # photographs are left
    check(with_value(configs["predict"], "data.test.procedural", None))


OF_STAGES = {
    "segmentation_gan": {"net": ["segmentation_gan"], "loss": ["segmentation"], "optim": ["adam"]},
    "alpha_gan": {
        "net": ["alpha_gan"],
        "loss": ["cgan_alpha", "cgan_per_alpha", "full", "full_gradient"],
        "optim": ["adam"],
    },
    "alphanet_segmentation": {
        "net": ["alphanet", "alphanet_segmentation"],
        "loss": ["alphanet", "focal_dice"],
        "optim": ["alphanet", "alphanet_segmentation"],
    },
    "alphanet_matting": {
        "net": ["alphanet", "alphanet_matting"],
        "loss": ["alphanet", "alphanet_matting"],
        "optim": ["alphanet", "alphanet_matting"],
    },
    "alphanet": {"net": ["alphanet"], "loss": ["alphanet"], "optim": ["alphanet"]},
}


@pytest.mark.parametrize("stage", options("stage"))
@pytest.mark.parametrize("group", ["net", "loss", "optim"])
def test_a_stage_takes_its_own(stage, group):
    taken = OF_STAGES[stage][group]
    for choice in options(group):
        config = compose_config("train", [f"stage={stage}", f"{group}={choice}"])
        for key, value in flat(plain(config)[group]).items():
            assert not key.endswith("_target_") or callable(resolve(value)), key
        if choice in taken or (group == "net" and {stage, choice} == {"alpha_gan", "segmentation_gan"}):
            check(config)  # the networks of both have the same keys: the stage tells them apart when it is built
            continue
        with pytest.raises(UserError) as error:
            check(config)
        name = f"loss={choice}" if group == "loss" else group
        assert str(error.value).startswith(f"{name}: ")
        assert all(word in str(error.value) for word in (f"stage={stage}", f"{group}=", *taken))


def test_checking_a_row_takes_less_than_half_of_the_time_of_composing(configs):
    """A report composes a hundred."""
    data = plain(configs["train"])

    def seconds(work):
        times = []
        for _ in range(7):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        return min(times)

    assert seconds(lambda: check_plain(data)) < 0.4 * seconds(lambda: plain(configs["train"]))
