"""The progress of a training on terminals of several widths, in a file, and after a failure."""

import io
import sys
import threading
from types import SimpleNamespace

import pytest
from rich.console import Console

from matting.errors import JobError
from matting.stages.segmentation_gan import SegmentationGAN
from matting.training.callbacks import progress
from matting.training.callbacks.progress import Progress, make_bar

SPEED = SimpleNamespace(line="12.3 images/s, 3% waiting for data, step 645 ms (95 %: 700), peak 13.9 GB")


def fitting():
    return SimpleNamespace(is_global_zero=True, state=SimpleNamespace(fn="fit"))


def refreshing():
    return [thread for thread in threading.enumerate() if type(thread).__name__ == "_RefreshThread"]


@pytest.mark.parametrize("title", ["alpha_gan", "alphanet_segmentation"])
@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_a_bar_is_one_line_with_all_its_parts(monkeypatch, width, title):
    monkeypatch.setenv("COLUMNS", str(width))
    bar = make_bar()
    speed = Progress(title, 1, SPEED).speed_text(width)
    task = bar.add_task(title, total=564_000, completed=0, loss="", speed="")
    bar.update(task, completed=12_345, loss="loss 0.1234", speed=speed)
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(bar.get_renderable())
    (line,) = console.file.getvalue().splitlines()
    assert len(line.rstrip()) <= width
    for part in (title[:5], "12345/564000", ":--", "loss 0.1234"):
        assert part in line
    assert ("12.3 images/s" in line) == (width >= 100)
    assert ("peak 13.9 GB" in line) == (width == 200)
    assert width == 60 or title in line


def test_without_a_terminal_lines_have_the_loss_and_the_keys_of_the_logs(monkeypatch, capsys):
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    shown, stage = Progress("a stage", 40, SPEED), SimpleNamespace(batches=0, loss=None, validated={})
    shown.on_train_start(fitting(), stage)
    for batches, loss in ((10, None), (20, 0.51234)):
        stage.batches, stage.loss = batches, loss
        shown.on_train_batch_end(fitting(), stage)
    stage.validated = {"val/whole/sad": 7.0, "val/whole/mse": 0.0461, "val/whole/mae": 0.1}
    shown.on_validation_end(fitting(), stage)
    assert capsys.readouterr().out.splitlines() == [
        "a stage: batch 20 of 40, loss 0.5123, about 18 s left",
        "a stage: batch 20, val/whole/mse 0.0461, val/whole/mae 0.1",
    ]


def test_a_training_that_fails_takes_its_bar_with_it(tiny, monkeypatch):
    """The next job of a sweep could not show a bar otherwise: rich has one at a time."""
    bars = []

    def failing(stage, batch):
        bars.append(refreshing())
        raise JobError("a loss is NaN")

    monkeypatch.setattr(SegmentationGAN, "example", failing)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(Console, "is_terminal", True)
    code, _, err = tiny("train", "loss.perceptual.weight=0", "-m", "seed=0,1")
    assert (code, "a loss is NaN" in err) == (4, True)
    assert [len(threads) for threads in bars] == [1, 1]
    assert refreshing() == []
