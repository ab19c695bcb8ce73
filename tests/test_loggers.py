"""metrics.csv whole or absent, and the choices beside it."""

import pytest

from matting.files import read_metrics
from matting.loggers import MetricsCSV


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


@pytest.mark.parametrize("logger", ["tensorboard", "wandb"])
def test_other_loggers_write_into_the_run_folder(tiny, tmp_path, monkeypatch, logger):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("WANDB_SILENT", "true")
    code, _, err = tiny("train", f"logger={logger}", "trainer.max_batches=2")
    assert code == 0, err
    pattern = "tensorboard/events.*" if logger == "tensorboard" else "wandb/offline-run-*/run-*.wandb"
    files = list(tmp_path.glob(f"outputs/segmentation_gan/*/{pattern}"))
    assert len(files) == 1
    assert files[0].stat().st_size > 100
    assert list(tmp_path.glob("outputs/segmentation_gan/*/metrics.csv"))


def test_training_imports_no_wandb(matting):
    import subprocess
    import sys

    code = "import matting.training, sys; sys.exit('wandb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
