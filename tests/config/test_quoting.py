"""Words of the command line that Hydra's grammar would read in another way."""

from hydra.core.override_parser.overrides_parser import OverridesParser

from matting.config.quoting import for_hydra
from matting.utils.home_paths import expand_home


def test_names_and_colours_are_taken_as_they_are():
    texts = ["ü (1).jpg", "#00b140", "a=b,c", "in/[ab]*.jpg", "it's", 'a"b', "a\\", 'a\\"b', "1234e567", "~/x", "{x}"]
    for text in texts:
        parsed = OverridesParser.create().parse_override(for_hydra(f"input={text}", grid=False))
        assert parsed.value() == expand_home(text)
        assert isinstance(parsed.value(), str)
    kept = ["input=null", "input='a b'", "seed=1", "background="]
    assert [for_hydra(word, grid=False) for word in kept] == kept
    assert for_hydra("background=green,blue", grid=True) == "background=green,blue"
