"""The help of a verb: its groups and choices, and its keys with value, type, range and reason."""

import pytest


def test_help_of_a_verb_shows_groups_choices_and_keys(matting, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = matting("train", "--help")
    assert code == 0
    lines = out.splitlines()
    assert "scale: paper, quick, small" in lines
    assert "  val.every_batches=${scale.val_every}" in lines
    at = lines.index("  seed=0")
    assert lines[at + 1].strip().startswith("a whole number from 0 to 4294967295. ")
    assert "  stage.disc_every=1" in lines
    assert "plan=true" in out
    assert "hydra:" not in out
    assert not [line for line in lines if len(line) > 80 and "=" not in line]
    assert not list(tmp_path.iterdir())

    code, out, _ = matting("train", "scale=quick", "-h")
    assert code == 0
    assert "  scale.height=64" in out.splitlines()
    code, out, err = matting("train", "nope=1", "--help")
    assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_help_of_one_node(matting):
    code, out, _ = matting("train", "stage=alpha_gan", "--help", "net")
    assert code == 0
    assert "  net.gen.encoder=two" in out.splitlines()
    assert "one of two, concat" in out
    assert "augment.flip" not in out
    code, out, err = matting("train", "--help", "nets")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "nets: " in err


@pytest.mark.parametrize("verb", ["evaluate", "predict", "reproduce", "report", "dashboard", "runs"])
def test_every_verb_has_help(matting, verb):
    code, out, _ = matting(verb, "--help")
    assert code == 0
    assert "  paths.output_dir=" in out
