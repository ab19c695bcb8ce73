"""Overrides that make a whole method run in seconds: 32x32 px, few channels, 10 people."""

from collections.abc import Sequence

from matting.config import schema
from matting.experiments.grid import grid, read_file
from matting.experiments.overrides import unread_keys

TINY = [
    "scale=quick",
    "scale.height=32",
    "scale.width=32",
    "scale.eval_size=native",
    "scale.subjects=10",
    "scale.backgrounds=8",
    "scale.backgrounds_per_subject=4",
    "scale.val_subjects=2",
    "scale.val_samples=2",
    "scale.val_every=3",
    "scale.test_subjects=2",
    "scale.test_backgrounds=4",
    "scale.seg_epochs=1",
    "scale.alpha_epochs=1",
    "scale.epoch_samples=12",
    "scale.seg_batch=2",
    "scale.alpha_batch=2",
    "scale.net_width=4",
    "scale.disc_width=4",
    "scale.depth=2",
    "scale.blocks=1",
    "scale.aspp_rates=[1,2]",
    "scale.warmup=2",
    "scale.alphanet.encoder=tu-mobilenetv3_small_050",
    "scale.alphanet.width=0.25",
    "scale.alphanet.seg_size=32",
    "scale.alphanet.mat_size=32",
    "scale.alphanet.max_side=48",
    "scale.alphanet.seg_batch=2",
    "scale.alphanet.mat_batch=2",
    "scale.alphanet.batch=2",
    "scale.alphanet.seg_epochs=1",
    "scale.alphanet.mat_epochs=1",
    "scale.alphanet.epochs=1",
    "runtime.workers=0",
    "runtime.threads=1",
    "runtime.log_every=1",
]


def fitting(words: Sequence[str]) -> list[str]:
    """The overrides that the rows of a command's experiment read: others are refused."""
    name = next((word.partition("=")[2] for word in words if word.startswith("experiments=")), "")
    if "/" not in name:
        return TINY
    schema.register()
    verb = read_file(name)["verb"]
    own = [word for word in words if not word.startswith("experiments=")]
    unread = unread_keys(verb, grid(name, verb, [*TINY, *own]), TINY)
    return [word for word in TINY if word.partition("=")[0] not in unread]
