"""What counts in a run's digest, and how the run is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from matting.config.compose import compose_config
from matting.config.fields import key, node_of, typed
from matting.config.identity import digest_of, identity, plain, readable
from matting.config.schema import ROOT
from matting.errors import UserError
from matting.runs.upstream import stage_run
from tests.helpers.digests import digest_of_line


@typed
class Inner:
    added: int = key("", added=3)


@typed
class Later:
    later: Inner = key("")


pytestmark = pytest.mark.usefixtures("hydra")


@pytest.mark.parametrize(
    "word",
    [
        "paths.output_dir=elsewhere",
        "paths.data_root=elsewhere",
        "paths.cache_dir=elsewhere",
        "logger=wandb",
        "runtime.workers=7",
        "runtime.log_every=3",
        "checkpoint.keep=all",
        "checkpoint.every_batches=3",
        "rerun=true",
        "plan=true",
        "loss.border.weight=10.0",
        "loss.segmentation.weight=1e1",
        "seed=0",
        "scale=paper",
    ],
)
def test_what_changes_no_outcome_changes_no_digest(word):
    assert digest_of_line(word) == digest_of_line()


@pytest.mark.parametrize(
    "word",
    [
        "seed=1",
        "loss.border.weight=9",
        "trainer.precision=bf16-mixed",
        "trainer.max_batches=3",
        "scale=quick",
        "val.every_batches=7",
        "augment=none",
        "data.subjects.procedural.seed=2",
        "optim.gen.lr=0.1",
    ],
)
def test_what_changes_the_outcome_changes_the_digest(word):
    assert digest_of_line(word) != digest_of_line()


@pytest.mark.parametrize("key", ["loss.perceptual.weights", "data.subjects.folder.list_file"])
def test_a_file_counts_by_its_content(tmp_path, monkeypatch, key):
    monkeypatch.chdir(tmp_path)
    Path("one.txt").write_text("anna\n")
    Path("two.txt").write_text("anna\n")
    Path("other.txt").write_text("bert\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/three.txt").write_text("anna\n")

    def digest(name):
        return digest_of(identity(plain(compose_config("train", ["data=folder", f"{key}={name}"]))))

    first = digest("one.txt")
    assert digest("two.txt") == first
    assert digest(tmp_path / "one.txt") == first
    assert digest("three.txt") == first  # below paths.data_root
    assert digest("other.txt") != first
    Path("one.txt").write_text("anna\nbert\n")
    assert digest("one.txt") != first
    with pytest.raises(UserError, match=r"missing\.txt: .*paths\.data_root"):
        digest("missing.txt")


def test_the_digest_of_plain_data():
    assert digest_of(identity({"paths": {"data_root": "a"}, "a": {"b": 10, "c": [1.0, 2.5]}})) == digest_of(
        identity({"paths": {"data_root": "b"}, "a": {"c": [1, 2.5], "b": 10.0}})
    )
    assert digest_of({"a": True}) != digest_of({"a": 1})
    assert len(digest_of({})) == 12


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([], "procedural-paper"),
        (["seed=1"], "procedural-paper-seed_1"),
        (["scale=quick"], "procedural-quick"),
        (["loss.border.weight=3", "runtime.workers=5"], "procedural-paper-weight_3"),
        (["stage=alpha_gan", "loss=cgan_alpha"], "procedural-paper-cgan_alpha"),
        (["scale.seg_epochs=3"], "procedural-paper-epochs_3"),
        (["loss.name='a b/../c'"], "procedural-paper-ab..c"),
    ],
)
def test_the_readable_name_is_the_difference_from_the_defaults(words, name):
    run, _ = stage_run(compose_config("train", words))
    assert run.folder.name == f"{name}-{run.digest}"


def test_the_readable_name_is_capped_and_safe():
    this = identity(plain(compose_config("train", ["seed=1"])))
    this["stage"] |= {f"key{i}": "x/y z*" for i in range(30)}
    name = readable(this, identity(plain(compose_config("train"))))
    assert 40 < len(name) <= 60
    assert not set(name) & set(" /*")


def test_a_key_added_later_counts_once_its_value_is_another(monkeypatch):
    config = plain(compose_config("train", ("seed=1",)))
    before = identity(config)
    keys = {**ROOT.keys, "later": node_of(Later).keys["later"]}
    monkeypatch.setattr("matting.config.identity.ROOT", replace(ROOT, keys=keys))
    config["later"] = {"added": 3}
    assert identity(config) == {**before, "later": {}}
    config["later"] = {"added": 4}
    assert identity(config) == {**before, "later": {"added": 4}}
