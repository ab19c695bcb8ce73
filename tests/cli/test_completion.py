"""Tab completion of verbs, groups and choices."""

import pytest

from matting.cli.main import VERBS


@pytest.mark.parametrize(
    ("line", "words", "others"),
    [
        ("matting tr", {"train"}, {"runs"}),
        ("matting ", set(VERBS), set()),
        ("matting train sca", {"scale="}, {"stage="}),
        ("matting train scale=", {"scale=paper", "scale=quick", "scale=small"}, set()),
        ("matting train seed=1 data=f", {"data=folder", "data=fashion"}, {"data=procedural"}),
        ("matting evaluate method=", {"method=pomagan"}, set()),
        ("/home/train/bin/matting train sca", {"scale="}, {"stage="}),
        ("matting  train  seed=1 data=train_and data=f", {"data=folder", "data=fashion"}, {"data=procedural"}),
    ],
)
def test_tab_completion(matting, monkeypatch, line, words, others):
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    code, out, _ = matting("-sc", "query=bash")
    assert code == 0
    assert words <= set(out.split())
    assert not others & set(out.split())


def test_the_completion_script_is_for_matting(matting):
    code, out, _ = matting("-sc", "install=bash")
    assert code == 0
    assert "complete -p matting" in out
