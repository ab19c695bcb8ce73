"""Errors and means of one test set and region, read from an evaluation."""

import json
import math

from matting.experiments.measurements import Measurements
from tests.helpers.made_experiments import made_job


def test_errors_are_those_of_the_row_and_the_region_without_empty_ones(tmp_path):
    job = made_job(tmp_path / "a", mse=[0.25, 0.5])
    file = job.evaluation.folder / "images.jsonl"
    entry = {"test": "aim", "id": "x", "row": "alpha", "region": "whole", "mse": math.nan}
    extra = [entry, {**entry, "region": "unknown", "mse": 9.0}, {**entry, "test": "d646", "mse": 9.0}]
    file.write_text(file.read_text() + "".join(json.dumps(line) + "\n" for line in extra))
    place = Measurements({}, "aim", "whole")
    assert list(place.errors(job.evaluation, "alpha")) == [("person0", 0.25), ("person1", 0.5)]
    assert list(place.errors(job.evaluation, "coarse")) == [("person0", 0.5), ("person1", 1.0)]
