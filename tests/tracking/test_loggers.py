"""metrics.csv whole or absent, and the choices beside it."""

import pytest

from matting.tracking.loggers import MetricsCSV
from matting.utils.files import read_metrics


def test_rows_after_the_checkpoint_are_written_again(tmp_path):
    log = MetricsCSV(tmp_path / "metrics.csv")
    log.start(0)
    for batch in (1, 2, 3):
        log.log_metrics({"a": batch / 3, "b": float("nan")}, step=batch)
    with log.path.open("a") as file:
        file.write("4,a,")  # what a kill leaves
    log.start(2)
    log.log_metrics({"a": 7.0}, step=3)
    rows = [(row["batch"], row["value"]) for row in read_metrics(log.path) if row["name"] == "a"]
    assert rows == [(1, 1 / 3), (2, 2 / 3), (3, 7.0)]


def test_tensorboard_has_the_figures_and_the_pictures(tiny, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    code, _, err = tiny("train", "logger=tensorboard", "trainer.max_batches=2", "loss.perceptual.weight=0")
    assert code == 0, err
    (file,) = tmp_path.glob("outputs/segmentation_gan/*/tensorboard/events.*")
    (table,) = tmp_path.glob("outputs/segmentation_gan/*/metrics.csv")
    events = EventAccumulator(str(file)).Reload()
    rows = read_metrics(table)
    for name in ("train/total", "val/whole/mse"):
        written = {event.step: event.value for event in events.Scalars(name)}
        assert written == pytest.approx({row["batch"]: row["value"] for row in rows if row["name"] == name}), name
    tags = events.Tags()["images"]
    assert len(tags) == 2
    assert all(tag.startswith("pictures/validation/") for tag in tags)
    assert [event.step for event in events.Images(tags[0])] == [2]
