"""Our losses on the arrays of the golden loss values, by system and name."""

from collections.abc import Mapping

from torch import Tensor

from matting.losses import background, late_fusion, masked, modnet
from matting.losses.derivatives import difference_loss, sobel_magnitude


def loss_values(scene: Mapping[str, Tensor]) -> dict[tuple[str, str], Tensor]:
    """Return scalars, and MODNet's blur kernel. scene: arrays of `fill.losses_case` with a batch axis."""
    alpha, trimap, matte, detail = scene["alpha"], scene["trimap"], scene["matte"], scene["detail"]
    foreground, bgr, semantic = scene["foreground"], scene["background"], scene["semantic"]
    boundary = modnet.adaptation_boundary(semantic, matte)
    kept = ((detail, scene["backup_detail"]), (matte, scene["backup_matte"]))
    found = {
        "alpha": matte,
        "foreground": scene["pred_foreground"],
        "error": scene["error"],
        "alpha_small": scene["matte_small"],
        "foreground_small": scene["foreground_small"],
        "error_small": scene["error_small"],
    }
    unknown = trimap == 0.5
    # The official code compares with the composite of the truth, not with the image's bytes.
    composite = alpha * foreground + (1 - alpha) * bgr
    other = scene["other_matte"]
    fusion = late_fusion.fusion_loss(matte, alpha)
    sparsity = 0.01 * late_fusion.sparsity_loss(matte)
    return {
        ("modnet", "blur_kernel"): modnet.blur_kernel(alpha).flatten(),
        ("modnet", "semantic"): 10 * modnet.semantic_loss(semantic, alpha),
        ("modnet", "detail"): 10 * modnet.detail_loss(detail, alpha, trimap),
        ("modnet", "matte"): modnet.matte_loss(matte, alpha, trimap, (scene["image"] - 0.5) / 0.5),
        ("modnet", "soc_semantic"): 100 * modnet.consistency_loss(semantic, matte),
        ("modnet", "soc_detail"): sum(modnet.preservation_loss(*pair, boundary) for pair in kept),  # type: ignore[dict-item]
        ("bgm", "base"): sum(background.base_terms(found, alpha, foreground).values()),  # type: ignore[dict-item]
        ("bgm", "refine"): sum(background.refiner_terms(found, alpha, foreground).values()),  # type: ignore[dict-item]
        ("bgm", "sobel_of_alpha_mean"): sobel_magnitude(alpha).mean(),
        ("dim", "alpha"): 0.5 * masked.unknown_alpha_loss(matte, alpha, unknown),
        ("dim", "comp"): 0.5 * masked.unknown_composite_loss(matte, composite, foreground, bgr, unknown),
        ("dim", "refine"): masked.unknown_alpha_loss(matte, alpha, unknown),
        ("dim", "unknown"): unknown.sum(),
        ("lfm", "fg_cross_entropy"): late_fusion.weighted_cross_entropy(matte, alpha),
        ("lfm", "fg_l1_l2"): late_fusion.mixed_distance(matte, alpha),
        ("lfm", "fg_gradient"): difference_loss(matte, alpha),
        ("lfm", "bg_cross_entropy"): late_fusion.weighted_cross_entropy(other, 1 - alpha),
        ("lfm", "bg_l1_l2"): late_fusion.mixed_distance(other, 1 - alpha),
        ("lfm", "fusion_weighted_l1"): fusion,
        ("lfm", "fusion_weighted_l1_official"): fusion,
        ("lfm", "sparsity_times_001"): sparsity,
        ("lfm", "sparsity_official"): sparsity,
    }
