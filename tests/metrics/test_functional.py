"""The five errors against published figures, and what they refuse.

golden.npz holds 23 pairs (prediction, truth, trimap; hair, ties, plateaus, empty, constant, noise, 1x1, up to 1280x768)
and three float32 predictions. golden.json holds what an independent implementation of the definition gives for them
(`exact`), and what the code of MMagic and P3M gives at the commits named there, in the scales of those projects.
"""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from matting.errors import UserError
from matting.metrics.functional import (
    NAMES,
    connectivity_error,
    gradient_error,
    mae,
    matting_metrics,
    mse,
    region_metrics,
    sad,
)

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "golden.json").read_text())
ARRAYS = np.load(HERE / "golden.npz")
UNITS = {
    "exact": {},
    "mmagic": {"sad": 1000, "grad": 1000, "conn": 1000},
    "p3m": {"sad": 1000, "grad": 10, "conn": 1000},
}


def golden(pair: str, kind: str) -> torch.Tensor:
    return torch.from_numpy(ARRAYS[f"{pair}/{kind}"])


def agree(measured: dict[str, torch.Tensor], published: dict[str, float], source: str) -> None:
    for name, value in published.items():
        expected = value * UNITS[source].get(name, 1)
        assert measured[name].item() == pytest.approx(expected, rel=1e-6, abs=1e-12, nan_ok=True), name


def random_pair(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator), torch.rand(shape, generator=generator)


@pytest.mark.parametrize("source", UNITS)
@pytest.mark.parametrize("pair", GOLDEN["pairs"])
def test_golden_pairs(pair: str, source: str) -> None:
    convention = "dim" if source == "exact" else source
    for column, published in GOLDEN["pairs"][pair].items():
        if not column.startswith(source):
            continue
        mask = golden(pair, "trimap") == 128 if column.endswith("unknown") else None
        if source != "exact" and mask is not None and not mask.any():
            published = {**published, "mse": math.nan}  # theirs is 0: it would enter a mean as a perfect sample
        agree(matting_metrics(golden(pair, "pred"), golden(pair, "gt"), mask, convention), published, source)


@pytest.mark.parametrize("source", ["exact", "p3m"])
@pytest.mark.parametrize("pair", GOLDEN["float"])
def test_golden_float_predictions(pair: str, source: str) -> None:
    convention = "dim" if source == "exact" else source
    measured = matting_metrics(golden(pair, "float"), golden(pair, "gt"), None, convention)
    agree(measured, GOLDEN["float"][pair][source], source)


@pytest.mark.parametrize("convention", ["dim", "mmagic", "p3m"])
def test_one_at_a_time_equals_all_at_once(convention: str) -> None:
    pred, true = random_pair(2, 1, 24, 31)
    mask = torch.rand(2, 1, 24, 31) < 0.5
    together = matting_metrics(pred, true, mask, convention)
    for name, function in zip(NAMES, (sad, mse, mae, gradient_error, connectivity_error), strict=True):
        alone = function(pred, true, mask, convention)
        assert alone.shape == (2,)
        assert alone.dtype == torch.float64
        assert torch.equal(alone, together[name])


@pytest.mark.parametrize("convention", ["dim", "mmagic", "p3m"])
def test_regions_together_equal_each_mask_alone(convention: str) -> None:
    pred, true = random_pair(2, 1, 24, 31)
    masks = [torch.rand(2, 1, 24, 31) < 0.5, None, torch.zeros(2, 1, 24, 31, dtype=torch.bool)]
    together = region_metrics(pred, true, masks, convention)
    for mask, values in zip(masks, together, strict=True):
        alone = matting_metrics(pred, true, mask, convention)
        for name in NAMES:
            torch.testing.assert_close(values[name], alone[name], rtol=1e-12, atol=0, equal_nan=True)


def test_batch_equals_its_samples_whatever_the_thread_count() -> None:
    pred, true = random_pair(5, 1, 40, 33)
    mask = torch.rand(5, 1, 40, 33) < 0.3
    alone = [matting_metrics(pred[i, 0], true[i, 0], mask[i, 0]) for i in range(5)]
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            batch = matting_metrics(pred, true, mask)
            for name in NAMES:
                assert torch.equal(batch[name], torch.cat([sample[name] for sample in alone]))
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("types", [("uint8", "float64"), ("float32", "uint8"), ("float32", "float32")])
def test_types_give_the_values_of_float64(types: tuple[str, str]) -> None:
    # 51 and 153 are thresholds exactly, which float32 cannot hold; its 0.7 lies below one and its 0.3 above
    values = {"uint8": [0, 51, 153, 255], "float32": [0.0, 0.3, 0.7, 1.0], "float64": [0.0, 0.2, 0.6, 1.0]}
    generator = torch.Generator().manual_seed(3)
    images = [
        torch.tensor(values[kind], dtype=getattr(torch, kind))[torch.randint(0, 4, (30, 41), generator=generator)]
        for kind in types
    ]
    wide = [image.double() / 255 if image.dtype == torch.uint8 else image.double() for image in images]
    measured, expected = matting_metrics(*images), matting_metrics(*wide)
    for name in NAMES:
        torch.testing.assert_close(measured[name], expected[name], rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened_first(dtype: torch.dtype) -> None:
    pred, true = (image.to(dtype) for image in random_pair(20, 20))
    measured, expected = matting_metrics(pred, true), matting_metrics(pred.double(), true.double())
    for name in NAMES:
        torch.testing.assert_close(measured[name], expected[name], rtol=1e-12, atol=0)


def test_strided_views_and_gradients_are_accepted() -> None:
    pred, true = random_pair(2, 1, 30, 20)
    expected = matting_metrics(pred.mT.contiguous(), true.mT.contiguous())
    measured = matting_metrics(pred.requires_grad_().mT, true.mT)
    assert all(torch.equal(measured[name], expected[name]) for name in NAMES)
    assert not measured["sad"].requires_grad


def test_empty_mask_sums_to_zero_and_has_no_mean() -> None:
    pred, true = random_pair(2, 1, 9, 9)
    mask = torch.ones(2, 1, 9, 9, dtype=torch.bool)
    mask[1] = False
    measured = matting_metrics(pred, true, mask)
    assert [measured[name][1].item() for name in ("sad", "grad", "conn")] == [0, 0, 0]
    assert measured["mse"].isnan().tolist() == measured["mae"].isnan().tolist() == [False, True]


@pytest.mark.parametrize("in_255ths", [False, True])
def test_mmagic_forces_the_prediction_outside_the_mask(in_255ths: bool) -> None:
    pred, true = random_pair(16, 16)
    if in_255ths:
        pred, true = (pred * 255).byte(), (true * 255).byte()
    mask = torch.zeros(16, 16, dtype=torch.bool)
    mask[4:12, 4:12] = True
    one = 255 if in_255ths else 1
    forced = torch.where(mask, pred, (true >= one / 2) * one).to(pred.dtype)
    assert torch.equal(gradient_error(pred, true, mask, "mmagic"), gradient_error(forced, true, mask, "dim"))
    assert torch.equal(connectivity_error(pred, true, mask, "mmagic"), connectivity_error(forced, true, mask, "mmagic"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"true": torch.zeros(4, 5)}, r"true: .*\(4, 4\).*\(4, 5\)"),
        ({"mask": torch.ones(1, 1, 4, 4, dtype=torch.bool)}, "mask: .*pred"),
        ({"mask": torch.ones(4, 4)}, "mask: .*bool"),
        ({"pred": torch.zeros(4, 4, dtype=torch.int64)}, "pred: .*uint8"),
        ({"pred": torch.full((4, 4), torch.nan)}, r"pred: .*\[0, 1\]"),
        ({"pred": torch.eye(4) * 1.01}, r"pred: .*\[0, 1\].*1\.01"),
        ({"true": torch.eye(4) - 0.1}, r"true: .*\[0, 1\]"),
        ({"true": torch.eye(4).index_fill(0, torch.tensor(3), torch.nan)}, r"true: .*\[0, 1\]"),
        ({"convention": "matlab"}, "convention: .*dim, mmagic, p3m.*matlab"),
    ],
)
def test_bad_input_is_named(change: dict[str, object], says: str) -> None:
    good = {"pred": torch.eye(4), "true": torch.eye(4), "mask": None, "convention": "dim"}
    for function in (sad, mse, mae, gradient_error, connectivity_error, matting_metrics):
        with pytest.raises(UserError, match=says):
            function(**{**good, **change})


@pytest.mark.parametrize("shape", [(2, 4, 4), (2, 3, 4, 4), (0, 4), (0, 1, 4, 4), (4,)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match=r"pred: .*shape"):
        sad(torch.zeros(shape), torch.zeros(shape))


@pytest.mark.slow
def test_importing_the_functions_does_not_bring_numba() -> None:
    code = "import sys, matting.metrics.functional; print('numba' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
