"""Mask metrics by value on cases small enough to count by hand; their Metrics on two processes."""

import json
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.multiprocessing import start_processes

from matting.errors import UserError
from matting.metrics.mask import BoundaryF1, MaskIoU, boundary_f1, iou


def box(top: int, bottom: int, left: int, right: int) -> Tensor:
    """A filled box, bottom and right not in it: bool (1, 1, 20, 24)."""
    mask = torch.zeros(1, 1, 20, 24, dtype=torch.bool)
    mask[..., top:bottom, left:right] = True
    return mask


EMPTY, FULL = box(0, 0, 0, 0), box(0, 20, 0, 24)
TRUE = box(5, 11, 5, 13)


def test_iou_by_hand():
    # 6 x 8 each, 6 x 6 in common.
    value = iou(box(5, 11, 7, 15), TRUE)
    assert value.dtype == torch.float64
    assert value.tolist() == [36 / 60]


@pytest.mark.parametrize(
    ("pred", "true", "expected"), [(EMPTY, EMPTY, 1), (EMPTY, TRUE, 0), (TRUE, EMPTY, 0), (TRUE, TRUE, 1)]
)
def test_empty_masks(pred, true, expected):
    assert iou(pred, true).tolist() == [expected]
    assert boundary_f1(pred, true, 2).tolist() == [expected]


def test_iou_on_valid_pixels():
    valid = ~box(0, 20, 13, 24)
    assert iou(box(5, 11, 7, 15), TRUE, valid).tolist() == [36 / 48]
    assert iou(TRUE, box(5, 11, 6, 13), EMPTY).tolist() == [1]


@pytest.mark.parametrize(
    ("tolerance", "shift", "matched"), [(0, 0, 24), (0, 1, 14), (1, 1, 24), (1, 2, 16), (2, 2, 24)]
)
def test_boundary_within_the_tolerance(tolerance, shift, matched):
    # The boundary of a 6 x 8 box has 24 pixels. Shifted sideways by 1, 7 of each long side lie on the other's. Shifted
    # by 2 with a tolerance of 1, so do 7 again, and the short side inside touches the long ones with its 2 ends.
    value = boundary_f1(box(5, 11, 5 + shift, 13 + shift), TRUE, tolerance)
    assert value.dtype == torch.float64
    assert value.item() == pytest.approx(matched / 24)


def test_boundary_f1_is_the_harmonic_mean():
    # A second box is predicted, as large and far away: half of the prediction matches, all of the truth.
    pred = TRUE | box(13, 19, 5, 13)
    assert boundary_f1(pred, TRUE, 1).item() == pytest.approx(2 * 0.5 * 1 / 1.5)
    assert boundary_f1(TRUE, pred, 1).item() == pytest.approx(2 * 0.5 * 1 / 1.5)
    assert boundary_f1(box(14, 19, 5, 13), TRUE, 1) == 0


def test_the_images_frame_is_no_boundary():
    assert boundary_f1(FULL, FULL, 0) == 1
    assert boundary_f1(FULL, EMPTY, 0) == 0
    assert boundary_f1(FULL, TRUE, 0) == 0
    # Only the two sides inside the image count, 10 + 12 - 1 and 10 + 13 - 1 pixels; 12 of them coincide.
    corner, wider = box(0, 10, 0, 12), box(0, 10, 0, 13)
    precision, recall = 12 / 22, 12 / 21
    assert boundary_f1(wider, corner, 0).item() == pytest.approx(2 * precision * recall / (precision + recall))


def test_tolerance_is_round():
    # A pixel 2 to the right and 2 down of another lies outside the ellipse of radius 2, inside that of 3.
    dot, other = box(5, 6, 5, 6), box(7, 8, 7, 8)
    assert boundary_f1(dot, other, 2) == 0
    assert boundary_f1(dot, other, 3) == 1


def disc(radius: float) -> Tensor:
    """Round, in the middle of an image of 400 x 400."""
    places = torch.arange(400) - 200
    return (places[:, None] ** 2 + places**2 <= radius**2)[None, None]


def test_a_boundary_within_pixels_that_count_nowhere_is_no_error():
    true, pred = disc(150), disc(154)
    valid = ~(disc(155) & ~true)  # five pixels around the person
    assert iou(pred, true, valid) == 1
    assert boundary_f1(pred, true, 2) == 0
    assert boundary_f1(pred, true, 2, valid).isnan()  # nothing is left of either
    valid[..., 200:] = True
    assert boundary_f1(torch.where(valid, true, pred), true, 2, valid) == 1
    assert boundary_f1(pred, true, 2, valid) < 0.05  # the other half is wrong all along


def test_boundaries_on_valid_pixels():
    # The left side is hidden, 8 of the boundary's 24 pixels; the prediction is longer in there and has a dot elsewhere.
    valid, pred = ~box(0, 20, 0, 7), box(5, 11, 2, 13) | box(15, 16, 15, 16)
    assert boundary_f1(pred, TRUE, 0, valid).item() == pytest.approx(2 * 16 / (16 + 17))
    # With a tolerance of 1 the two pixels beside what is hidden do not count either.
    assert boundary_f1(pred, TRUE, 1, valid).item() == pytest.approx(2 * 14 / (14 + 15))
    assert boundary_f1(pred, TRUE, 1, ~EMPTY).tolist() == boundary_f1(pred, TRUE, 1).tolist()


@pytest.mark.parametrize(("right", "expected"), [(9, math.nan), (8, 1), (6, 0)])
def test_a_boundary_of_which_nothing_is_left_is_not_missed(right, expected):
    # All of the true boundary, column 9, lies beside hidden pixels; the predicted one counts from column 7 to the left.
    value = boundary_f1(box(0, 20, 0, right), box(0, 20, 0, 10), 2, ~box(0, 20, 10, 11)).item()
    assert value == pytest.approx(expected, nan_ok=True)


def test_what_has_no_boundary_counts_as_it_did():
    valid = ~box(3, 6, 3, 6)
    assert boundary_f1(EMPTY, EMPTY, 2, valid) == 1
    assert boundary_f1(box(3, 6, 3, 6), EMPTY, 2, valid) == 1
    assert boundary_f1(FULL, EMPTY, 2, valid).item() == 0
    assert boundary_f1(EMPTY, TRUE, 2, valid) == 0


def test_a_sample_without_a_boundary_left_is_in_no_mean():
    metric = BoundaryF1(1)
    metric.update(box(5, 11, 6, 14), TRUE, EMPTY)
    assert metric.compute().isnan()
    metric.update(torch.cat([TRUE, TRUE]), torch.cat([TRUE, EMPTY]), torch.cat([FULL, FULL]))
    assert metric.compute() == 0.5


def test_samples_do_not_mix():
    pred, true = torch.cat([box(5, 11, 7, 15), EMPTY, TRUE]), torch.cat([TRUE, TRUE, TRUE])
    assert iou(pred, true).tolist() == [36 / 60, 0, 1]
    apart = [boundary_f1(p[None], t[None], 1).item() for p, t in zip(pred, true, strict=True)]
    assert boundary_f1(pred, true, 1).tolist() == apart


@pytest.mark.parametrize("metric", [iou, lambda pred, true: boundary_f1(pred, true, 1), MaskIoU(), BoundaryF1(1)])
def test_bad_input(metric):
    with pytest.raises(UserError, match=r"true_mask.*\(1, 1, 20, 24\).*\(1, 1, 20, 23\)"):
        metric(TRUE, TRUE[..., :-1])
    with pytest.raises(UserError, match="true_mask"):
        metric(TRUE, TRUE.expand(2, -1, -1, -1))
    with pytest.raises(UserError, match=r"pred_mask.*float32"):
        metric(TRUE.float(), TRUE)
    with pytest.raises(UserError, match="pred_mask"):
        metric(TRUE[0], TRUE[0])


def test_bad_valid_and_tolerance():
    with pytest.raises(UserError, match="valid"):
        iou(TRUE, TRUE, TRUE[..., 1:])
    with pytest.raises(UserError, match="valid"):
        boundary_f1(TRUE, TRUE, 1, TRUE.float())
    with pytest.raises(UserError, match=r"tolerance_px.*-1"):
        boundary_f1(TRUE, TRUE, -1)


def batches() -> list[tuple[Tensor, Tensor]]:
    """Of 3, 2 and 1 samples: a mean of their means is another number than the mean over samples."""
    generator = torch.Generator().manual_seed(5)
    return [tuple(torch.rand(2, size, 1, 12, 15, generator=generator) < 0.1 * (size + 2)) for size in (3, 2, 1)]


def expected() -> dict[str, float]:
    pred, true = (torch.cat(part) for part in zip(*batches(), strict=True))
    return {"iou": iou(pred, true).mean().item(), "f1": boundary_f1(pred, true, 1).mean().item()}


def accumulated(parts: list[tuple[Tensor, Tensor]]) -> dict[str, float]:
    metrics = {"iou": MaskIoU(), "f1": BoundaryF1(tolerance_px=1)}
    for metric in metrics.values():
        for part in parts:
            metric.update(*part)
    return {name: metric.compute().item() for name, metric in metrics.items()}


def test_means_are_over_samples() -> None:
    assert accumulated(batches()) == pytest.approx(expected(), rel=1e-12)
    with pytest.warns(UserWarning, match="before the"):
        assert all(math.isnan(value) for value in accumulated([]).values())
    metric = MaskIoU()
    metric.update(TRUE, EMPTY)
    metric.reset()
    metric.update(box(5, 11, 7, 15), TRUE, ~box(0, 20, 13, 24))
    assert metric.compute() == 36 / 48


def one_of_two(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=2)
    (folder / f"{rank}.json").write_text(json.dumps(accumulated(batches()[rank::2])))
    torch.distributed.destroy_process_group()


def test_two_processes_give_what_one_does(tmp_path: Path) -> None:
    # Forked, as the workers of a DataLoader are: a spawned process would import torchmetrics for several seconds.
    start_processes(one_of_two, (tmp_path,), nprocs=2, start_method="fork")
    for rank in range(2):
        assert json.loads((tmp_path / f"{rank}.json").read_text()) == pytest.approx(expected(), rel=1e-12)
