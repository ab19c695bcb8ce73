"""Overrides that no row of an experiment reads are refused, and are in no heading."""

import re

import pytest
from omegaconf import OmegaConf

from matting.config.compose import compose_config
from matting.experiments.experiment import experiment
from matting.experiments.grid import grid
from matting.experiments.overrides import read_keys, similar, unread_keys

# Command line, the refused key, keys that the rows read instead.
REFUSED = [
    ("train experiments=alphanet/feedback scale.alpha_epochs=2", ["epochs", "mat_epochs", "seg_epochs"]),
    ("reproduce experiments=alphanet/feedback scale.alpha_epochs=2", ["epochs", "mat_epochs", "seg_epochs"]),
    ("report experiments=alphanet/feedback scale.alpha_epochs=2,3", ["epochs", "mat_epochs", "seg_epochs"]),
    ("train experiments=alphanet/trimap_training scale.alphanet.epochs=2", ["mat_epochs"]),
    ("reproduce experiments=alphanet/feedback,alphanet/attention scale.gen_lr=0.1", ["lr", "mat_lr", "seg_lr"]),
]


@pytest.mark.parametrize(("line", "read"), REFUSED)
def test_an_override_that_no_row_reads_is_refused_with_keys_that_they_read(matting, tmp_path, line, read):
    verb, *words = line.split()
    code, out, err = matting(verb, *words, "scale=quick", "plan=true")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"matting {verb}: {words[-1]}: ")
    assert not list(tmp_path.iterdir())
    named = re.findall(r"\bscale[.\w]+", err)
    assert [key for key in named if key.startswith("scale.alphanet.")][-len(read) :] == [
        f"scale.alphanet.{key}" for key in read
    ]
    assert len(set(named)) == len(named)
    config = compose_config("train", ["scale=quick"])
    assert all(OmegaConf.select(config, key) is not None for key in named)


def test_what_is_read_by_one_of_several_experiments_is_obeyed(hydra):
    words = ["scale=quick", "scale.alphanet.epochs=2"]
    read, unread = experiment("alphanet/attention", words), experiment("pomagan/table1", words)
    assert (read.unread, unread.unread) == ((), ("scale.alphanet.epochs",))
    assert (read.fixed, unread.fixed) == (["scale.alphanet.epochs=2"], [])


@pytest.mark.parametrize(
    "word",
    [
        *("seed=3", "scale.alphanet.epochs=2", "scale.eval_size=64", "trainer.precision=bf16-mixed", "augment=none"),
        *("paths.output_dir=x", "runtime.workers=0", "logger=tensorboard", "checkpoint.keep=all", "plan=true"),
        *("scale.alpha_epochs=9", "net.trimap.erode=0.1", "evaluate_as=null"),  # 9 is the default
    ],
)
def test_these_are_read_or_are_of_the_command(hydra, word):
    words = ["scale=quick", "stage.feedback=own", word]
    assert unread_keys("train", grid("alphanet/feedback", "train", words), words) == []


def test_keys_are_followed_to_the_scale(hydra):
    (row,) = grid("pomagan/table1", "evaluate", ["scale=quick"])
    assert {"scale.alpha_epochs", "vgg.width", "scale.vgg_width"} <= {*read_keys("evaluate", row)}
    assert similar("scale.row_epochs", ["scale.alpha_epochs", "scale.depth", "vgg.arch"]) == ["scale.alpha_epochs"]
    assert similar("scale.row_epochs", ["scale.depth", "vgg.arch"]) == ["scale.depth"]
