"""What sets configs apart."""

from matting.config import schema
from matting.config.compose import compose_config
from matting.runs.differences import MISSING, changes, differences
from matting.runs.upstream import method_run, stage_run


def of(*words):
    schema.register()
    return stage_run(compose_config("train", ["stage=alpha_gan", "scale=quick", *words]))[0]


def test_changes_name_what_a_command_line_changed():
    assert changes(of()) == {"data": "procedural", "scale": "quick"}
    found = changes(of("seed=3", "loss=cgan_alpha", "stage.epochs=2", "trainer=debug"))
    assert found == {
        "data": "procedural",
        "scale": "quick",
        "seed": 3,
        "loss": "cgan_alpha",
        "stage.epochs": 2,
        "trainer": "debug",
    }


def test_differences_are_the_keys_that_are_not_the_same_in_all():
    found = differences([of(), of("seed=3", "loss.border.weight=7", "runtime.workers=9"), of("+stage.new=1")])
    assert found.pop("stage.coarse")  # runs of two seeds stand on two runs
    assert found == {"seed": [0, 3, 0], "loss.border.weight": [100, 7, 100], "stage.new": [MISSING, MISSING, 1]}


def test_of_two_kinds_only_common_keys_are_compared():
    evaluation, _ = method_run(compose_config("evaluate", ["scale=quick", "seed=3"]))
    assert differences([of(), evaluation]) == {"seed": [0, 3]}
