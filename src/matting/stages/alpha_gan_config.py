"""The keys of POMAGAN's second stage."""

from matting.config.fields import key, typed
from matting.stages.gan_config import GANStageConfig, Loss
from matting.stages.pomagan_terms.base_config import TermConfig


@typed
class AlphaLoss(Loss):
    alpha: TermConfig = key("L1 on alpha, foreground and composite (eq. 9)")


@typed
class AlphaGANConfig(GANStageConfig):
    loss = AlphaLoss
    coarse: str | None = key(
        "the segmentation run; null: that of the same config; ground_truth: the true map, perturbed", kind="run"
    )
