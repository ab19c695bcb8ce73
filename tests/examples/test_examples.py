"""Every script of examples/ runs on tiny inputs and gives what it says."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.images import read_alpha, write_image
from matting.metrics.functional import matting_metrics
from matting.stages.objective import Example
from tests.helpers.tiny import TINY

FOLDER = Path(__file__).parents[2] / "examples"


def load(name):
    """The module of a script, which is in no package."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_has_a_test_here():
    text = Path(__file__).read_text()
    assert all(f'load("{file.stem}")' in text for file in FOLDER.glob("*.py"))


def test_metrics_of_two_folders(tmp_path, capsys):
    example = load("metrics_of_two_folders")
    draw = np.random.default_rng(0)
    alphas = {name: draw.integers(0, 256, (2, 24, 16), np.uint8) for name in ("a", "b")}
    for name, (pred, true) in alphas.items():
        write_image(tmp_path / f"pred/{name}.png", pred)
        write_image(tmp_path / f"true/{name}.png", true)
    example.main([str(tmp_path / "pred"), str(tmp_path / "true")])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["name", "a", "b", "mean"]
    expected = matting_metrics(*map(torch.from_numpy, alphas["b"]))
    assert [float(cell) for cell in lines[2].split()[1:]] == pytest.approx([float(v) for v in expected.values()], 1e-5)
    both = np.array([[float(cell) for cell in line.split()[1:]] for line in lines[1:]])
    assert both[2] == pytest.approx(both[:2].mean(0), 1e-5)


def test_metrics_of_a_truth_without_prediction(tmp_path):
    example = load("metrics_of_two_folders")
    for name in ("true/a", "true/b", "pred/a"):
        write_image(tmp_path / f"{name}.png", np.zeros((4, 4), np.uint8))
    with pytest.raises(SystemExit, match="b"):
        example.main([str(tmp_path / "pred"), str(tmp_path / "true")])


def test_predict_one_image_equals_the_command(tmp_path, trained, tiny):
    example = load("predict_one_image")
    write_image(tmp_path / "in/photo.png", np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8))
    arguments = [str(tmp_path / "in/photo.png"), str(tmp_path / "alpha.png"), "method=pomagan", *TINY]
    with pytest.raises(SystemExit, match=r"method\.alpha"):
        example.main([*arguments, "seed=5"])
    example.main(arguments)
    code, _, err = tiny("predict", "method=pomagan", "input=in", "output=out")
    assert code == 0, err
    assert np.array_equal(read_alpha(tmp_path / "alpha.png"), read_alpha(tmp_path / "out/alpha/photo.png"))


def test_predict_gives_the_method_the_image_in_0_to_1():
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 1), np.uint8).repeat(3, 2)
    method = SimpleNamespace(matte=lambda batch: batch.mean(1, keepdim=True))
    assert np.array_equal(load("predict_one_image").predict(method, torch.device("cpu"), image), image[..., 0])


def test_new_loss_term_is_trained(tmp_path, matting, capfd):
    example = load("new_loss_term")
    example.main(["--batches", "2", *TINY])
    assert capfd.readouterr().out.count("gradient ") == 2
    rows = example.train(1, [*TINY, "loss.perceptual.weight=0"])
    train = next(row for row in rows if "train/loss/gradient" in row)
    assert train["train/weighted/gradient"] == pytest.approx(10 * train["train/loss/gradient"])
    assert train["train/loss/gradient"] > 0


def test_the_new_term_is_in_the_total():
    schema.register()
    overrides = ["stage=alpha_gan", "loss.adversarial.weight=0", "loss.perceptual.weight=0", "loss.targets=[alpha]"]
    objective = load("new_loss_term").GradientObjective(plain(compose_config("train", overrides))["loss"], 3, ".")
    image, true, pred = torch.rand(2, 3, 8, 8), torch.rand(2, 1, 8, 8), torch.rand(2, 1, 8, 8)
    losses = objective.generator_losses(Example(image, (), true, None), pred, None)
    assert set(losses.weighted) == {"alpha", "border", "gradient"}
    assert losses.total.item() == pytest.approx(sum(losses.weighted.values()).item())


def test_gradient_loss_of_a_step():
    """One column of 4 rows is a step of 1 in the truth, 0 in the prediction: 4 of 12 horizontal differences."""
    loss = load("new_loss_term").gradient_loss
    true = torch.zeros(1, 1, 4, 4)
    true[..., 2:] = 1
    assert loss(torch.zeros(1, 1, 4, 4), true).item() == pytest.approx(4 / 12)
    assert loss(true, true) == 0
