"""Loss terms as pure functions, and their weighted sum.

May import: utils.

precision: the precision of all terms.
adversarial: GAN losses.
segmentation: losses of a mask.
matte: losses of an alpha, border loss among them.
compositional: the loss of a composite.
perceptual: VGG features.
derivatives: Sobel magnitudes, forward differences, exclusion.
laplacian: the Laplacian pyramid.
masked: DIM's losses over the unknown region.
modnet: MODNet's losses, its adaptation among them.
background: BackgroundMattingV2's losses.
late_fusion: LFM's losses.
weighted: terms weighted and summed.
"""
