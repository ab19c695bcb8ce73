"""Tensor and image operations without parameters.

ellipse: dilation and erosion by an ellipse. trimap: border maps and trimaps of masks and alphas. resize: sizes that
fit, and resizing of arrays (without torch). resample: resizing of tensors.

May import utils and errors.
"""
