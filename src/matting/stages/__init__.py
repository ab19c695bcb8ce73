"""LightningModules, one for each trained stage; the only place that knows optimizers.

May import: nets, data, metrics, runs and the packages below them.

base: what all stages share: batches, logging, validation.
gan: one update of generator and discriminator.
objective: POMAGAN's generator loss.
pomagan_terms: its terms.
segmentation_gan: POMAGAN, stage 1.
alpha_gan: POMAGAN, stage 2.
coarse: the coarse map that stage 2 is given.
alphanet_segmentation: AlphaNet, stage 1.
alphanet_matting: AlphaNet, stage 2.
alphanet: AlphaNet, end to end.
schedule: learning rates.
terms: loss terms on their way to the log.
"""
