"""What a training costs by a rule of thumb: floating-point operations, and memory. No torch, so that plans have it.

The factors were measured with torch's FlopCounterMode and the resident memory of whole steps, on networks of the quick
scale with one size changed at a time (float32, CPU). tests/runs/test_cost.py counts again.
"""

from collections.abc import Mapping
from typing import Any

BASE = 0.9e9  # bytes of a process that has imported torch and Lightning
A_PARAMETER = 16  # bytes: weight, gradient and the two moments of Adam
LESS = 0.63  # of the activations, with bf16 or with activation checkpointing

# A training step of POMAGAN's stages, operations for each pixel of a sample. The generator's grow with the square of
# its width, for each residual block and for each level of its depth; the discriminator's with the square of its width,
# VGG's with the square of its width for each target that it sees.
BLOCK, LEVEL, DISCRIMINATOR, VGG = 108, 93, 230, 2.2e6
# Bytes of activations for each pixel: of the networks by the generator's width, of VGG by its width and target.
GAN_BYTES, VGG_BYTES = 82, 3.5e3
VGG_TARGETS = 2  # without the composite
# The same of AlphaNet's networks: DeepLabV3+ on ResNet-18, and the matting network by its width.
SEGMENTATION, MATTING = 5.77e5, 6.45e5
SEGMENTATION_BYTES, MATTING_BYTES = 1.4e3, 6.3e3


def pixels(config: Mapping[str, Any]) -> int:
    """Return the pixels of a training sample: those of the frame, or of the largest size where samples keep theirs."""
    height, width = config["stage"]["frame"]
    side = config["stage"].get("max_side")
    return (
        max(height * width, side * side * 2 // 3) if config["stage"].get("fit") == "whole" and side else height * width
    )


def operations(config: Mapping[str, Any]) -> float | None:
    """Return the operations of one sample in a training step; None for a stage that the rule does not know."""
    net, loss = config["net"], config["loss"]
    if "gen" in net and "disc" in net:
        a_pixel = generator(net["gen"]) + perceptual(loss) ** 2 * VGG * targets(loss)
        if loss["adversarial"]["weight"]:
            a_pixel += DISCRIMINATOR * net["disc"]["width"] ** 2
        if config["stage"]["upstream"]:  # the coarse map
            a_pixel += generator(net["gen"]) / 3
    elif "seg" in net or "mat" in net:
        a_pixel = SEGMENTATION * ("seg" in net) + (MATTING * net["mat"]["width"] ** 2 if "mat" in net else 0)
    else:
        return None
    return a_pixel * pixels(config)


def forward(config: Mapping[str, Any]) -> float | None:
    """Return the operations of one picture through a stage's trained networks, at the size of a training sample."""
    net = config["net"]
    if "gen" in net:
        return generator(net["gen"]) / 3 * pixels(config)
    found = operations(config)
    return None if found is None else found / 3


def generator(node: Mapping[str, Any]) -> float:
    """Return the operations of a generator in a training step, for each pixel; a third of it is the way forward."""
    return float(node["width"] ** 2 * (BLOCK * node["blocks"] + LEVEL * node["depth"]))


def perceptual(loss: Mapping[str, Any]) -> float:
    """Return the width of the perceptual loss's VGG, 0 without that loss."""
    node = loss["perceptual"]
    return float(node["width"]) if node["weight"] else 0.0


def targets(loss: Mapping[str, Any]) -> int:
    """Return how many targets VGG sees."""
    return VGG_TARGETS if loss["perceptual"].get("targets") == "alpha_fgr" else len(loss["targets"])


def memory(config: Mapping[str, Any]) -> float | None:
    """Return the bytes that a training takes; None for a stage that the rule does not know."""
    net, loss = config["net"], config["loss"]
    if "gen" in net and "disc" in net:
        gen, vgg = net["gen"], perceptual(loss)
        parameters = (
            gen["width"] ** 2 * 4 ** gen["depth"] * (18 * gen["blocks"] + 24) + 2000 * net["disc"]["width"] ** 2
        )
        frozen = 4 * 20e6 * vgg**2 + (4 * parameters if config["stage"]["upstream"] else 0)
        a_pixel = GAN_BYTES * gen["width"] + VGG_BYTES * vgg * targets(loss)
    elif "seg" in net or "mat" in net:
        parameters = 12.3e6 * ("seg" in net) + (4.3e6 * net["mat"]["width"] ** 2 if "mat" in net else 0)
        frozen = 0
        a_pixel = SEGMENTATION_BYTES * ("seg" in net) + (MATTING_BYTES * net["mat"]["width"] if "mat" in net else 0)
    else:
        return None
    less = LESS if config["trainer"]["precision"] == "bf16-mixed" or config["runtime"]["recompute"] else 1
    return BASE + A_PARAMETER * parameters + frozen + less * a_pixel * pixels(config) * config["stage"]["batch_size"]
