"""The keys of POMAGAN's first stage."""

from matting.config.fields import key, typed
from matting.stages.gan_config import GANStageConfig, Loss
from matting.stages.pomagan_terms.base_config import TermConfig


@typed
class SegmentationLoss(Loss):
    segmentation: TermConfig = key("L1 on the coarse map (eq. 4)")


@typed
class SegmentationGANConfig(GANStageConfig):
    loss = SegmentationLoss
