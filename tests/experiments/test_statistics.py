"""Paired differences with bootstrapped intervals, and the rank agreement."""

import math

import numpy as np
import pytest

from matting.experiments.comparison import agreement, compare
from matting.experiments.experiment import Row
from matting.experiments.statistics import kendall_tau, paired_difference
from tests.helpers.made_experiments import made_experiment, made_job


def test_a_difference_is_paired_by_image_and_seed():
    draw = np.random.default_rng(0)
    first = {(seed, f"{image}"): float(draw.uniform(0, 100)) for seed in (1, 2) for image in range(30)}
    other = {key: value + 0.5 for key, value in first.items()}
    found = paired_difference(first, {**other, (3, "0"): 1000.0, (1, "new"): 1000.0})
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))
    assert found.images == 30
    assert paired_difference(first, {(3, "0"): 1.0}) is None


def test_seeds_of_one_image_are_not_independent_images():
    """Ten seeds that repeat four images tell no more of other images than one seed does."""
    one = {(0, str(image)): float(value) for image, value in enumerate((0, 1, 2, 9))}
    ten = {(seed, id): value for seed in range(10) for (_, id), value in one.items()}
    zero = dict.fromkeys(ten, 0.0)
    assert paired_difference(zero, ten) == paired_difference(zero, one)


def test_images_of_one_person_are_not_independent_images():
    """Twenty backgrounds that change nothing tell no more of other people than one does."""
    one = {(0, f"{person}@0"): value for person, value in enumerate((0.0, 1.0, 2.0, 9.0))}
    twenty = {(0, f"{id.partition('@')[0]}@{at}"): value for (_, id), value in one.items() for at in range(20)}
    few, many = (paired_difference(dict.fromkeys(made, 0.0), made) for made in (one, twenty))
    assert (many.mean, many.low, many.high) == pytest.approx((few.mean, few.low, few.high))
    assert (few.images, many.images) == (4, 80)


def test_a_person_of_more_images_weighs_as_much_more():
    other = {(0, "a@0"): 1.0, (0, "b@0"): 3.0, (0, "b@1"): 5.0}
    found = paired_difference(dict.fromkeys(other, 0.0), other)
    assert (found.mean, found.low, found.high) == (3, 1, 4)


def test_people_of_one_image_each_are_drawn_as_images():
    values = np.random.default_rng(2).normal(3, 2, 40)
    other = {(0, f"person{at:02}@{at}"): float(value) for at, value in enumerate(values)}
    found = paired_difference(dict.fromkeys(other, 0.0), other)
    means = values[np.random.default_rng(0).integers(0, 40, (2000, 40))].mean(1)
    assert (found.mean, found.low, found.high) == (values.mean(), *np.quantile(means, [(1 - 0.95) / 2, (1 + 0.95) / 2]))


def test_the_interval_of_composites_covers_what_other_people_give():
    """Of 11 people before 20 backgrounds each: of images drawn alone it covers less than half."""
    draw, covered = np.random.default_rng(3), 0
    for _ in range(200):
        people = draw.normal(1, 1, 11)
        other = {(0, f"{at // 20}@{at % 20}"): people[at // 20] + draw.normal(0, 0.3) for at in range(11 * 20)}
        found = paired_difference(dict.fromkeys(other, 0.0), other)
        covered += found.low <= 1 <= found.high
    assert covered >= 0.85 * 200


@pytest.mark.parametrize("images", [200, 1500])
def test_the_interval_is_that_of_the_mean(images):
    values = np.random.default_rng(1).normal(3, 2, images)
    other = {(0, str(image)): float(value) for image, value in enumerate(values)}
    zero = dict.fromkeys(other, 0.0)
    found = paired_difference(zero, other)
    half = 1.96 * values.std(ddof=1) / math.sqrt(images)
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.12 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.12 * half)
    assert paired_difference(zero, other) == found


@pytest.mark.parametrize(
    ("measured", "tau"), [([1, 2, 3], 1.0), ([3, 2, 1], -1.0), ([1, 3, 2], 1 / 3), ([1], None), ([2, 2, 2], None)]
)
def test_kendalls_tau_of_measured_and_published_order(tmp_path, measured, tau):
    rows = [
        Row(f"{i}", (made_job(tmp_path / f"{i}", mse=[value]),), figures={"aim": [10.0 * i, 0]})
        for i, value in enumerate(measured, 1)
    ]
    rows.append(Row("absent", (), figures={"aim": [0.0, 0.0]}))
    (table,) = compare(made_experiment(*rows))
    found = agreement(table.rows, "aim")
    assert found is None if tau is None else (found.tau, found.rows) == (pytest.approx(tau), len(measured))


@pytest.mark.parametrize(
    ("one", "other", "tau"),
    [
        ([1, 2, 3], [10, 20, 30], 1),
        ([1, 2, 3], [3, 2, 1], -1),
        ([1, 2, 3, 4], [1, 2, 4, 3], 4 / 6),
        ([1, 1, 2], [1, 2, 3], 2 / math.sqrt(2 * 3)),  # tau-b: a tie counts in neither direction
        ([1, 1, 1], [1, 2, 3], math.nan),
    ],
)
def test_kendalls_tau_of_two_orders(one, other, tau):
    assert kendall_tau(one, other) == pytest.approx(tau, nan_ok=True)
