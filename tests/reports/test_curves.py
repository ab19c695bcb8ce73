"""Loss curves: which panels there are, and how long series are thinned."""

import numpy as np

from matting.reports.curves import curves, thinned


def test_a_panel_without_rows_is_left_out(done):
    stage = done.steps[0]
    titles = [title for title, _ in curves(stage)]
    assert titles == [
        "loss terms, raw",
        "discriminator's mean probability of real",
        "val/whole/mse",
    ]
    file = stage.folder / "metrics.csv"
    file.write_text("".join(line for line in file.read_text().splitlines(True) if "adv/" not in line))
    assert [title for title, _ in curves(stage)] == [titles[0], titles[2]]


def test_a_long_series_is_averaged():
    batches, values = thinned([(i, float(i % 2)) for i in range(8000)])
    assert len(batches) == len(values) == 400
    np.testing.assert_allclose(values, 0.5)
