"""Networks as plain torch modules; they know no config.

May import: config, losses, ops and utils.

pomagan: POMAGAN's generators.
discriminator: the multi-scale PatchGAN discriminator.
blocks: convolution, residual and up-sampling blocks.
norms: norms that are exact in every memory layout.
person: DeepLabV3+ for person segmentation.
morphology: AlphaNet's erosion-dilation layer.
matting_net: AlphaNet's matting network.
attention: its guided contextual attention.
backbone: its MobileNetV2 encoder.
alphanet: AlphaNet's networks in a row.
working_size: pictures of any size through networks that work at one size.
modnet: MODNet.
bgm_v2: BackgroundMattingV2.
bgm_v2_refiner: its refiner.
fba: FBA, with standardized weights.
dim: Deep Image Matting.
late_fusion: LFM, the late fusion network.
late_fusion_keys: its published keys.
published: weights of other authors under our names.
vgg: the VGG of the perceptual loss.
downloads: which files of weights are still to be downloaded; no torch.
weights: weights from files and libraries.
checkpoint: checkpoints read and opened as networks.
recompute: activation checkpointing.
"""
