"""Whether a norm removes the level of a map of one value, as an instance norm behind a convolution does.

The coarse map of the alpha stage is tested in test_pomagan.
"""

import pytest
import torch

from matting.nets.discriminator import MultiScaleDiscriminator
from matting.nets.matting_net import MattingNet
from matting.nets.pomagan import SegmentationGenerator


def level(value: float) -> torch.Tensor:
    return torch.full((1, 1, 64, 64), value)


@pytest.mark.parametrize("image", ["noise", "grey"])
def test_the_discriminator_tells_nobody_from_everywhere(image: str) -> None:
    """No norm follows its first convolution, whose activation keeps the level."""
    torch.manual_seed(0)
    network = MultiScaleDiscriminator(4, 16).eval()
    picture = torch.rand(1, 3, 64, 64) if image == "noise" else torch.full((1, 3, 64, 64), 0.5)
    with torch.no_grad():
        verdicts = zip(network(picture, level(0)), network(picture, level(1)), strict=True)
    assert all((nobody - everywhere).abs().mean() > 0.05 for nobody, everywhere in verdicts)


@pytest.mark.parametrize("training", [False, True])
def test_the_matting_network_tells_the_three_values_of_a_trimap(training: bool) -> None:
    """Batch norms behind its first convolutions have the statistics of the weights or of the batch, not of the map."""
    torch.manual_seed(0)
    network = MattingNet(width=0.5, freeze_norm=False).train(training)
    image = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        background, unknown, foreground = (network(image, level(v).expand(2, -1, -1, -1)) for v in (0, 0.5, 1))
    assert (background - unknown).abs().mean() > 0.01
    assert (unknown - foreground).abs().mean() > 0.01


def test_the_segmentation_network_does_not_see_the_light_of_a_picture() -> None:
    """Here the norm is wanted: a darker or paler picture has the same person in it."""
    torch.manual_seed(0)
    network, image = SegmentationGenerator(16, 3, 1, (1, 2)).eval().double(), torch.rand(1, 3, 48, 40).double()
    with torch.no_grad():
        maps = [network(image * contrast + brightness) for contrast, brightness in ((1, 0), (0.5, 0), (0.5, 0.5))]
    assert all((other - maps[0]).abs().max() < 1e-2 for other in maps[1:])
