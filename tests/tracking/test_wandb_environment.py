"""What wandb takes from its environment is taken; what it would refuse ends a command before a run begins."""

import pytest
import wandb

from matting.config import schema
from matting.config.compose import compose_config
from matting.errors import UserError
from matting.tracking.wandb_session import check_settings, usable
from tests.helpers.wandb_log import alone_in


@pytest.fixture(autouse=True)
def alone(tmp_path_factory, monkeypatch):
    alone_in(tmp_path_factory.mktemp("home"), monkeypatch)
    schema.register()
    yield
    wandb.teardown()


@pytest.mark.parametrize(
    ("mode", "known"), [("dryrun", "offline"), ("", "offline"), ("offline", "offline"), ("disabled", "disabled")]
)
def test_every_mode_of_wandb_that_needs_no_key_is_taken(mode, known):
    assert usable(mode) == known


@pytest.mark.parametrize("mode", ["online", "run", "shared"])
def test_modes_that_need_a_key_say_so(mode, monkeypatch):
    with pytest.raises(UserError, match=f"mode={mode}: no key"):
        usable(mode)
    monkeypatch.setattr("matting.tracking.wandb_session.has_key", lambda: True)
    assert usable(mode) == ("online" if mode == "run" else mode)


def test_names_come_from_the_environment(monkeypatch):
    node = compose_config("train", ["logger=wandb"]).logger.wandb
    assert [node.project, node.entity, node.group, node.mode] == ["matting", None, None, "auto"]
    for name, value in {"PROJECT": "2024_05", "ENTITY": "123", "RUN_GROUP": "1e3", "MODE": "dryrun"}.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    node = compose_config("train", ["logger=wandb"]).logger.wandb
    assert [node.project, node.entity, node.group, node.mode] == ["2024_05", "123", "1e3", "dryrun"]
    assert compose_config("train", ["logger=wandb", "logger.wandb.project=a"]).logger.wandb.project == "a"


@pytest.mark.parametrize(
    ("settings", "says"), [({"project": "a/b"}, "a/b"), ({"project": "x" * 129}, "128"), ({"entity": 7}, "entity")]
)
def test_settings_that_wandb_refuses_are_one_line(settings, says):
    with pytest.raises(UserError, match=says) as error:
        check_settings("offline", **settings)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("name", "value"), [("WANDB_BASE_URL", "nonsense"), ("WANDB_CONSOLE", "maybe")])
def test_a_variable_that_wandb_refuses_is_one_line(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match="W&B: ") as error:
        check_settings("offline")
    assert "\n" not in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "mode"), [(["logger.wandb.project=a/b"], "offline"), (["logger.wandb.group=2024"], "no"), ([], "online")]
)
def test_a_bad_setting_ends_the_command_before_a_run_folder(tiny, tmp_path, monkeypatch, words, mode):
    monkeypatch.setenv("WANDB_MODE", mode)
    code, _, err = tiny("train", "logger=wandb", *words)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "outputs/segmentation_gan").exists()


@pytest.mark.slow
def test_a_dry_run_is_an_offline_run_under_names_that_are_numbers(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "dryrun")
    words = ["logger.wandb.project=2024_05", "logger.wandb.entity=123", "logger.wandb.group=2024"]
    code, _, err = tiny("train", "logger=wandb", "trainer.max_batches=1", *words)
    assert code == 0, err
    assert list(tmp_path.glob("outputs/segmentation_gan/*/wandb/offline-run-*"))
