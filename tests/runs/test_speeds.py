"""Speeds that this machine noted."""

import pytest

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.runs import cost, speeds


@pytest.fixture
def config(tmp_path):
    schema.register()

    def made(*words):
        words = (f"paths.cache_dir={tmp_path / 'cache'}", "runtime.threads=1", *words)
        return plain(compose_config("train", ["scale=quick", *words]))

    (tmp_path / "cache").mkdir()
    return made


def test_without_notes_the_speed_is_assumed(config):
    assert speeds.rate_of(config())[0] == speeds.A_CORE
    assert speeds.rate_of(config("trainer=gpu"))[0] == speeds.A_GPU


def test_a_noted_speed_is_that_of_the_stage_and_scale(config):
    own, alpha, small = config(), config("stage=alpha_gan"), config("scale=small")
    speeds.note(own, 10.0)
    rate = 10 * cost.operations(own)
    assert speeds.rate_of(own)[0] == rate
    assert speeds.rate_of(alpha)[0] == speeds.rate_of(small)[0] == max(rate, speeds.A_CORE)
    speeds.note(alpha, 1e6)
    assert speeds.rate_of(small)[0] == pytest.approx(1e6 * cost.operations(alpha))
    assert speeds.rate_of(config("trainer=gpu"))[0] == speeds.A_GPU
    assert speeds.rate_of(config("trainer.precision=bf16-mixed"))[0] == speeds.A_CORE


@pytest.mark.parametrize("text", ["", "[1]", '{"a": "b"}', "{cut"])
def test_a_damaged_file_is_written_anew(config, text):
    speeds.file_of(config()).write_text(text)
    assert speeds.rate_of(config())[0] == speeds.A_CORE
    speeds.note(config(), 1e6)
    assert speeds.rate_of(config())[0] == pytest.approx(1e6 * cost.operations(config()))


def test_tiny_batches_say_nothing(config):
    speeds.note(config("scale.height=32", "scale.width=32", "scale.net_width=4", "scale.seg_batch=1"), 100.0)
    assert not speeds.file_of(config()).exists()


def test_a_folder_that_is_not_there_ends_no_training(config):
    speeds.note({**config(), "paths": {"cache_dir": "/nowhere/at/all"}}, 1.0)
    assert speeds.noted(config()) == {}
