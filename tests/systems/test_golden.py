"""The compared systems reproduce the golden values of the official code."""

from pathlib import Path

import pytest

from tests.systems.golden import SYSTEMS, cases, main
from tests.systems.golden_files import Golden

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_values_of_the_official_code(system):
    found = cases(Golden(HERE), system)
    assert found
    assert [case.name for case in found if not case.right] == []


def test_another_seed_has_other_inputs(capsys):
    with pytest.raises(ValueError, match="inputs"):
        main([str(HERE), "--seed", "other"])
    assert "ok" not in capsys.readouterr().out
