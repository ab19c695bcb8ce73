"""How far a training is."""

import pytest

from matting.runs.progress import last_batch, progress


@pytest.mark.parametrize(
    ("text", "batch"),
    [
        ("batch,name,value\n10,a,1\n40,a,1\n50,trai", 40),
        ("batch,name,value\n", None),
        ("", None),
        ("batch,name,value\n" + "7,train/loss/x,0.123456789\n" * 1000, 7),
    ],
)
def test_the_last_whole_row_counts(tmp_path, text, batch):
    file = tmp_path / "metrics.csv"
    file.write_text(text)
    assert last_batch(file) == batch
    assert last_batch(tmp_path / "none.csv") is None


def test_progress_is_a_share_where_the_total_is_known(tmp_path):
    (tmp_path / "metrics.csv").write_text("batch,name,value\n40,a,1\n")
    assert progress(tmp_path, {"total_batches": 160}) == "25%"
    assert progress(tmp_path, {}) == "batch 40"
    assert progress(tmp_path / "none", {"total_batches": 160}) == ""
