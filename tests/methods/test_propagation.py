"""Trimaps and pictures that a solver cannot take, or can take only with care: none ends a command."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.linalg import LinAlgError
from torch import Tensor

from matting.evaluation.evaluator import evaluator_of
from matting.methods.closed_form import ClosedForm, fill_islands
from matting.methods.knn import KNN
from matting.methods.propagation import Propagation
from matting.prediction.predictor import Picture, Predictor

METHODS = [ClosedForm, KNN]


def picture(height: int, width: int) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))


def squares(*unknown: tuple[int, int]) -> Tensor:
    """Return a trimap (1, 1, 32, 32): a square of foreground, and unknown blocks of 2x2 pixels at (row, column)."""
    trimap = torch.zeros(1, 1, 32, 32)
    trimap[..., 10:20, 10:20] = 1
    for row, column in unknown:
        trimap[..., row : row + 2, column : column + 2] = 0.5
    return trimap


@pytest.mark.parametrize(("place", "expected"), [((1, 1), 0.0), ((30, 30), 0.0), ((25, 4), 0.0), ((14, 14), 1.0)])
def test_islands_in_one_known_region_belong_to_it(place, expected):
    trimap = squares(place)
    method = ClosedForm(max_side=1024)
    alpha = method(picture(32, 32), trimap)["alpha"]
    assert method.unsolved == {}
    torch.testing.assert_close(alpha, torch.where(trimap == 0.5, expected, trimap))


def test_an_island_beside_a_soft_edge_changes_nothing_else():
    edge = squares()
    edge[..., 9:11, :] = 0.5
    image, method = picture(32, 32), ClosedForm(max_side=1024)
    alone = method(image, edge)["alpha"]
    both = edge.clone()
    both[..., 27:29, 27:29] = 0.5
    found = method(image, both)["alpha"]
    assert not found[..., 27:29, 27:29].any()
    torch.testing.assert_close(found[..., :25, :], alone[..., :25, :], rtol=0, atol=1e-4)


def test_what_reaches_both_regions_is_left_to_the_solver():
    trimap = squares((9, 12))[0, 0].double().numpy()
    np.testing.assert_array_equal(fill_islands(trimap), trimap)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(1, 3), (3, 1), (2, 2), (1, 30), (30, 2), (2, 5), (3, 3), (4, 4), (5, 5)])
def test_pictures_smaller_than_a_neighbourhood_have_an_answer(method, size):
    trimap = torch.full((1, 1, *size), 0.5)
    trimap.view(-1)[0], trimap.view(-1)[-1] = 0, 1
    made = method(max_side=1024)
    alpha = made(picture(*size), trimap)["alpha"]
    assert made.unsolved == {}
    assert (torch.isfinite(alpha) & (alpha >= 0) & (alpha <= 1)).all()
    torch.testing.assert_close(alpha[trimap != 0.5], trimap[trimap != 0.5])


ERRORS = [
    ValueError("did not converge"),
    LinAlgError("singular"),
    ZeroDivisionError(),
    RuntimeError("solver\nbroke"),
    None,
]


class Fails(Propagation):
    """A solver that fails for images whose first value is 1; with `None` for an error its solution is not finite."""

    name = "Fails"
    error: Exception | None = None

    def solve(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        if image[0, 0, 0] != 1:
            return np.where(trimap == 0.5, 0.7, trimap)
        if self.error is not None:
            raise self.error
        return np.full_like(trimap, np.nan)


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_any_failure_of_a_solver_is_that_of_one_picture(tmp_path, monkeypatch, error, capsys):
    monkeypatch.setattr(Fails, "error", error)
    method, trimap = Fails(max_side=1024), squares((9, 12))
    trimaps = (trimap[0, 0] * 255).round().byte().numpy()
    good, bad = np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 255, np.uint8)
    pictures = [
        Picture(Path(f"{name}.png"), name, image, trimaps) for name, image in zip("abc", [good, bad, good], strict=True)
    ]
    predictor = Predictor(method, torch.device("cpu"), bf16=False)
    found = {one.name: alpha for one, alpha in predictor.alphas(pictures)}
    assert found.keys() == {"a", "c"}
    assert {*np.unique(found["a"])} == {0, 178, 255}
    assert predictor.skipped == [Path("b.png")]
    (line,) = capsys.readouterr().out.splitlines()
    assert "b.png" in line
    assert "Fails" in line


def test_running_out_of_memory_is_no_failure_of_the_solver(monkeypatch):
    monkeypatch.setattr(Fails, "error", MemoryError())
    with pytest.raises(MemoryError):
        Fails(max_side=1024)(torch.ones(1, 3, 32, 32), squares((9, 12)))


def test_an_evaluation_goes_on_and_names_the_sample(monkeypatch, capsys):
    monkeypatch.setattr(Fails, "error", ERRORS[0])
    batch = {"image": torch.ones(1, 3, 32, 32), "alpha": squares()[..., :32, :32], "ids": ["p0@b0"]}
    config = {
        "metrics": {"convention": "dim", "regions": ["whole"], "unknown_dilation": 32},
        "trainer": {"precision": "32-true"},
    }
    predict = evaluator_of(Fails(max_side=1024), 0.5, torch.device("cpu"), config).predict
    found = predict(batch)["alpha"]
    assert {*found.unique().tolist()} == {0, 1}
    assert "p0@b0: Fails" in capsys.readouterr().out
