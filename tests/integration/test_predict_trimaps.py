"""matting predict with a person's trimaps: each finds its picture and reaches the method."""

import numpy as np
import pytest
import torch
from PIL import Image

from matting.data.images import write_image
from matting.methods.base import Method
from tests.helpers.pictures import read, scene


class Guided(Method):
    """A stand-in for an interactive method: its alpha is the trimap."""

    name, wants_trimap = "guided", True

    def forward(self, image, trimap=None):
        return {"alpha": trimap}


@pytest.fixture
def guided(matting, monkeypatch, tmp_path):
    """Run predict with that method on in/a.png and in/sub/b.jpg, whose trimaps lie in in/maps as b.webp and a.png."""
    trimap = np.repeat(np.array([[0, 128, 255]] * 20, np.uint8), 10, axis=1)
    for name, map_name in (("a.png", "a.png"), ("sub/b.jpg", "sub/b.webp")):
        write_image(tmp_path / "in" / name, scene(20, 30))
        (tmp_path / "in/maps" / map_name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(trimap).save(tmp_path / "in/maps" / map_name, lossless=True)
    monkeypatch.setattr("matting.prediction.predictor.load_method", lambda *_: (Guided(), torch.device("cpu")))
    monkeypatch.setattr("matting.commands.predict.trained", lambda config: {})

    def run(*words):
        return matting("predict", "output=out", "runtime.threads=1", "method.inputs=[image,trimap]", *words)

    return run, trimap


def test_trimaps_of_a_folder_reach_the_method(guided, tmp_path):
    run, trimap = guided
    code, out, err = run("input=in", "trimap=in/maps")
    assert (code, err) == (0, "")
    assert "2 of 2 " in out  # the trimaps themselves are no pictures
    for name in ("a", "sub/b"):
        np.testing.assert_array_equal(read(tmp_path / f"out/alpha/{name}.png")[1], trimap)


def test_a_trimap_of_one_picture(guided, tmp_path):
    run, trimap = guided
    assert run("input=in/sub/b.jpg", "trimap=in/maps/a.png")[0] == 0
    np.testing.assert_array_equal(read(tmp_path / "out/alpha/b.png")[1], trimap)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["input=in"], "trimap="),
        (["input=in", "trimap=nowhere"], "trimap=nowhere: "),
        (["input=in", "trimap=in/maps/a.png"], "in/maps/a.png: "),
        (["input=in", "trimap=in/maps/sub"], "in/maps/sub/a.png"),
        (["input=in", "trimap=in/maps", "method.inputs=[image]"], "method=pomagan "),
        (["input=in", "trimap=in/maps", "~method.inputs"], "method=pomagan "),
    ],
)
def test_trimaps_that_do_not_go_with_the_pictures(guided, tmp_path, words, message):
    code, out, err = guided[0](*words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
