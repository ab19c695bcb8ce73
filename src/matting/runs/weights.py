"""Trainings that use random weights where the papers use those of ImageNet."""

from collections.abc import Iterator, Sequence

from matting.runs.run import Run, random_vgg

SCALE_KEYS = {"seg": "scale.alphanet.encoder_weights", "mat": "scale.alphanet.backbone_weights"}


def from_scratch(stages: Sequence[Run]) -> list[str]:
    """Return the stages with a network that usually starts from ImageNet weights and here did not."""
    return [stage.kind for stage in stages if random_nets(stage)]


def random_nets(stage: Run) -> list[str]:
    """Return the networks of a stage that start from random weights; those of a stage with upstream runs do not."""
    nets = {} if stage.config["stage"]["upstream"] else stage.config["net"]
    return [name for name, node in nets.items() if node.get("weights") == "none"]


def random_weights(stage: Run) -> Iterator[str]:
    """Yield a line for each kind of random weights in a stage's training: what is random, and which key changes it."""
    if random_vgg([stage]):
        full = "" if stage.config["loss"]["perceptual"]["width"] == 1 else " vgg.width=1"
        yield (
            f"note: {stage.kind} has a perceptual loss with a VGG of random weights; vgg.weights=imagenet{full} "
            "downloads trained ones, or name a file of them (torchvision's keys)"
        )
    for name in random_nets(stage):
        yield (
            f"note: {stage.kind} starts net.{name} from random weights; {SCALE_KEYS.get(name, f'net.{name}.weights')}="
            "imagenet downloads trained ones, or name a file of them"
        )
