"""The keys that both GAN stages have."""

from typing import Any

from matting.config.data_schema import INFERENCE
from matting.config.fields import key, typed
from matting.stages.base_config import Masked, Optimizer, Schedule, network
from matting.stages.pomagan_terms.adversarial_config import AdversarialConfig
from matting.stages.pomagan_terms.border_config import BorderConfig
from matting.stages.pomagan_terms.perceptual_config import PerceptualConfig


@typed
class Networks:
    gen: Any = network("the generator")
    disc: Any = network("the discriminator")


@typed
class Optimizers(Schedule):
    gen: Optimizer = key("of the generator")
    disc: Optimizer = key("of the discriminator")


@typed
class Loss:
    """The terms of both stages. `terms` is the package of further ones, each a node by its name."""

    terms = "matting.stages.pomagan_terms"
    name: str = key("name of the loss; part of a run folder's name")
    targets: list[str] = key("what the terms compare (eq. 2 and 8)", choices=("alpha", "fgr", "comp"))
    sum_over_scales: str = key(
        "whether terms inside the sum over scales count once for each scale", choices=("literal", "once")
    )
    adversarial: AdversarialConfig = key("L_cGAN")
    perceptual: PerceptualConfig = key("distance of VGG features (eq. 3)")
    border: BorderConfig = key("L1 along the person's border (eq. 6 and 10)")


@typed
class GANStageConfig(Masked):
    net, optim = Networks, Optimizers
    inference: str = key(
        "how pictures get to the frame in validation and tests, as method.fit", "pad", choices=INFERENCE, added="pad"
    )
    disc_every: int = key("the discriminator is updated at every n-th update", low=1)
