"""The precision in which losses are computed."""

import torch
from torch import Tensor


def widened(tensor: Tensor) -> Tensor:
    """Return the tensor in float32, or in float64 if it has it."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
