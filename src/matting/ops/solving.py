"""Solve the linear system of information-flow matting, whose matrix is sparse and not symmetric."""

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

DIRECT = 6_000  # unknowns up to which the system is factorised; its neighbours lie anywhere, so factors fill up fast
TOLERANCE = 1e-9  # of the residual, relative to the right side
STEPS = 4_000


def solve(mixture: sparse.csr_array, rest: sparse.csr_array, right: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return x of (mixture' mixture + rest) x = right, (N,).

    start: where the iterations begin. Pixels that no affinity reaches are left out of them.
    """
    diagonal = rest.diagonal()
    linked = np.zeros(len(right), bool)
    for part in (mixture, rest - sparse.diags_array(diagonal)):
        found = sparse.coo_array(part)
        linked[found.row] = linked[found.col] = True
    linked |= diagonal == 0
    solved = np.divide(right, diagonal, out=start.astype(np.float64), where=diagonal != 0)
    if not linked.any():
        return solved
    index = np.flatnonzero(linked)
    left, own = sparse.csr_array(mixture[:, index]), sparse.csr_array(rest[index][:, index])
    solved[index] = solve_linked(left, own, right[index], start[index])
    return solved


def solve_linked(mixture: sparse.csr_array, rest: sparse.csr_array, right: np.ndarray, start: np.ndarray) -> np.ndarray:
    if len(right) <= DIRECT:
        return linalg.spsolve(sparse.csc_array(mixture.T @ mixture + rest), right)
    turned = sparse.csr_array(mixture.T)
    operator = linalg.LinearOperator(rest.shape, matvec=lambda x: turned @ (mixture @ x) + rest @ x, dtype=np.float64)
    own = mixture.multiply(mixture).sum(0)
    factors = linalg.spilu(sparse.csc_array(rest + sparse.diags_array(own)), drop_tol=1e-3, fill_factor=5)
    nearby = linalg.LinearOperator(rest.shape, matvec=factors.solve, dtype=np.float64)
    found, failed = linalg.bicgstab(operator, right, start, rtol=TOLERANCE, maxiter=STEPS, M=nearby)
    if failed:
        raise ArithmeticError(f"the iterations did not converge in {STEPS} steps")
    return found
