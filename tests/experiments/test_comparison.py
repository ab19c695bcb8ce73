"""Measured beside published: means over seeds, paired bootstrap, rank agreement, what failed."""

import math
from dataclasses import replace

import pytest

from matting.experiments.comparison import compare, mean_and_deviation, published_of
from matting.experiments.experiment import Row
from tests.helpers.made_experiments import made_experiment, made_job, upstream_run


def test_the_deviation_is_the_samples_and_none_of_one_seed():
    assert mean_and_deviation([1.0, 3.0]) == (2.0, pytest.approx(math.sqrt(2)))
    assert mean_and_deviation([2.5]) == (2.5, None)
    assert mean_and_deviation([0.1852] * 3) == (0.1852, 0)  # not 3e-17


def test_rows_have_means_differences_and_published_figures(tmp_path):
    figures = {"aim": [8.16, 1.0], "pm85": [3.0, 1.0]}
    first = Row("first", tuple(made_job(tmp_path / f"a{seed}", seed, [0.1, 0.3]) for seed in (0, 1)), figures=figures)
    jobs = (made_job(tmp_path / "b0", 0, [0.2, 0.4]), made_job(tmp_path / "b1", 1, [0.4, 0.6]))
    other = Row("second", jobs, figures={"aim": [9.0, 1.0]})
    absent = Row("absent", (), figures={"aim": [1.0, 1.0]})
    mask = Row("", first.jobs, "perfect_mask", control=True)
    (table,) = compare(made_experiment(absent, first, other, mask))
    rows = {row.title: row for row in table.rows}
    assert list(rows) == ["absent", "first", "second", "perfect binary mask"]
    assert rows["first"].means["mse"] == (pytest.approx(0.2), 0)
    assert rows["second"].means["mse"] == (pytest.approx(0.4), pytest.approx(math.sqrt(0.02)))
    assert rows["first"].difference is None
    assert rows["second"].difference.mean == pytest.approx(0.2)
    assert (rows["absent"].state, rows["absent"].means, rows["absent"].published) == (
        "not run",
        {},
        {"aim": [1.0, 1.0]},
    )
    assert rows["first"].published == {"aim": figures["aim"]}  # of the test set of that name alone
    assert rows["perfect binary mask"].difference is None
    assert [(found.test, found.tau, found.rows) for found in table.agreements] == [("aim", 1.0, 2)]


def test_published_figures_of_other_test_sets_go_with_their_region(tmp_path):
    row = Row("row", (made_job(tmp_path / "a", mse=[0.1], test="drawn"),), figures={"aim": [8.0, 1.0]})
    (table,) = compare(made_experiment(row))
    assert table.rows[0].published == {"aim": [8.0, 1.0]}
    (table,) = compare(made_experiment(row, region="unknown"))
    assert table.rows[0].published == {}
    assert published_of(made_experiment(row), row, "drawn", "whole", {"drawn": {}, "aim": {}}) == {}


def test_a_row_of_another_part_of_the_result(tmp_path):
    job = made_job(tmp_path / "a", mse=[0.1, 0.2])
    (table,) = compare(made_experiment(Row("alpha", (job,)), Row("coarse", (job,), "coarse")))
    assert table.rows[1].means["mse"][0] == pytest.approx(0.3)
    assert table.rows[1].difference.mean == pytest.approx(0.15)


def test_failed_rows_say_why_and_missing_ones_that_they_are(tmp_path):
    done, failed = made_job(tmp_path / "a", mse=[0.1]), made_job(tmp_path / "b", error="a loss is NaN")
    below = replace(made_job(tmp_path / "c"), stages=[upstream_run(tmp_path / "d", "out of memory")])
    rows = [Row(str(number), (job,)) for number, job in enumerate((done, failed, below, made_job(tmp_path / "e")))]
    (table,) = compare(made_experiment(*rows))
    states = [row.state for row in table.rows]
    assert states == ["done", "failed: a loss is NaN", "failed: alpha_gan: out of memory", "not run"]
    assert compare(made_experiment(*rows[1:])) == []


def test_a_seed_given_twice_is_one_run(tmp_path):
    once, other = made_job(tmp_path / "a", 0, [0.1]), made_job(tmp_path / "b", 1, [0.3])
    (table,) = compare(made_experiment(Row("twice", (once, once)), Row("thrice", (once, other, once))))
    assert [(row.seeds, row.means["mse"]) for row in table.rows] == [
        (1, (0.1, None)),
        (2, (pytest.approx(0.2), pytest.approx(math.sqrt(0.02)))),
    ]


def test_every_seed_without_figures_says_why_in_one_line(tmp_path):
    jobs = made_job(tmp_path / "a", 0, [0.1]), made_job(tmp_path / "b", 1, error="shapes\n do not\nfit")
    jobs += made_job(tmp_path / "c", 2), made_job(tmp_path / "d", 3)
    (table,) = compare(made_experiment(Row("row", jobs)))
    assert (table.rows[0].seeds, table.rows[0].state) == (1, "failed: shapes do not fit; not run")


def test_a_row_that_has_other_test_sets_or_regions_was_run_but_not_there(tmp_path):
    one, two = made_job(tmp_path / "a", mse=[0.1]), made_job(tmp_path / "b", mse=[0.2], test="d646")
    three = made_job(tmp_path / "c", mse=[0.3], region="unknown")
    rows = Row("one", (one,)), Row("two", (two,)), Row("three", (three,)), Row("four", (made_job(tmp_path / "d"),))
    found = {(table.test, table.region): [row.state for row in table.rows] for table in compare(made_experiment(*rows))}
    here = "not measured here"
    assert found == {
        ("aim", "whole"): ["done", here, here, "not run"],
        ("d646", "whole"): [here, "done", here, "not run"],
        ("aim", "unknown"): [here, here, "done", "not run"],
    }


@pytest.mark.parametrize(
    ("region", "more", "samples"),
    [
        ("whole", {"size": (64, 96)}, [0.5, 0.6]),
        ("whole", {}, [0.5, 0.6, 0.7]),
        ("unknown", {"dilation": 10}, [0.5, 0.6]),
    ],
)
def test_rows_on_other_pixels_have_no_difference_and_no_rank(tmp_path, region, more, samples):
    made = [made_job(tmp_path / name, mse=[0.1 + at, 0.2], region=region) for at, name in enumerate("abc")]
    made.append(made_job(tmp_path / "d", mse=samples, region=region, **more))
    rows = [Row(f"{at}", (job,), figures={"aim": [4.0 - at, 1]}) for at, job in enumerate(made)]
    (table,) = compare(made_experiment(*rows, region=region))
    assert [row.apart for row in table.rows] == [False, False, False, True]
    assert [row.difference is None for row in table.rows] == [True, False, False, True]
    assert [(found.tau, found.rows) for found in table.agreements] == [(-1.0, 3)]
    assert compare(made_experiment(rows[0], rows[3], region=region))[0].agreements == []


def test_conventions_are_named_where_rows_differ_and_keep_the_mse(tmp_path):
    first, other = made_job(tmp_path / "a", mse=[0.1]), made_job(tmp_path / "b", mse=[0.3], convention="p3m")
    rows = Row("first", (first,)), Row("other", (other,)), Row("convention=p3m, seen", (other,)), Row("", (other,))
    (table,) = compare(made_experiment(*rows[:3], replace(rows[3], part="perfect_mask", control=True)))
    assert [row.title for row in table.rows] == [
        *("first, convention=dim", "other, convention=p3m", "convention=p3m, seen"),
        "perfect binary mask, convention=dim",
    ]
    assert table.rows[1].difference.mean == pytest.approx(0.2)
    assert (table.varying, "convention" in table.shared) == (["convention"], False)


def test_what_any_row_has_to_beat_is_of_a_row_that_is_done(tmp_path):
    failed, done = made_job(tmp_path / "a", error="a loss is NaN"), made_job(tmp_path / "b", mse=[0.1])
    rows = Row("a", (failed,)), Row("b", (done,)), Row("", (failed,), "perfect_mask", control=True)
    (table,) = compare(made_experiment(*rows))
    mask = table.rows[2]
    assert (mask.state, mask.means["mse"]) == ("done", (0.004, None))
    assert table.rows[1].difference is None  # from the first row, which has no figures


def test_published_figures_of_a_test_set_go_with_no_other_test_set(tmp_path):
    rows = [Row("a", (made_job(tmp_path / "a", mse=[0.1]),), figures={"aim": [8.0, 1.0]})]
    rows.append(Row("b", (), figures={"pm85": [3.0, 1.0]}))
    (table,) = compare(made_experiment(*rows))
    assert [row.published for row in table.rows] == [{"aim": [8.0, 1.0]}, {}]
