"""Matting errors, exact to the published implementations.

May import: ops and utils; `units` imports no torch.

functional: SAD, MSE, MAE, gradient and connectivity error of tensors.
modular: the same as torchmetrics.
gradient: the gradient error.
connectivity: the connectivity error.
compiled: loops compiled by numba.
difference: sums over differences.
filters: Gaussian derivatives.
mask: IoU and boundary F1 of masks.
pair: a checked pair of alphas.
units: units of the published tables.
"""
