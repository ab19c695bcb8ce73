"""The figures of results under the keys of the logs."""

import pytest

from matting.runs.figures import figure_text, figures, of_all, test_mse

TRAINING = {
    "batch": 3,
    "batches": 4,
    "val": {"val/whole/mse": 0.1},
    "aim": {"whole/mse": 0.2, "whole/sad": 5.0, "whole/n_empty": 0.0},
    "d646": {"whole/mse": 0.4},
}
WHOLE, EMPTY = {"mse": 0.3, "n_empty": 0}, {"mse": None, "n_empty": 2}
EVALUATION = {"tests": {"aim": {"rows": {row: {"whole": WHOLE, "unknown": EMPTY} for row in ("alpha", "coarse")}}}}


def test_a_training_and_an_evaluation_have_one_notation():
    assert figures(TRAINING) == {
        "val/whole/mse": 0.1,
        "test/aim/whole/mse": 0.2,
        "test/aim/whole/sad": 5.0,
        "test/d646/whole/mse": 0.4,
    }
    assert figures(EVALUATION) == {"test/aim/whole/mse": 0.3, "coarse/aim/whole/mse": 0.3}
    assert of_all(EVALUATION)["test/aim/unknown/mse"] is None
    assert of_all(EVALUATION)["test/aim/unknown/n_empty"] == 2


def test_pictures_without_people_stand_there_as_a_region():
    nobody = {"samples": 4, "rows": {"alpha": {"mse": 0.5, "mean_alpha": 0.6}}}
    found = of_all({"tests": {"aim": {**EVALUATION["tests"]["aim"], "without_people": nobody}}})
    assert found["test/aim/without_people/mean_alpha"] == 0.6
    assert found.items() >= of_all(EVALUATION).items()


def test_the_mse_of_all_test_sets():
    assert test_mse(TRAINING) == pytest.approx(0.3)
    assert test_mse(EVALUATION) == 0.3
    assert test_mse({"val": {"val/whole/mse": 0.1}}) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.046123, "0.04612"), (0.1, "0.1"), (12345.6, "12346"), (1e7, "1e+07"), (1.23456e-6, "1.235e-06")],
)
def test_a_figure_has_four_digits(value, text):
    assert figure_text(value) == text


test_mse.__test__ = False  # it is no test
