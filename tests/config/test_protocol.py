"""protocol=literal: every literal reading of the papers at once, in training and prediction alike."""

import json

import pytest

from matting.config.compose import compose_config, options
from matting.config.identity import flat, plain
from matting.runs.upstream import method_run, stage_run

LITERAL = {"data.fit": "stretch", "data.val_subjects": 0, "augment.jpeg_p": 0, "augment.cut": 1, "augment.blur": 0}


@pytest.mark.parametrize("verb", ["train", "evaluate", "reproduce"])
@pytest.mark.usefixtures("hydra")
def test_literal_readings_in_one_place(verb):
    config = plain(compose_config(verb, ["protocol=literal", "data=aim_d646_coco"]))
    found = flat(config)
    assert {key: found[key] for key in LITERAL} == LITERAL
    rules = {value for key, value in found.items() if key.endswith(".exclude_persons")}
    assert rules == {False}
    assert {found.get("stage.inference", "stretch"), found.get("method.fit", "stretch")} == {"stretch"}


@pytest.mark.usefixtures("hydra")
def test_the_same_rule_for_the_backgrounds_of_training_and_tests():
    found = flat(plain(compose_config("train", ["data=aim_d646_coco"])))
    assert {value for key, value in found.items() if key.endswith(".exclude_persons")} == {True}


@pytest.mark.parametrize(("choice", "flip"), [("segmentation_gan", 0), ("alpha_gan", 0), ("alphanet", 0.5)])
@pytest.mark.usefixtures("hydra")
def test_samples_are_mirrored_where_the_paper_says_so(choice, flip):
    assert compose_config("train", ["protocol=literal", f"stage={choice}"]).augment.flip == flip


@pytest.mark.parametrize("method", options("method"))
@pytest.mark.usefixtures("hydra")
def test_methods_share_the_runs_that_their_stages_train(method):
    words = ["protocol=literal", "scale=quick"]
    for found in method_run(compose_config("evaluate", [f"method={method}", *words]))[1].values():
        alone = stage_run(compose_config("train", [f"stage={found.run.kind}", *words]))[0]
        assert found.run.digest == alone.digest


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["default", "literal"])
def test_every_protocol_trains_and_is_evaluated(tiny, tmp_path, protocol):
    code, _, err = tiny("evaluate", f"protocol={protocol}", "trainer.max_batches=1", "pictures=0")
    assert code == 0, err
    (file,) = tmp_path.glob("outputs/segmentation_gan/*/result.json")
    assert ("val" in json.loads(file.read_text())) == (protocol == "default")
