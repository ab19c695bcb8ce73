"""Optuna's search: its study is kept, goes on where it stopped, and a trial without a number is a failed one."""

import pytest

optuna = pytest.importorskip("optuna")
from optuna.trial import TrialState  # noqa: E402

WORDS = ["loss.perceptual.weight=0", "scale.test_subjects=1", "trainer.max_batches=1", "-m", "hydra/sweeper=optuna"]
WEIGHT, RATE = "loss.segmentation.weight", "optim.gen.lr"
SEARCH = [*WORDS, f"{WEIGHT}=choice(10,1e39)", f"{RATE}=interval(1e-5,1e-3)"]
STORAGE = "sqlite:///outputs/.sweeps/studies.db"


def study():
    (found,) = optuna.get_all_study_summaries(STORAGE)
    return optuna.load_study(study_name=found.study_name, storage=STORAGE)


def complete():
    return [trial for trial in study().trials if trial.state == TrialState.COMPLETE]


def test_a_study_goes_on_and_counts_what_is_no_number_as_failed(tiny, tmp_path):
    code, out, err = tiny("train", *SEARCH, "hydra.sweeper.n_trials=4")
    assert code == 4
    assert out.startswith("A new study created")  # plain, and without alembic's plugins before it
    assert f"{WEIGHT}=1e+39" in err.splitlines()[-1]
    trials = study().trials
    assert len(trials) == 4
    assert {(trial.params[WEIGHT], trial.state) for trial in trials} == {
        (10, TrialState.COMPLETE),
        (1e39, TrialState.FAIL),
    }
    assert len(list(tmp_path.glob("outputs/segmentation_gan/*/result.json"))) == len(complete())

    interrupted = study().ask()  # as a kill leaves it
    for name, distribution in trials[0].distributions.items():
        interrupted._suggest(name, distribution)
    tiny("train", *SEARCH, f"hydra.sweeper.n_trials={len(complete()) + 1}")
    assert [trial.state for trial in study().trials].count(TrialState.RUNNING) == 0
    assert len(study().trials) == 4 + 1 + 1
    assert study().trials[-1].params == interrupted.params

    best = study().best_value
    assert 0 < best < 1
    code, out, _ = tiny("train", *SEARCH, f"hydra.sweeper.n_trials={len(complete())}")
    assert code == 0
    assert "segmentation_gan: " not in out
    assert f"Best value: {best}" in out


def test_a_trial_without_validation_has_no_objective(tiny):
    code, _, err = tiny("train", *WORDS, "hydra.sweeper.n_trials=1", "seed=3,4", "scale.val_subjects=0")
    assert code == 4
    assert err.splitlines()[-1].startswith("matting train: ")
    assert "no objective" in err
    assert [trial.state for trial in study().trials] == [TrialState.FAIL]


@pytest.mark.parametrize("plan", ["plan=true", "plan=True", "plan=yes", "plan=1"])
def test_a_search_has_no_plan(tiny, plan):
    code, _, err = tiny("train", *SEARCH, plan)
    assert code == 2
    assert err.startswith("matting train: plan=true")
