"""The help of a verb: its groups, choices and keys."""


def test_help_of_a_verb_shows_groups_choices_and_keys(matting, tmp_path):
    code, out, _ = matting("train", "--help")
    assert code == 0
    lines = out.splitlines()
    assert "scale: paper, quick, small" in lines
    assert "stage: alpha_gan, alphanet, alphanet_matting, alphanet_segmentation, segmentation_gan" in lines
    assert "  every_batches: ${scale.val_every}" in lines
    assert "plan=true" in out
    assert "hydra:" not in out
    assert not list(tmp_path.iterdir())

    code, out, _ = matting("train", "scale=quick", "-h")
    assert code == 0
    assert "  height: 64" in out.splitlines()
    code, out, err = matting("train", "nope=1", "--help")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
