"""What a config's `_target_` may name, and that nothing else is built or even imported."""

import builtins
import contextlib
import functools
import importlib
import re
import sys

import pytest
import torch

from matting.config.instantiate import build, check_built, resolve
from matting.errors import UserError
from matting.nets.checkpoint import load_network

REFUSED = [
    "torch.load",
    "torch.hub.load",
    "torch.Tensor",
    "torch.utils.collect_env.run",
    "torch.utils.data.DataLoader",
    "torch.utils.collect_env.SystemEnv",
    "lightning.pytorch.Trainer",
    "albumentations.Compose",
    "albumentations.load",
    "kornia.io.load_image",
    "os.system",
    "subprocess.run",
    "builtins.eval",
    "eval",
    "numpy.load",
    "matting",
    "matting.runs.provenance.subprocess.run",
    "matting.runs.lifecycle.shutil.rmtree",
    "matting.runs.run.Path",
    "matting.runs.provenance.PACKAGES",
    "matting.runs.run",
    "matting.config.instantiate.importlib.import_module",
    "matting.config.instantiate.locate",
    "matting.config.compose.composed",
    "matting.losses.matte.l1_loss",
    "matting.runs.run.Run",
]


@pytest.mark.parametrize("path", REFUSED)
def test_refused(path):
    """Although it is there: a name that is not would be refused for that alone."""
    assert exists(path)
    with pytest.raises(UserError, match=r"^_target_=") as error:
        resolve(path)
    assert path in str(error.value)
    assert "\n" not in str(error.value)


def exists(path):
    """Whether Python finds an object by this dotted name."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        with contextlib.suppress(ImportError):
            found = importlib.import_module(".".join(parts[:length]))
            return functools.reduce(getattr, parts[length:], found) is not None
    return hasattr(builtins, path)


@pytest.mark.parametrize(
    "path",
    [
        "torch.nn.Conv2d",
        "torch.optim.Adam",
        "torch.optim.lr_scheduler.CosineAnnealingLR",
        "torchvision.models.ResNet",
        "torchmetrics.MeanSquaredError",
        "lightning.pytorch.callbacks.Timer",
        "lightning.pytorch.loggers.CSVLogger",
        "lightning.pytorch.profilers.SimpleProfiler",
        "albumentations.HorizontalFlip",
        "kornia.filters.GaussianBlur2d",
        "segmentation_models_pytorch.DeepLabV3Plus",
        "matting.nets.pomagan.AlphaGenerator",
        "matting.tracking.wandb_logger.WandbRun",
        "matting.data.sources.folder.FolderSubjects",
    ],
)
def test_allowed(path):
    assert resolve(path).__name__ == path.rsplit(".", 1)[1]


def test_a_forbidden_package_is_not_imported(tmp_path, monkeypatch):
    (tmp_path / "forbidden_here.py").write_text("class Module: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    for path in ("forbidden_here.Module", "forbidden_here"):
        with pytest.raises(UserError, match="forbidden_here"):
            resolve(path)
    assert "forbidden_here" not in sys.modules


@pytest.mark.parametrize("path", ["torch.nn.Conv2", "torch.nope.Conv2d", "matting.nets.pomagan.Nope", "matting.nope.X"])
def test_a_name_that_is_not_there(path):
    with pytest.raises(UserError, match=rf"^_target_={path}: "):
        resolve(path)


def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch):
    (tmp_path / "torchmetrics_extra.py").write_text("import not_installed_here\nclass Module: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("matting.config.instantiate.LIBRARIES", ("torchmetrics_extra",))
    with pytest.raises(UserError, match="not_installed_here"):
        resolve("torchmetrics_extra.Module")


def test_build_passes_keys_and_more():
    layer = build({"_target_": "torch.nn.Linear", "in_features": 2}, out_features=3)
    assert (layer.in_features, layer.out_features) == (2, 3)


SUBJECTS = "matting.data.sources.procedural.ProceduralSubjects"


@pytest.mark.parametrize(
    ("node", "more", "line"),
    [
        (
            {"_target_": "torch.nn.Linear", "in_features": 2},
            {},
            r"torch\.nn\.Linear: .*out_features",
        ),
        (
            {"_target_": "matting.nets.pomagan.SegmentationGenerator", "width": 4, "foo": 1},
            {},
            "SegmentationGenerator: .*foo.*width, depth, blocks, aspp_rates",
        ),
        ({"_target_": SUBJECTS, "foo": 1, "bar": 2}, {}, f"{SUBJECTS}: .*foo.*bar"),
        (
            {"_target_": "torch.optim.Adam", "lr": 1, "foo": 1},
            {"params": []},
            r"torch\.optim\.Adam: .*foo",
        ),
        (
            {"_target_": "torch.nn.Linear", "in_features": 2, "out_features": 3},
            {"in_features": 2},
            "in_features",
        ),
    ],
)
def test_arguments_that_a_class_does_not_take_or_needs(node, more, line):
    with pytest.raises(UserError) as error:
        build(node, **more)
    assert re.search(line, str(error.value))
    assert "\n" not in str(error.value)


def test_an_error_inside_of_a_constructor_is_its_own(monkeypatch):
    def broken(self, in_features, out_features):
        raise TypeError("linear() got an unexpected keyword argument 'foo'")

    monkeypatch.setattr(torch.nn.Linear, "__init__", broken)
    with pytest.raises(TypeError, match="foo"):
        build({"_target_": "torch.nn.Linear", "in_features": 2, "out_features": 3})


def test_all_that_is_built_late_is_checked_early():
    nodes = {"gen": {"_target_": "torch.nn.Linear", "bias": False}, "scheduler": "none"}
    config = {"net": nodes, "optim": {"gen": {"_target_": "torch.optim.Adam", "lr": 1}}, "logger": {}}
    method = {"name": "knn", "_target_": "matting.methods.knn.KNN", "inputs": [], "upstream": {"a": "b"}, "a": None}
    check_built({**config, "method": {**method, "max_side": 64}})
    for wrong, name in (
        ({"net": {"disc": {"_target_": "torch.nn.Linear", "foo": 1}}}, "torch.nn.Linear"),
        ({"optim": {"gen": {"_target_": "torch.optim.Adam", "foo": 1}}}, "torch.optim.Adam"),
        ({"logger": {"mine": {"_target_": "lightning.pytorch.loggers.CSVLogger", "foo": 1}}}, "CSVLogger"),
        ({"method": {**method, "foo": 1}}, "matting.methods.knn.KNN"),
    ):
        with pytest.raises(UserError, match=f"{name}: .*foo"):
            check_built({**config, **wrong})


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["stage._target_=torch.hub.load"], "_target_=torch.hub.load: "),
        (["stage=alpha_gan", "+net.gen.widht=1"], r"net\.gen\.widht: .*net\.gen\.width"),
        (["+optim.gen.foo=1"], "torch.optim.Adam: .*foo.*params, lr"),
        (["+data.subjects.procedural.foo=1"], r"data\.subjects\.procedural\.foo: .*count, drawing"),
        (["~data.subjects.procedural.seed"], r"data\.subjects\.procedural: .*seed"),
        (["logger=wandb", "+logger.wandb.grp=1"], r"logger\.wandb\.grp: .*logger\.wandb\.group"),
    ],
)
def test_the_command_says_so_before_anything_is_written(tiny, tmp_path, words, line):
    code, _, err = tiny("train", *words)
    assert code == 2
    assert re.search(line, err)
    assert len(err.splitlines()) == 1, err
    assert not list(tmp_path.glob("outputs/*/*/config.yaml"))


def test_a_network_of_a_checkpoint_is_a_module(tmp_path):
    checkpoint = {
        "state_dict": {},
        "matting": {
            "version": 1,
            "stage": "alpha_gan",
            "nets": {"gen": {"_target_": "lightning.pytorch.loggers.CSVLogger"}},
        },
    }
    torch.save(checkpoint, tmp_path / "theirs.ckpt")
    with pytest.raises(UserError, match=r"CSVLogger: "):
        load_network(tmp_path / "theirs.ckpt", "alpha_gan")


@pytest.mark.parametrize("target", ["torch.hub.load", "os.system"])
def test_the_command_refuses_in_one_line(tiny, target):
    """A source's `_target_` is resolved before the run folder is made, the logger's when it is built."""
    code, _, err = tiny("train", f"data.subjects.procedural._target_={target}", "plan=false")
    assert code == 2
    assert err.startswith(f"matting train: _target_={target}: ")
    assert len(err.splitlines()) == 1
