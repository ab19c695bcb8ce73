"""The tables of pictures without people."""

from matting.experiments.experiment import Row
from matting.reports.without_people import experiment_table, result_table
from matting.utils.files import read_json, write_json
from tests.helpers.made_experiments import made_experiment, made_job
from tests.helpers.made_runs import a_result

FIGURES = {"mean_alpha": 0.25, "above_half": 0.125, "mse": 0.0625}


def test_a_line_for_each_row_of_an_evaluation():
    result = a_result()
    rows = {"alpha": FIGURES, "coarse": dict.fromkeys(FIGURES, 0.5)}
    result["tests"]["aim"]["without_people"] = {"samples": 7, "rows": rows}
    (table,) = result_table(result, {"alpha": "POMAGAN", "coarse": "coarse map"})
    assert table.lines == [["aim: coarse map", "0.5", "50", "500"], ["aim: POMAGAN", "0.25", "12.5", "62.5"]]


def test_an_evaluation_of_before_has_no_such_table():
    assert list(result_table(a_result(), {"alpha": "POMAGAN"})) == []


def test_an_experiment_has_the_mean_over_seeds(tmp_path):
    jobs = [made_job(tmp_path / str(seed), seed, [0.1]) for seed in (0, 1)]
    for job, factor in zip(jobs, (1, 3), strict=True):
        file = job.evaluation.folder / "result.json"
        result = read_json(file)
        figures = {name: factor * value for name, value in FIGURES.items()}
        result["tests"]["aim"]["without_people"] = {"samples": 7, "rows": {"alpha": figures}}
        write_json(file, result)
    old = made_job(tmp_path / "old", 0, [0.1])
    (table,) = experiment_table(made_experiment(Row("row", tuple(jobs)), Row("old", (old,)), Row("none", ())))
    assert table.lines == [["aim: row", "0.5", "25", "125"]]
