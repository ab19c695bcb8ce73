"""Matting errors and mask measures, as functions and as torchmetrics Metrics; the units of published tables.

functional: the five errors. modular: the same as a Metric. mask: intersection over union and boundary F-measure. pair:
a prediction and its truth on the host. difference, gradient, connectivity: the compiled kernels. filters: the filters
of the gradient. compiled: how kernels are compiled. units: units and titles of tables; imports no torch.

May import ops, utils and errors.
"""
