"""Information-flow matting: alpha flows between pixels of similar colour (Aksoy, Aydin and Pollefeys, CVPR 2017)."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import ndimage, sparse

from matting.errors import UserError
from matting.methods.propagation import Propagation
from matting.ops.flows import colour_mixture, inside_unknown, laplacian, local_affinity, nearest, reconstruction
from matting.ops.solving import solve
from matting.ops.trimming import trimmed_by_edges, trimmed_by_patches

KNOWN_WEIGHT, FLOW_WEIGHT, INSIDE_WEIGHT = 100.0, 0.05, 0.01
KNOWN_NEIGHBOURS = 7
TRANSPARENT = 0.0099  # error of the histograms' mix above which an object is highly transparent
VARIANTS = ("auto", "known_to_unknown", "without")


class KnownFlow(NamedTuple):
    """Rough alpha of each pixel from known colours, and the confidence in it, (H, W) in [0, 1]."""

    alpha: np.ndarray
    confidence: np.ndarray


class InformationFlow(Propagation):
    """A linear system of colour mixtures, local windows and neighbours inside of the unknown region.

    variant: with the flow from known to unknown pixels, `without`, or `auto`, which leaves it out for highly
    transparent objects (section 4.5). trim: set pixels that the trimming by edges finds, as in the paper.
    The other arguments: as for `Propagation`.
    """

    name = "Information-flow matting"

    def __init__(
        self,
        max_side: int,
        variant: str = "auto",
        trim: bool = True,
        segmentation: Path | None = None,
        erode: float = 0.04,
        dilate: float = 0.04,
        box: str = "mask",
    ):
        super().__init__(max_side, segmentation, erode, dilate, box)
        if variant not in VARIANTS:
            raise UserError(f"method.variant={variant}: expected one of {', '.join(VARIANTS)}")
        self.variant, self.trim = variant, trim

    def solve(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        window = around_unknown(trimap)
        alpha = trimap.astype(np.float64)
        alpha[window] = information_flow(image[window], trimap[window], self.variant, self.trim)
        return alpha


def around_unknown(trimap: np.ndarray, margin: int = 32) -> tuple[slice, slice]:
    """Return the box of the unknown region with a margin, grown until it holds both known regions."""
    unknown = trimap == 0.5
    limits = []
    for axis, length in ((1, trimap.shape[0]), (0, trimap.shape[1])):
        lines = np.flatnonzero(unknown.any(axis))
        limits.append((max(0, lines[0] - margin), min(length, lines[-1] + 1 + margin)))
    (top, bottom), (left, right) = limits
    box = slice(top, bottom), slice(left, right)
    inside = trimap[box]
    return box if (inside == 0).any() and (inside == 1).any() else (slice(None), slice(None))


def information_flow(image: np.ndarray, trimap: np.ndarray, variant: str = "auto", trim: bool = True) -> np.ndarray:
    """Return alpha, float64 (H, W) in [0, 1], for an image (H, W, 3) in [0, 1] and a trimap of 0, 0.5 and 1.

    Both known regions must have pixels. variant, trim: as for `InformationFlow`.
    """
    known, unknown = trimap != 0.5, trimap == 0.5
    weights, targets = np.where(known, KNOWN_WEIGHT, 0.0), np.where(trimap == 1, 1.0, 0.0)
    edges = trimmed_by_edges(image, trimap) if trim or variant != "without" else trimap
    if variant == "known_to_unknown" or (variant == "auto" and not highly_transparent(image, trimap)):
        flow = known_flow(image, trimmed_by_patches(image, trimap), edges)
        weights = weights + np.where(known, 0, FLOW_WEIGHT * flow.confidence)
        targets = np.where(known, targets, flow.alpha)
    mixture = laplacian(colour_mixture(image, unknown))
    rest = laplacian(local_affinity(image, unknown)) + INSIDE_WEIGHT * laplacian(inside_unknown(image, unknown))
    rest = rest + sparse.diags_array(weights.ravel())
    solved = solve(mixture, sparse.csr_array(rest), (weights * targets).ravel(), targets.ravel())
    alpha = np.clip(solved.reshape(trimap.shape), 0, 1)
    return np.where(edges != 0.5, edges, alpha) if trim else alpha


def known_flow(image: np.ndarray, trimap: np.ndarray, edges: np.ndarray) -> KnownFlow:
    """Return the flow from known to unknown pixels (section 4.2).

    trimap: trimmed by patches. edges: trimmed by edges; what it knows is certain.
    """
    queries, colours = np.flatnonzero(trimap == 0.5), image.reshape(-1, 3)
    sides = [np.flatnonzero(trimap == label) for label in (1, 0)]
    chosen = [nearest(image, KNOWN_NEIGHBOURS, 10.0, queries, side) for side in sides]
    neighbours = colours[np.concatenate(chosen, 1)]
    weights = reconstruction(colours[queries], neighbours)
    mixed, split = weights[:, :, None] * neighbours, chosen[0].shape[1]
    alpha, confidence = trimap.astype(np.float64), np.ones(trimap.shape)
    alpha.flat[queries] = weights[:, :split].sum(1)
    apart = mixed[:, :split].sum(1) - mixed[:, split:].sum(1)
    confidence.flat[queries] = (apart**2).sum(1) / 3
    certain = edges != 0.5
    return KnownFlow(np.where(certain, edges, alpha), np.where(certain, 1.0, confidence))


def highly_transparent(image: np.ndarray, trimap: np.ndarray) -> bool:
    """Return whether the unknown region's colours are no mix of those around it (section 4.5)."""
    unknown = trimap == 0.5
    # The even square reaches ten pixels to the left and up and nine to the right and down.
    near = ndimage.maximum_filter(unknown, size=20, mode="constant")
    found = [histogram(image[region]) for region in (near & (trimap == 1), near & (trimap == 0), unknown)]
    sides, own = np.stack(found[:2], 1), found[2]
    mix = np.linalg.lstsq(sides, own, rcond=None)[0]
    return float(np.linalg.norm(own - sides @ mix)) / len(own) > TRANSPARENT


def histogram(colours: np.ndarray) -> np.ndarray:
    """Return shares of ten levels of red, blue and blue again: the authors' code never counts green."""
    levels = np.floor(9 * colours + 0.5).astype(int)
    counts = [np.bincount(levels[:, channel], minlength=10) for channel in (0, 2, 2)]
    return np.concatenate(counts) / max(1, len(colours))
