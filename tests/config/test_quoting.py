"""Quotes: what Hydra is given means what was typed, and what is handed back can be typed."""

import shlex
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from matting.config.quoting import command_text, for_hydra, typed
from matting.utils.home_paths import expand_home

TEXTS = ["me (1).jpg", "/data/a", "a=b,c", "it's", 'a"b', "a\\", "0123", "{x}"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_hydra_is_given_is_typed_without_its_quotes(text):
    word = f"input={text}"
    assert for_hydra(word, grid=False) != word
    assert typed(for_hydra(word, grid=False)) == word
    assert shlex.split(command_text(["matting", for_hydra(word, grid=False)])) == ["matting", word]


@pytest.mark.parametrize("word", ["seed=0,1", "loss=full", 'loss.name="a"', 'input="null"', "input='a b'"])
def test_other_words_keep_their_quotes(word):
    assert typed(word) == word


def test_a_command_has_no_needless_quotes():
    words = ["matting", "report", "experiments=x", for_hydra("paths.output_dir=/data/a", grid=False), "seed=0,1"]
    assert command_text(words) == "matting report experiments=x paths.output_dir=/data/a seed=0,1"
    assert command_text(["matting", "train", "scale.aspp_rates=[1,2]"]) == "matting train 'scale.aspp_rates=[1,2]'"


def test_the_home_is_written_as_a_tilde_and_read_again():
    word = for_hydra("paths.output_dir=~/runs", grid=False)
    assert str(Path.home()) in word
    assert command_text([word]) == "paths.output_dir=~/runs"


def test_names_and_colours_are_taken_as_they_are():
    texts = ["ü (1).jpg", "#00b140", "a=b,c", "in/[ab]*.jpg", "it's", 'a"b', "a\\", 'a\\"b', "1234e567", "~/x", "{x}"]
    for text in texts:
        parsed = OverridesParser.create().parse_override(for_hydra(f"input={text}", grid=False))
        assert parsed.value() == expand_home(text)
        assert isinstance(parsed.value(), str)
    kept = ["input=null", "input='a b'", "seed=1", "background="]
    assert [for_hydra(word, grid=False) for word in kept] == kept
    assert for_hydra("background=green,blue", grid=True) == "background=green,blue"
