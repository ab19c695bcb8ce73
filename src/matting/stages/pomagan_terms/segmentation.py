"""L1 on the targets of the coarse map."""

from matting.stages.pomagan_terms.alpha import Alpha


class Segmentation(Alpha):
    """L_seg (eq. 4): as L_alpha, on the maps s and s*."""
