"""The run folder: what its config holds, which folders are runs, the lock, the state, the space on the disk."""

import pytest
import yaml

from matting.config.compose import compose_config
from matting.config.identity import CONFIG_VERSION, plain
from matting.errors import UserError
from matting.runs import lifecycle
from matting.runs import run as runs
from matting.runs.run import make_run


def test_the_config_is_complete_and_resolved(run):
    text = (run.folder / "config.yaml").read_text()
    kept = yaml.safe_load(text)
    assert "${" not in text
    assert "???" not in text
    assert kept["config_version"] == CONFIG_VERSION
    assert "hydra" not in kept
    composed = plain(compose_config("train", ["seed=3", "scale=quick"]))
    assert {key for key in composed if kept[key] != composed[key]} == {"paths"}
    opened = runs.open_run(run.folder)
    assert (opened.kind, opened.config, opened.digest) == (run.kind, run.config, run.digest)


def test_another_version_names_both(run):
    file = run.folder / "config.yaml"
    file.write_text(file.read_text().replace(f"config_version: {CONFIG_VERSION}", "config_version: 0"))
    with pytest.raises(UserError, match=rf"config\.yaml: config_version 0.*{CONFIG_VERSION}"):
        runs.open_run(run.folder)


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(UserError, match=rf"^{tmp_path}: .*config\.yaml"):
        runs.open_run(tmp_path)


def test_the_states_of_a_run(run):
    assert run.state() == "new"
    run.last.write_bytes(b"")
    assert run.state() == "resume"
    lifecycle.note(run, error="loss term")
    assert run.state() == "failed"
    with lifecycle.lock(run.folder, "here"):
        assert run.state() == "running"
    lifecycle.finish(run, {"val": {}})
    assert run.state() == "done"


def test_a_run_is_found_by_its_digest_whatever_its_name(tmp_path):
    config = compose_config("train", [f"paths.output_dir={tmp_path}"])
    run = make_run("segmentation_gan", plain(config))
    (tmp_path / f"segmentation_gan/renamed-{run.digest}").mkdir(parents=True)
    assert make_run("segmentation_gan", plain(config)).folder.name == f"renamed-{run.digest}"
