"""Errors of spawned ranks come out of the command as themselves."""

import pytest
from torch.multiprocessing import ProcessRaisedException, start_processes
from torch.utils.data import DataLoader

from matting.errors import JobError, NoSpace, UserError
from matting.training.spawn import known


@pytest.fixture
def as_known(tmp_path, monkeypatch):
    """What this process makes of what a rank raises."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # torch leaves there how a rank ended

    def run(work):
        with pytest.raises(ProcessRaisedException) as found:
            start_processes(lambda rank: work(), nprocs=1, start_method="fork")
        return known(found.value)

    return run


def fail(error):
    raise error


@pytest.mark.parametrize(
    "error",
    [
        UserError("a.png: damaged"),
        JobError("batch 3:\n  a term is nan\nmatting.nets: too\n\nlower it"),
        NoSpace("full"),
    ],
)
def test_an_error_of_ours_comes_out_as_itself(error, as_known):
    found = as_known(lambda: fail(error))
    assert type(found) is type(error)
    assert str(found) == str(error)


def test_an_error_of_ours_in_a_ranks_worker_comes_out_with_its_own_words(as_known):
    data = DataLoader([0], num_workers=1, collate_fn=lambda _: fail(UserError("a.png: damaged\nand b.png")))
    found = as_known(lambda: next(iter(data)))
    assert type(found) is UserError
    assert str(found) == "a.png: damaged\nand b.png"


def test_other_errors_stay_what_they_are(as_known):
    def after_ours():
        try:
            fail(UserError("handled"))
        except UserError:
            fail(ValueError("of something else"))

    assert as_known(after_ours) is None
    assert as_known(lambda: fail(ValueError("matting.errors.UserError: not at a line's start"))) is None
    assert known(ValueError("\nmatting.errors.UserError: of no rank")) is None
