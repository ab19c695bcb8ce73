"""A method sees each picture as it is, at any size of the table; validation, tests, evaluate and predict agree."""

from pathlib import Path

import numpy as np
import pytest
import torch

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.collate import collate
from matting.data.compositing import compose_batch
from matting.data.datamodule import CompositeData
from matting.evaluation import measure
from matting.evaluation.evaluator import best_constant, evaluator_of
from matting.evaluation.measure import Evaluator
from matting.methods.alphanet import AlphaNetMethod
from matting.methods.base import Method
from matting.methods.pomagan import Pomagan
from matting.metrics.functional import matting_metrics
from matting.nets.checkpoint import load_network
from matting.ops.resample import resample
from matting.prediction.predictor import Picture, Predictor
from matting.training.trainer import stage_evaluator
from tests.helpers.made_stages import BRIGHT, MATTING, make_stage, trained
from tests.helpers.saved_stages import save_generator, save_stage
from tests.helpers.tiny import TINY
from tests.helpers.trees import scene

HOST = torch.device("cpu")
SIZES = ["native", 112, [84, 84]]
TRIMAP = {"_target_": "matting.nets.morphology.ErosionDilation", "erode": 0.1, "dilate": 0.1}


class Watched(Method):
    """The mean of the colours as alpha; keeps its inputs and outputs."""

    name = "watched"

    def __init__(self):
        super().__init__()
        self.seen, self.given = [], []

    def forward(self, image, trimap=None):
        self.seen.append(image)
        self.given.append(image.mean(1, keepdim=True))
        return {"alpha": self.given[-1]}


def evaluation_of(tmp_path, *words):
    """(config, data) of a tiny evaluation of pictures of 40x56 px."""
    schema.register()
    sizes = ["scale.height=40", "scale.width=56", f"paths.cache_dir={tmp_path}", "batch_size=2"]
    config = plain(compose_config("evaluate", [*TINY, *sizes, *words]))
    data = CompositeData(config, config["batch_size"])
    data.setup("test")
    return config, data


def rows_of(evaluator, data):
    loader = data.eval_loader(data.tests["procedural"])
    return [(rows[0], planes) for rows, planes in evaluator.samples("procedural", loader, 0)]


def test_the_size_of_the_table_changes_neither_what_the_networks_see_nor_what_they_give(tmp_path):
    found = {}
    for size in SIZES:
        config, data = evaluation_of(tmp_path, f"scale.eval_size={size}")
        method = Watched()
        rows = rows_of(evaluator_of(method, best_constant(data.tests["procedural"]), HOST, config), data)
        found[str(size)] = torch.cat(method.seen), torch.cat(method.given), [(r["height"], r["width"]) for r, _ in rows]
    seen, given, _ = found["native"]
    assert seen.shape[-2:] == (40, 56)
    for size, measured_at in (("112", (80, 112)), ("[84, 84]", (84, 84))):
        assert torch.equal(found[size][0], seen)
        assert torch.equal(found[size][1], given)
        assert found[size][2] == [measured_at] * 2
    assert found["native"][2] == [(40, 56)] * 2


def test_prediction_and_truth_are_resized_for_the_figures(tmp_path):
    config, data = evaluation_of(tmp_path, "scale.eval_size=[84,84]")
    ((row, _), *_) = rows_of(evaluator_of(Watched(), 0.5, HOST, config), data)
    batch = compose_batch(collate([data.tests["procedural"][0]]), colour=False)
    pred, true = (resample(plane, 84, 84) for plane in (batch["image"].mean(1, keepdim=True), batch["alpha"]))
    expected = matting_metrics(pred, true, None)
    assert {name: row[name] for name in expected} == pytest.approx({k: v.item() for k, v in expected.items()}, rel=1e-6)


def test_the_planes_to_show_keep_their_proportions(tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "SHOWN_SIDE", 28)
    config, data = evaluation_of(tmp_path, "scale.eval_size=[84,84]")
    for _, planes in rows_of(evaluator_of(Watched(), 0.5, HOST, config), data):
        assert {plane.shape[1:] for plane in planes.values()} == {(20, 28)}


def pomagan(tmp_path, inference):
    """The alpha stage and the method of the same checkpoints, both with one kind of inference."""
    paths = {key: tmp_path / f"{key}.ckpt" for key in ("segmentation_gan", "alpha_gan")}
    gen = {stage: save_generator(path, stage) for stage, path in paths.items()}["alpha_gan"]
    stage = make_stage("alpha_gan", f"stage.inference={inference}", "stage.frame=[32,48]").eval()
    stage.gen = gen
    stage.__dict__["segmentation"] = load_network(paths["segmentation_gan"], "segmentation_gan").network
    return stage, Pomagan(*paths.values(), height=32, width=48, fit=inference)


def alphanet(tmp_path):
    """AlphaNet's end-to-end stage and the method of the same checkpoints."""
    halves = {"seg": trained(BRIGHT), "mat": trained(MATTING)}
    stage = make_stage("alphanet", "stage.max_side=40", segmentation=halves["seg"], matting=halves["mat"]).eval()
    paths = [tmp_path / f"{name}.ckpt" for name in ("alphanet", "alphanet_segmentation", "alphanet_matting")]
    save_stage(paths[0], "alphanet", **halves, trimap=trained({**TRIMAP, **{"erode": 0.04, "dilate": 0.04}}))
    save_stage(paths[1], "alphanet_segmentation", seg=halves["seg"])
    save_stage(paths[2], "alphanet_matting", mat=halves["mat"])
    return stage, AlphaNetMethod(*paths, max_side=40)


@pytest.mark.parametrize("system", ["pad", "stretch", "native", "alphanet"])
def test_validation_tests_evaluate_and_predict_give_one_alpha(system, tmp_path):
    """For a photograph of 50x70 px, in bytes, that is in no cache; `val_frame` is the size of validation figures."""
    stage, method = alphanet(tmp_path) if system == "alphanet" else pomagan(tmp_path, system)
    picture = scene(3, (50, 70))
    config, _ = evaluation_of(tmp_path, "scale.eval_size=[84,84]")
    alpha = np.zeros((50, 70), np.uint8)
    sample = {"image": picture, "fgr": picture, "bgr": picture, "alpha": alpha, "draws": np.zeros(11, np.float32)}
    raw = collate([{**sample, "seed": 0, "id": "photograph"}])
    found = {}

    validated = []
    stage.measure = lambda pred, true, valid: validated.append(pred)
    stage.stage = {**stage.stage, "val_frame": [50, 70]}
    with torch.no_grad():
        stage.validation_step(compose_batch(raw, colour=False), 0)
    found["validation"] = validated[0]
    found["test"] = maps_of(stage_evaluator(stage, HOST, config), raw)
    found["evaluate"] = maps_of(evaluator_of(method, 0.5, HOST, config), raw)
    for way, plane in found.items():
        assert plane.shape == (1, 1, 50, 70), way
        assert plane.std() > 0.01, way
        torch.testing.assert_close(plane, found["validation"], atol=1e-6, rtol=0, msg=way)
    predicted = Predictor(method, HOST, False).infer([Picture(Path("me.png"), "me", picture)])
    assert np.abs(predicted / 255 - found["validation"][:, 0].numpy()).max() <= 0.5 / 255 + 1e-6


def maps_of(evaluator: Evaluator, raw):
    """The alpha that an evaluator measures of a raw batch, at the size of the picture."""
    figures, _ = evaluator.predicted(raw, "native")
    return figures["alpha"]
