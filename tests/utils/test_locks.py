"""A folder that is held, and deleted meanwhile: whoever waits for it goes on in one that is there."""

import contextlib
import shutil
from pathlib import Path

from matting.runs import lifecycle, run
from matting.utils import locks


def test_who_waited_for_a_folder_that_was_deleted_holds_a_new_one(tmp_path, monkeypatch):
    folder = tmp_path / "kind/run"
    first = contextlib.ExitStack()
    first.enter_context(lifecycle.lock(folder, "first"))

    def deleted(_):
        shutil.rmtree(folder)
        first.close()

    monkeypatch.setattr("matting.utils.locks.say", deleted)
    with lifecycle.lock(folder, "second"):
        assert run.locked(folder)
    assert not run.locked(folder)


def test_a_folder_that_is_deleted_before_its_lock_is_made(tmp_path, monkeypatch):
    folder, opened, times = tmp_path / "kind/run", Path.open, []

    def late(self, *words):
        times.append(self)
        if len(times) == 1:
            folder.rmdir()
        return opened(self, *words)

    monkeypatch.setattr(Path, "open", late)
    with lifecycle.lock(folder, "here"):
        assert run.locked(folder)


def test_a_lock_that_is_asked_for_at_once(tmp_path):
    file = tmp_path / ".lock"
    with locks.at_once(file) as held, locks.at_once(file) as again:
        assert (held, again) == (True, False)
    with locks.at_once(file) as held:
        assert held
