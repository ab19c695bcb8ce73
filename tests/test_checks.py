"""Values that the schema's types let through are refused before anything starts."""

import pytest
from omegaconf import OmegaConf

from matting import schema
from matting.checks import CHOICES, check
from matting.composing import compose_config
from matting.errors import UserError


@pytest.fixture(scope="module")
def configs():
    schema.register()
    lines = {
        "train": ["stage=alpha_gan"],
        "alphanet": ["stage=alphanet"],
        "evaluate": [],
        "predict": ["input=a", "output=b"],
        "reproduce": [],
        "runs": [],
    }
    return {name: compose_config("train" if name == "alphanet" else name, words) for name, words in lines.items()}


@pytest.mark.parametrize("verb", ["train", "alphanet", "evaluate", "predict", "reproduce", "runs"])
def test_the_defaults_pass(configs, verb):
    check(configs[verb])


TRAIN_CHOICES = sorted(key for key in CHOICES if key not in ("method.fit", "prune") and not key.startswith("metrics."))


@pytest.mark.parametrize("key", TRAIN_CHOICES)
def test_a_choice_that_is_not_offered(configs, key):
    key = key.replace("*.scheduler", "optim.scheduler").replace("net.*", "net.disc").replace("loss.*", "loss.border")
    config = configs["train" if OmegaConf.select(configs["train"], key) is not None else "alphanet"]
    refused(config, key, "nope", "expected")


@pytest.mark.parametrize(
    ("verb", "key", "value", "expected"),
    [
        ("evaluate", "method.fit", "crop", "pad, stretch, native"),
        ("evaluate", "metrics.regions", ["whole", "hair"], "whole, unknown"),
        ("evaluate", "metrics.regions", [], "whole, unknown"),
        ("evaluate", "batch_size", 0, "at least 1"),
        ("predict", "batch_size", -1, "at least 1"),
        ("predict", "method.height", 15, "at least 16"),
        ("train", "optim.scheduler", "step", "none, linear_decay, cosine"),
        ("train", "loss.targets", "alpha", "a list of alpha, fgr, comp"),
        ("train", "loss.targets", ["alpha", "mask"], "a list of alpha, fgr, comp"),
        ("train", "trainer.precision", "16-mixed", "32-true, bf16-mixed"),
        ("train", "loss.border.weight", -1, "a number of at least 0"),
        ("train", "loss.border.weight", float("nan"), "a number of at least 0"),
        ("train", "loss.border.weight", float("inf"), "a number of at least 0"),
        ("train", "loss.border.weight", "much", "a number of at least 0"),
        ("train", "loss.border.weight", True, "a number of at least 0"),
        ("train", "stage.batch_size", 0, "a whole number of at least 1"),
        ("train", "stage.batch_size", 1.5, "a whole number of at least 1"),
        ("train", "stage.batch_size", None, "a whole number of at least 1"),
        ("train", "stage.epochs", 0, "at least 1"),
        ("train", "scale.seg_batch", 0, "at least 1"),
        ("train", "val.every_batches", 0, "at least 1"),
        ("train", "checkpoint.every_batches", 0, "at least 1"),
        ("train", "scale.height", 15, "at least 16"),
        ("train", "scale.width", 0, "at least 16"),
        ("train", "scale.eval_size", "large", "at least 16 or native"),
        ("train", "data.test.procedural.eval_size", [1024, 8], "at least 16 or native"),
        ("train", "scale.aspp_rates", [1, 0], "at least 1"),
        ("train", "data.subjects.procedural.count", "x", "at least 1"),
        ("train", "trainer.max_batches", 0, "at least 1 or None"),
        ("train", "runtime.workers", -1, "at least 0"),
        ("train", "seed", -1, "from 0 to"),
        ("train", "seed", 2**32, "from 0 to"),
        ("train", "augment.flip", 1.5, "from 0 to 1"),
        ("train", "augment.jpeg", [50, 101], "from 1 to 100"),
        ("train", "scale.alphanet.seg_batch", 0, "at least 1"),
        ("train", "scale.alphanet.batch", 0, "at least 1"),
        ("train", "scale.alphanet.mat_epochs", 0, "at least 1"),
        ("train", "scale.alphanet.seg_size", 8, "at least 16"),
        ("train", "scale.alphanet.lr", -1e-4, "a number of at least 0"),
        ("train", "scale.alphanet.width", 1.5, "from 0 to 1"),
        ("alphanet", "stage.max_side", 0, "at least 16"),
        ("alphanet", "stage.fit", "unkown", "crop, pad, stretch, unknown, whole"),
        ("alphanet", "stage.long_side", 8, "at least 16 or None"),
        ("alphanet", "net.trimap.erode", 1.5, "from 0 to 1"),
        ("alphanet", "net.trimap.temperature", -0.1, "a number of at least 0"),
        ("alphanet", "net.seg.size", 0, "at least 16 or None"),
        ("alphanet", "loss.focal.gamma", -1, "a number of at least 0"),
        ("alphanet", "loss.dice.weight", "much", "a number of at least 0"),
        ("alphanet", "optim.seg.lr", "fast", "a number of at least 0"),
    ],
)
def test_a_value_out_of_range(configs, verb, key, value, expected):
    refused(configs[verb], key, value, expected)


def refused(config, key, value, expected):
    config = config.copy()
    OmegaConf.update(config, key, value)
    with pytest.raises(UserError, match=rf"^{key}=.*expected") as error:
        check(config)
    assert expected in str(error.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("scale.eval_size", "native"),
        ("scale.eval_size", 512),
        ("scale.epoch_samples", None),
        ("stage.clip_norm", None),
        ("stage.clip_norm", 0.5),
        ("trainer.devices", -1),
        ("data.val_subjects", 0),
        ("loss.border.weight", 0),
        ("seed", 2**32 - 1),
    ],
)
def test_what_lies_at_the_edge_passes(configs, key, value):
    config = configs["train"].copy()
    OmegaConf.update(config, key, value)
    check(config)
