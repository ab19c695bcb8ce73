"""Lines that the program says."""

import contextlib
import io
import sys

import pytest

from matting.utils.console import say, track


def test_a_line_goes_to_the_output_of_the_moment(capsys):
    with contextlib.redirect_stdout(io.StringIO()) as caught:
        say("100 % {done} %s")
    say("then")
    assert caught.getvalue() == "100 % {done} %s\n"
    assert capsys.readouterr().out == "then\n"


def test_a_closed_pipe_is_an_error(monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(BrokenPipeError):
        say("unread")


def test_only_the_first_rank_speaks(monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    say("a follower")
    monkeypatch.setenv("RANK", "0")
    say("the leader")
    assert capsys.readouterr().out == "the leader\n"


def test_long_work_is_shown_in_lines(monkeypatch, capsys):
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr("matting.utils.console.time.monotonic", lambda: next(clock))
    assert list(track("abcd", "work")) == ["a", "b", "c", "d"]
    assert capsys.readouterr().out == "work: 2 of 4, 12 s\nwork: 4 of 4, 24 s\n"
