"""AlphaNet from nothing to its report, at a tiny size; then what is done with its runs."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from matting.cli.main import main
from matting.data.images import write_image
from matting.errors import Interrupted
from matting.stages.alphanet import AlphaNetEndToEnd
from tests.helpers import trees
from tests.helpers.tiny import TINY

STEPS = ["alphanet_segmentation", "alphanet_matting", "alphanet", "evaluate/alphanet"]
HALVES = {"segmentation": "alphanet_segmentation", "matting": "alphanet_matting"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folders of the recipe's runs by kind, and of its report."""
    folder = tmp_path_factory.mktemp("recipe")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MATTING_CACHE_DIR", str(folder.parent / "cache"))
        assert main(["reproduce", "recipe=alphanet", *TINY]) == 0
    return {kind: only_run(folder, kind) for kind in (*STEPS, "reports")}


@pytest.fixture
def go(made, tiny, monkeypatch):
    """Commands where those outputs are."""
    monkeypatch.chdir(made["reports"].parents[2])
    return tiny


def only_run(folder, kind):
    (run,) = (folder / "outputs" / kind).iterdir()
    return run


def digest(folder):
    return folder.name.rsplit("-", 1)[-1]


def weights(file, prefix=""):
    state = torch.load(file, weights_only=True)["state_dict"]
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def rows_of(text):
    """(title, figures) of the rows of a piece of HTML."""
    rows = re.findall(r"<tr><th>(.*?)</th>(.*?)</tr>", text)
    return {title: re.findall(r"<td>(?:<b>)?(.*?)(?:</b>)?</td>", cells) for title, cells in rows}


def test_the_report_lays_the_rows_beside_the_published_ones(made):
    text = (made["reports"] / "report.html").read_text()
    result = json.loads((made["evaluate/alphanet"] / "result.json").read_text())
    rows = result["tests"]["procedural"]["rows"]
    assert {*rows} == {"alpha", "mask", "probability", "halves", "constant", "perfect_mask"}
    table = text.split("<table>")[1].split("</table>")[0]
    ours = rows_of(table.split("<tbody>")[1].split("</tbody>")[0])
    titles = ["mask as alpha", "its probability as alpha", "pre-trained halves", "AlphaNet"]
    assert [*ours] == ["best constant", *titles, "perfect binary mask"]
    whole = rows["alpha"]["whole"]
    units = ((1e3, "mse"), (1e3, "mae"), (1e5, "grad_px"), (1e5, "conn_px"))
    assert [float(figure) for figure in ours["AlphaNet"]] == [
        pytest.approx(factor * whole[metric], rel=6e-4) for factor, metric in units
    ]
    published = table.split("<tbody class=published>")[1]
    assert rows_of(published)["AlphaNet (image)"] == ["3.794", "6.159", "19.44", "42"]
    assert rows_of(published)["Closed-form (DeepLabV3+ trimap)"] == ["5.132", "8.761", "21.53", "43.15"]
    assert "claimed there, not tabulated" in published
    assert "published" not in text.split("<table>")[2].split("</table>")[0]  # the unknown region has none
    for part in (text.split("<figcaption>")[1], (made["reports"] / "table.md").read_text()):
        assert "scale not comparable" in part
    assert "| pre-trained halves |" in (made["reports"] / "table.md").read_text()


def test_the_report_shows_and_tells_how_the_trimap_came_about(made):
    text = (made["reports"] / "report.html").read_text()
    section = text.split("<section>")[1].split("</section>")[0]
    columns = ["image", "mask", "trimap", "halves", "alpha", "truth", "error", "on green"]
    assert re.findall(r"<figcaption>(.*?)</figcaption>", section) == columns
    sentences = "".join(re.findall(r"<p>(.*?)</p>", text)).split(". ")
    for facts in (("trimap", "4%"), ("unknown region", "20 px"), ("ImageNet", "alphanet_matting")):
        assert any(all(fact in sentence for fact in facts) for sentence in sentences), facts
    shown = cv2.imread(str(next((made["evaluate/alphanet"] / "pictures").glob("*/first-0-trimap.png"))), 0)
    assert {*np.unique(shown)} <= {0, 128, 255}
    assert Balanced(text).open == []


class Balanced(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_each_stage_is_an_ordinary_run_and_found_again(made, go):
    code, out, _ = go("reproduce", "recipe=alphanet", "plan=true")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["done"] * 5
    assert [kind for kind in STEPS if f"outputs/{kind}/" in out] == STEPS
    for kind, terms in (
        ("alphanet_segmentation", {"focal", "dice"}),
        ("alphanet_matting", {"alpha", "compositional"}),
        ("alphanet", {"alpha", "compositional", "focal", "dice"}),
    ):
        names = {line.split(",")[1] for line in (made[kind] / "metrics.csv").read_text().splitlines()}
        assert {name.split("/")[-1] for name in names if name.startswith("train/loss/")} == terms
        assert {name.split("/")[-1] for name in names if name.startswith("train/weighted/")} == terms
        assert ({"val/iou", "val/boundary_f1"} <= names) == (kind == "alphanet_segmentation")
    assert {key.split(".")[0] for key in weights(made["alphanet"] / "checkpoints/best.ckpt")} == {"seg", "mat"}
    stage = json.loads(json.dumps(torch.load(made["alphanet"] / "checkpoints/best.ckpt")["matting"]))
    assert stage["nets"].keys() == {"seg", "mat", "trimap"}


def test_the_segmentation_learns_with_its_norms_unless_it_is_frozen(made, go):
    """Both start from the same halves, found or named by a file; what training leaves of them shows what took part."""
    before = weights(made["alphanet_segmentation"] / "checkpoints/best.ckpt", "seg.")
    learned = weights(made["alphanet"] / "checkpoints/best.ckpt", "seg.")
    assert before.keys() == learned.keys()
    statistics = [key for key in before if "running_mean" in key]
    assert not any(torch.equal(before[key], learned[key]) for key in statistics)
    file = made["alphanet_matting"] / "checkpoints/best.ckpt"
    code, out, err = go("train", "stage=alphanet", "stage.feedback=none", "loss.loss_on=raw", f"stage.matting={file}")
    assert (code, err) == (0, "")
    assert out.count("training outputs/") == 1
    frozen = Path(re.search(r"^alphanet: done, (.*)$", out, re.M)[1])
    kept = weights(frozen / "checkpoints/best.ckpt")
    for key, value in before.items():
        assert torch.equal(value, kept[f"seg.{key}"]), key
    matting = weights(file, "mat.")
    assert not all(torch.equal(value, kept[f"mat.{key}"]) for key, value in matting.items())


def test_an_end_to_end_run_alone_is_evaluated_beside_its_halves(made, go):
    code, out, err = go("evaluate", "method=alphanet", f"method.alphanet={digest(made['alphanet'])}")
    assert (code, err) == (0, "")
    assert str(made["evaluate/alphanet"].name) in out  # the recipe's own evaluation, found


def test_a_row_at_another_longer_side_is_trained_and_measured_at_it(made, go):
    words = ["experiments=alphanet/attention", "net.mat.attention=attention", "stage.max_side=24"]
    code, out, err = go("train", *words)
    assert (code, err) == (0, "")
    row = Path(re.search(r"^alphanet: done, (.*)$", out, re.M)[1])
    before, after = (weights(run / "checkpoints/best.ckpt") for run in (made["alphanet"], row))
    assert not all(torch.equal(value, after[key]) for key, value in before.items())
    evaluation = Path(re.search(r"^evaluate: done, (.*)$", out, re.M)[1])
    assert "max_side: 24\n" in (evaluation / "config.yaml").read_text().split("\nmethod:")[1]


@pytest.mark.parametrize("key", HALVES)
def test_a_checkpoint_of_the_wrong_stage_is_refused_by_name(made, go, key):
    other = {"segmentation": "alphanet_matting", "matting": "alphanet"}[key]
    file = made[other] / "checkpoints/best.ckpt"
    code, _, err = go("train", "stage=alphanet", f"stage.{key}={file}")
    assert code == 2
    assert err.startswith(f"matting train: {file}: ")
    assert f"stage={HALVES[key]}" in err


def test_the_matting_network_is_evaluated_with_the_truths_trimap(made, go):
    code, _, err = go("evaluate", "method=alphanet_matting", "batch_size=1")
    assert (code, err) == (0, "")
    folder = only_run(Path(), "evaluate/alphanet_matting")
    rows = json.loads((folder / "result.json").read_text())["tests"]["procedural"]["rows"]
    assert {*rows} == {"alpha", "constant", "perfect_mask"}
    known = rows["alpha"]["whole"]["sad"] - rows["alpha"]["unknown"]["sad"]
    assert known == pytest.approx(0, abs=1e-3)  # outside of the unknown region the alpha is the truth
    trimap = cv2.imread(str(next((folder / "pictures").glob("*/first-0-trimap.png"))), 0)
    truth = cv2.imread(str(next((folder / "pictures").glob("*/first-0-truth.png"))), 0)
    assert {*np.unique(trimap)} == {0, 128, 255}
    assert truth[trimap == 255].min() == 255
    assert truth[trimap == 0].max() == 0


def test_a_picture_and_a_trimap_are_predicted(made, go, tmp_path):
    draw = np.random.default_rng(0)
    image = draw.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    trimap = np.repeat(np.array([[0, 128, 255]], np.uint8), 20, axis=1).repeat(40, axis=0)
    write_image(tmp_path / "me.png", image)
    write_image(tmp_path / "map.png", trimap)
    words = [f"input={tmp_path / 'me.png'}", f"output={tmp_path / 'out'}"]
    code, _, err = go("predict", "method=alphanet_matting", *words, f"trimap={tmp_path / 'map.png'}")
    assert (code, err) == (0, "")
    alpha = cv2.imread(str(tmp_path / "out/alpha/me.png"), cv2.IMREAD_UNCHANGED)
    assert alpha.shape == (40, 60)
    assert alpha[:, :20].max() == 0
    assert alpha[:, 40:].min() == 255
    assert 0 < alpha[:, 20:40].mean() < 255
    code, _, err = go("predict", "method=alphanet", *words, f"trimap={tmp_path / 'map.png'}")
    assert code == 2
    assert "method=" in err
    code, _, err = go("predict", "method=alphanet", *words)
    assert (code, err) == (0, "")
    again = cv2.imread(str(tmp_path / "out/alpha/me.png"), cv2.IMREAD_UNCHANGED)
    assert again.shape == (40, 60)


def test_end_to_end_goes_on_where_it_was_stopped(made, go, monkeypatch):
    """On the halves by their folders; beside the recipe's run, which was not stopped."""
    halves = [f"stage.{key}={made[stage]}" for key, stage in HALVES.items()]
    words = ["stage=alphanet", "checkpoint.every_batches=2", "paths.output_dir=stopped/outputs", *halves]
    losses = AlphaNetEndToEnd.losses

    def stop_at_six(self, batch):
        if self.batches == 6:
            raise Interrupted("stopped")
        return losses(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(AlphaNetEndToEnd, "losses", stop_at_six)
        assert go("train", *words)[0] == 130
    code, out, err = go("train", *words)
    assert (code, err) == (0, "")
    assert "going on with" in out
    stopped = only_run(Path("stopped"), "alphanet")
    assert stopped.name == made["alphanet"].name
    for name in ("metrics.csv", "result.json"):
        assert (stopped / name).read_text() == (made["alphanet"] / name).read_text()
    whole = weights(made["alphanet"] / "checkpoints/best.ckpt")
    for key, value in weights(stopped / "checkpoints/best.ckpt").items():
        assert torch.equal(value, whole[key]), key


def test_persons_on_photographs_train_the_segmentation(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("matting.data.sources.folder.estimate_foreground", lambda image, alpha, **_: image)
    monkeypatch.setenv("MATTING_DATA_ROOT", str(tmp_path / "data"))
    trees.write_fashion(tmp_path / "data")
    code, out, err = tiny("train", "stage=alphanet_segmentation", "data=fashion", "trainer.max_batches=2")
    assert (code, err) == (0, "")
    assert "4 training photographs" in out
    folder = only_run(tmp_path, "alphanet_segmentation")
    manifest, result = (json.loads((folder / f"{name}.json").read_text()) for name in ("manifest", "result"))
    assert (manifest["subjects"], manifest["samples"], manifest["skipped"]) == (4, 4, [])
    assert result.keys() == {"batch", "batches", "val", "photographs", "composites"}
    assert 0 <= result["val"]["val/iou"] <= 1
