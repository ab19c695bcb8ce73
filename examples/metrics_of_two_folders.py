"""Measure the alphas in one folder against the true alphas in another.

    python examples/metrics_of_two_folders.py alphas/ truth/

The two files of a pair have the same name; their suffixes may differ. Prints one line a pair, then the mean.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from matting.data.images import read_alpha
from matting.data.listing import index_images
from matting.metrics.functional import NAMES, matting_metrics


def measure_pair(pred_file: Path, true_file: Path) -> dict[str, float]:
    """Return SAD, MSE, MAE, gradient and connectivity error of one image, all raw values over the whole image."""
    # uint8 (H, W); the metrics divide by 255 in float64.
    pred, true = (torch.from_numpy(read_alpha(file)) for file in (pred_file, true_file))
    return {name: float(value) for name, value in matting_metrics(pred, true).items()}


def measure_folders(pred_folder: Path, true_folder: Path) -> dict[str, dict[str, float]]:
    """Return the metrics of every pair by its name. Raise SystemExit when a truth has no prediction."""
    predictions, truths = index_images(pred_folder, "predicted alphas"), index_images(true_folder, "true alphas")
    if missing := sorted(truths.keys() - predictions.keys()):
        raise SystemExit(f"{pred_folder}: no prediction for {missing[0]} of {true_folder}")
    return {name: measure_pair(predictions[name], truths[name]) for name in sorted(truths)}


def line(name: str, values: dict[str, float]) -> str:
    return f"{name:<24}" + "".join(f"{values[metric]:>14.6g}" for metric in NAMES)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Measure the alphas in one folder against those in another.")
    parser.add_argument("pred_folder", type=Path)
    parser.add_argument("true_folder", type=Path)
    arguments = parser.parse_args(argv)
    results = measure_folders(arguments.pred_folder, arguments.true_folder)
    print(f"{'name':<24}" + "".join(f"{metric:>14}" for metric in NAMES))
    for name, values in results.items():
        print(line(name, values))
    means = {metric: sum(values[metric] for values in results.values()) / len(results) for metric in NAMES}
    print(line("mean", means))


if __name__ == "__main__":
    main()
