"""The system of information-flow matting, solved directly and by iterations."""

import numpy as np
from scipy import sparse

from matting.ops import solving


def test_iterations_find_the_direct_solution(monkeypatch):
    random = np.random.default_rng(0)
    mixture = sparse.csr_array(sparse.random_array((300, 300), density=0.03, rng=random) - sparse.eye_array(300))
    rest = sparse.csr_array(sparse.random_array((300, 300), density=0.01, rng=random) * 0.1 + sparse.eye_array(300))
    right = random.random(300)
    direct = solving.solve(mixture, rest, right, np.zeros(300))
    exact = np.linalg.solve((mixture.T @ mixture + rest).toarray(), right)
    np.testing.assert_allclose(direct, exact, atol=1e-9)
    monkeypatch.setattr(solving, "DIRECT", 0)
    np.testing.assert_allclose(solving.solve(mixture, rest, right, np.zeros(300)), exact, atol=1e-6)


def test_a_pixel_without_affinities_is_its_own_target():
    rest = sparse.csr_array(sparse.diags_array([100.0, 50.0, 2.0]))
    solved = solving.solve(sparse.csr_array((3, 3)), rest, np.array([100.0, 0.0, 1.0]), np.zeros(3))
    np.testing.assert_allclose(solved, [1, 0, 0.5])
