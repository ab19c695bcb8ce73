"""matting predict: pictures of any kind and size in, alpha, cut-out, composite out; one bad picture never the end."""

import contextlib
import io
import shlex

import numpy as np
import pytest
import torch
from PIL import Image

from matting.cli.main import main
from matting.data.augment import cover
from matting.data.foreground import estimate_foreground
from matting.data.images import read_rgb
from matting.methods.pomagan import Pomagan
from tests.helpers.pictures import BAD, GOOD, GREEN, read, save_pictures, scene
from tests.helpers.saved_stages import save_generator


@pytest.fixture(scope="module")
def method(tmp_path_factory):
    """Words of a command line that name two tiny checkpoints, and the method that they make."""
    folder = tmp_path_factory.mktemp("stages")
    paths = {name: folder / f"{name}.ckpt" for name in ("segmentation", "alpha")}
    for name, path in paths.items():
        save_generator(path, f"{name}_gan")
    words = [*(f"method.{name}={path}" for name, path in paths.items()), "method.height=32", "method.width=48"]
    return [*words, "runtime.threads=1"], Pomagan(**paths, height=32, width=48, fit="pad")


@pytest.fixture(scope="module")
def ran(method, tmp_path_factory):
    """One command over all kinds of pictures: its folders, exit code and lines."""
    folder = tmp_path_factory.mktemp("predict")
    save_pictures(folder / "in")
    out, err = io.StringIO(), io.StringIO()
    words = [f"input={folder}/in", f"output={folder}/out", "background=#00b140"]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["predict", *method[0], *words])
    return folder / "in", folder / "out", code, out.getvalue(), err.getvalue()


def test_each_picture_has_three_results_of_its_size(ran):
    _, output, *_ = ran
    for name, height, width in GOOD.values():
        for folder, mode, channels in (("alpha", "L", ()), ("cutout", "RGBA", (4,)), ("composite", "RGB", (3,))):
            found, array = read(output / folder / f"{name}.png")
            assert (found, array.shape, array.dtype) == (mode, (height, width, *channels), np.uint8), (folder, name)
    files = [path for path in output.rglob("*") if path.is_file()]
    assert len(files) == 3 * len(GOOD)


def test_unreadable_pictures_are_named_and_counted(ran):
    folder, _, code, out, err = ran
    assert code == 3
    for name in BAD:
        assert f"{folder / name}: " in out
        assert name in err
    assert f"{len(BAD)} of {len(GOOD) + len(BAD)} " in err
    assert err.count("\n") == 1


def test_alpha_is_the_methods_own(ran, method):
    folder, output, *_ = ran
    spread = 0
    for picture, (name, *_) in GOOD.items():
        image = torch.from_numpy(read_rgb(folder / picture)).permute(2, 0, 1)[None] / 255
        expected = method[1](image)["alpha"][0, 0].numpy() * 255
        alpha = read(output / "alpha" / f"{name}.png")[1]
        assert np.abs(alpha - expected).max() < 0.51, picture
        spread = max(spread, np.ptp(alpha))
    assert spread > 100


def test_the_cutout_has_that_alpha_and_estimated_colours(ran):
    folder, output, *_ = ran
    for picture, (name, *_) in GOOD.items():
        alpha, cutout = (read(output / kind / f"{name}.png")[1] for kind in ("alpha", "cutout"))
        np.testing.assert_array_equal(cutout[..., 3], alpha)
        expected = estimate_foreground(read_rgb(folder / picture), alpha)
        assert np.abs(cutout[..., :3].astype(int) - expected).max() <= 1, picture


def test_the_composite_follows_the_equation(ran):
    _, output, *_ = ran
    for name, *_ in GOOD.values():
        cutout = read(output / "cutout" / f"{name}.png")[1].astype(float)
        alpha = cutout[..., 3:] / 255
        expected = alpha * cutout[..., :3] + (1 - alpha) * np.array(GREEN)
        assert np.abs(read(output / "composite" / f"{name}.png")[1] - expected).max() < 0.51, name


def test_again_one_by_one_on_a_picture_into_the_input_itself(ran, method, tmp_path):
    """Results are no input, old ones are replaced, the batch size changes nothing, a picture covers the frame."""
    first, folder = ran[1], tmp_path / "Ünder (2)"
    save_pictures(folder)
    for name in BAD:
        (folder / name).unlink()
    (folder / "alpha").mkdir()
    (folder / "alpha/odd.png").write_text("an old result")
    Image.fromarray(scene(10, 40, 99)).save(tmp_path / "behind.png")
    words = [f"input={folder}", f"output={folder}", f"background={tmp_path}/behind.png", "batch_size=1"]
    assert main(["predict", *method[0], *words]) == 0
    for name, height, width in GOOD.values():
        alpha = read(folder / "alpha" / f"{name}.png")[1]
        assert np.abs(alpha.astype(int) - read(first / "alpha" / f"{name}.png")[1]).max() <= 1
        cutout = read(folder / "cutout" / f"{name}.png")[1].astype(float)
        opaque = cutout[..., 3:] / 255
        expected = opaque * cutout[..., :3] + (1 - opaque) * cover(scene(10, 40, 99), height, width)
        assert np.abs(read(folder / "composite" / f"{name}.png")[1] - expected).max() < 0.51, name
    assert len(list((folder / "alpha").rglob("*.png"))) == len(GOOD)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["background=grene"], "background=grene: "),
        (["input=nothing"], "input=nothing: "),
        (["inptu=in"], "inptu: "),
        (["output=taken"], "output=taken: "),
        (["method.alpha=nowhere"], "nowhere: "),
    ],
)
def test_bad_input_is_one_line_before_any_work(matting, method, tmp_path, words, message):
    Image.fromarray(scene(6, 7)).save(tmp_path / "me.png")
    (tmp_path / "taken").write_text("")
    code, out, err = matting("predict", *method[0], "input=me.png", "output=out", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_of_the_other_stage_names_both(matting, method, tmp_path):
    Image.fromarray(scene(6, 7)).save(tmp_path / "me.png")
    swapped = method[0][0].replace("method.segmentation=", "method.alpha=")
    code, _, err = matting("predict", *method[0], swapped, "input=me.png", "output=out")
    assert code == 2
    assert "stage=segmentation_gan" in err
    assert "stage=alpha_gan" in err


def test_inputs_of_the_config_and_of_the_method_agree(matting, method, tmp_path):
    Image.fromarray(scene(6, 7)).save(tmp_path / "me.png")
    Image.fromarray(scene(6, 7)[..., 0]).save(tmp_path / "map.png")
    words = ["input=me.png", "output=out", "trimap=map.png", "method.inputs=[image,trimap]"]
    code, _, err = matting("predict", *method[0], *words)
    assert code == 2
    assert "method.inputs=" in err


def test_a_method_that_is_not_trained_names_the_command_that_trains_it(matting, tmp_path):
    Image.fromarray(scene(6, 7)).save(tmp_path / "me.png")
    words = ["input=me.png", "output=out", "scale=quick", "seed=3", "data.backgrounds_per_subject=5"]
    code, _, err = matting("predict", *words)
    assert code == 2
    assert "alpha_gan" in err
    command = shlex.split(err.split("`")[1])
    assert command == ["matting", "train", "stage=alpha_gan", *words[2:]]
    given = matting("predict", *words, "method.segmentation=me.png")[2]  # any file counts as a checkpoint here
    assert "stage=alpha_gan stage.coarse=me.png scale=quick" in given
    code, planned, _ = matting(*command[1:], "plan=true")
    folders = [line.split()[-1] for line in planned.splitlines() if "outputs/" in line]
    assert folders[-1] in err
    code, out, _ = matting("predict", *words, "plan=true")
    assert (code, [line.split()[0] for line in out.splitlines()]) == (0, ["new", "new"])
    assert not (tmp_path / "out").exists()
