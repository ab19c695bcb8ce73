"""Lightning modules, one for each trained stage. A stage is the only place that knows optimizers.

base: the training step, logging, validation and checkpoints of every stage. gan: the step of POMAGAN's two stages,
segmentation_gan and alpha_gan; objective: their losses; coarse: the stand-in for a coarse map. alphanet_segmentation,
alphanet_matting and alphanet: AlphaNet's three stages. schedule: learning rates. terms: check and name loss terms.

May import nets, data, metrics, runs, and below them config, losses, ops, utils and errors.
"""
