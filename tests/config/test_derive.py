"""The configs of upstream runs, derived from the one that is asked for."""

import pytest
from omegaconf import OmegaConf

from matting.config.compose import compose_config
from matting.config.derive import derive
from matting.config.identity import plain
from matting.runs.upstream import method_run, stage_run
from tests.helpers.digests import digest_of_line

pytestmark = pytest.mark.usefixtures("hydra")


def test_a_derived_config_is_whole_and_reads_the_environment_anew(monkeypatch):
    config = compose_config("train", ["stage=alpha_gan", "scale=quick"])
    for folder in ("one", "two"):
        monkeypatch.setenv("MATTING_OUTPUT_DIR", folder)
        derived = derive(plain(config), "train", ["stage=segmentation_gan"])
        assert derived.paths.output_dir == folder
        assert OmegaConf.to_container(derived) == plain(derived)  # no interpolation is left
        assert derived.data.epoch_samples == config.scale.epoch_samples


def upstream_of(*words: str, verb: str = "train") -> dict[str, str]:
    config = compose_config(verb, list(words))
    return {key: found.key for key, found in (stage_run if verb == "train" else method_run)(config)[1].items()}


def test_every_row_of_a_loss_sweep_stands_on_one_segmentation_run():
    rows = [["loss=cgan_alpha"], ["loss=full"], ["loss.border.weight=3"], ["loss.targets=[alpha]"], ["stage.epochs=3"]]
    found = {upstream_of("stage=alpha_gan", *row)["stage.coarse"] for row in rows}
    assert found == {digest_of_line()}
    assert len({digest_of_line("stage=alpha_gan", *row) for row in rows}) == len(rows)


@pytest.mark.parametrize("word", ["seed=3", "data.subjects.procedural.count=5", "scale.seg_epochs=3", "trainer=debug"])
def test_what_both_stages_share_reaches_the_segmentation_run(word):
    assert upstream_of("stage=alpha_gan", word)["stage.coarse"] == digest_of_line(word) != digest_of_line()


@pytest.mark.parametrize("word", ["scale.alpha_epochs=3", "scale.alpha_batch=5"])
def test_keys_of_the_alpha_stage_leave_the_segmentation_run_as_it_is(word):
    assert upstream_of("stage=alpha_gan", word)["stage.coarse"] == digest_of_line()
    assert digest_of_line("stage=alpha_gan", word) != digest_of_line("stage=alpha_gan")


def test_an_evaluation_stands_on_the_stages_of_its_config():
    found = upstream_of("seed=2", verb="evaluate")
    assert found == {
        "method.segmentation": digest_of_line("seed=2"),
        "method.alpha": digest_of_line("seed=2", "stage=alpha_gan"),
    }
    assert digest_of_line("seed=2", verb="evaluate") != digest_of_line(verb="evaluate")


def test_derived_values_are_set_last():
    config = plain(compose_config("train", ["seed=5"]))
    derived = derive(config, "train", ["stage=alpha_gan"], **{"stage.coarse": "ground_truth"})
    assert (derived.seed, derived.stage.coarse) == (5, "ground_truth")
