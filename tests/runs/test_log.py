"""The log of a run: the lines that are said, warnings and the traceback of what stopped it."""

import warnings
from pathlib import Path

import pytest

from matting.runs import log
from matting.utils.console import say


def test_lines_and_warnings_go_to_the_terminal_and_to_the_log(tmp_path, capsys):
    def run():
        with log.tee_to(tmp_path / "train.log"):
            say("batch 1")
            warnings.warn("slow", stacklevel=1)

    with pytest.warns(UserWarning, match="slow"):
        run()
    say("after it")
    text = (tmp_path / "train.log").read_text()
    assert text.startswith("batch 1\n")
    assert "UserWarning: slow" in text
    assert "after it" not in text
    assert capsys.readouterr().out == "batch 1\nafter it\n"


def test_what_stops_a_run_is_in_its_log(tmp_path):
    file = tmp_path / "train.log"
    file.write_text("an earlier start\n")
    with pytest.raises(ValueError, match="nan") as caught, log.tee_to(file):
        raise ValueError(f"nan in {Path.home()}/data")
    assert file.read_text().startswith("an earlier start\nTraceback")
    assert file.read_text().endswith("ValueError: nan in ~/data\n")
    assert caught.value.__notes__ == [f"log: {file}"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_an_error():
    with pytest.raises(OSError, match="No space"), log.tee_to(Path("/dev/full")):
        say("batch 1")
