"""Plain torch networks: tensors in, tensors out, built from config nodes but without knowledge of configs.

blocks: building blocks of the GAN networks. pomagan: POMAGAN's two generators. discriminator: its multi-scale
discriminator. vgg: frozen features of the perceptual loss. alphanet: AlphaNet end to end, from person (segmentation),
morphology (erosion-dilation layer) and matting_net, which is built from backbone and attention. weights: load and
initialise weights. checkpoint: open a trained network. recompute: trade time for memory in the backward pass.

May import config, losses, ops, utils and errors.
"""
