"""Tests of pairing: a permutation without a table, the counts of the published protocol, the splits."""

import tracemalloc

import pytest

from matting.data.pairing import Pairing, Permutation, validation_subjects


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 17, 100, 1000])
def test_permutation_visits_each_once(size):
    assert sorted(Permutation(size, "key")(i) for i in range(size)) == list(range(size))


def test_permutation_depends_on_every_part_of_the_key():
    orders = {tuple(Permutation(50, *key)(i) for i in range(50)) for key in [(0, "a"), (1, "a"), (0, "b"), ("0a",)]}
    assert len(orders) == 4


def test_permutation_is_close_to_uniform():
    hits = [0] * 10
    for seed in range(2000):
        hits[Permutation(10, seed)(3)] += 1
    assert min(hits) > 140
    assert max(hits) < 260


def test_permutation_refuses_indices_out_of_range():
    with pytest.raises(IndexError):
        Permutation(5, 0)(5)


def test_backgrounds_of_a_subject_do_not_repeat_before_all_are_used():
    pairing = Pairing(["a"], [f"{i}" for i in range(7)], 14, seed=3, split="train")
    backgrounds = [pairing[k][1] for k in range(14)]
    assert len(set(backgrounds[:7])) == 7
    assert backgrounds[7:] == backgrounds[:7]


def test_pairing_does_not_depend_on_the_order_of_its_inputs():
    one = Pairing(["a", "b"], ["x", "y", "z"], 2, 0, "train")
    other = Pairing(["b", "a"], ["z", "x", "y"], 2, 0, "train")
    assert [one[i] for i in range(4)] == [other[i] for i in range(4)]


@pytest.mark.parametrize("change", [{"seed": 1}, {"split": "test"}])
def test_pairing_depends_on_seed_and_split(change):
    backgrounds = [f"{i:03d}" for i in range(100)]
    base = {"seed": 0, "split": "train"}
    one, other = (Pairing(["a"], backgrounds, 20, **kwargs) for kwargs in (base, {**base, **change}))
    assert [one[i] for i in range(20)] != [other[i] for i in range(20)]


@pytest.mark.parametrize(
    ("subjects", "per_subject", "samples"), [(201 + 363, 100, 56_400), (11, 20, 220), (85, 20, 1_700)]
)
def test_the_published_protocol_has_the_published_counts(subjects, per_subject, samples):
    pairing = Pairing([str(i) for i in range(subjects)], [str(i) for i in range(3000)], per_subject, 0, "test")
    assert len(pairing) == samples
    seen = [pairing[i] for i in range(samples)]
    assert len(set(seen)) == samples


def test_memory_does_not_grow_with_the_samples():
    def peak(per_subject):
        tracemalloc.start()
        pairing = Pairing(["a", "b"], [str(i) for i in range(50)], per_subject, 0, "train")
        for i in range(0, len(pairing), len(pairing) // 100):
            pairing[i]
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(500_000_000) < 2 * peak(50)


def test_validation_subjects_stay_when_others_come_or_go():
    subjects = [f"s{i}" for i in range(40)]
    chosen = validation_subjects(subjects, 8)
    assert len(chosen) == 8
    assert set(validation_subjects([*subjects, "new"], 8)) - {"new"} <= set(validation_subjects(subjects, 9))
    kept = [subject for subject in subjects if subject != "s3"]
    assert len(set(validation_subjects(kept, 8)) ^ set(chosen)) <= 2
    assert validation_subjects(subjects, 0) == []
