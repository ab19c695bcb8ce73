"""Who uses a run."""

import pytest

from matting.runs.listing import entry_of
from matting.runs.run import run_folders
from matting.runs.uses import uses_of
from tests.helpers.run_folders import ALPHA, EVALUATION, FAILED, SEGMENTATION, make_five, make_reports


@pytest.mark.parametrize(
    ("digest", "users"),
    [
        (SEGMENTATION, ["alpha_gan", "pomagan", f"pomagan-{EVALUATION}", "gan"]),
        (ALPHA, ["pomagan", f"pomagan-{EVALUATION}"]),
        (EVALUATION, [f"pomagan-{EVALUATION}"]),
        (FAILED, []),
    ],
)
def test_uses_are_by_runs_and_by_reports_also_indirectly(tmp_path, digest, users):
    """The recipe's page names its evaluation alone, which was made from both stages."""
    make_five(tmp_path)
    make_reports(tmp_path)
    runs = [run for folder in run_folders(tmp_path) if (run := entry_of(folder, tmp_path).run)]
    found = list(uses_of([digest], runs, tmp_path))
    assert sorted(use.user.parent.name for use in found) == sorted(users)
    assert [use.is_report for use in found] == [use.user.name == "report.html" for use in found]
