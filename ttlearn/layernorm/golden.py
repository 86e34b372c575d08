"""What the op should give: float64 numpy, and the measures of how near a result is.

The bounds are the vendor's own for bf16 (tests/ttnn/unit_tests/operations/fused/test_layer_norm.py):
rtol 1e-2, atol 5e-2, PCC at least .9999, relative Frobenius error at most .015.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

RTOL, ATOL, PCC, FROBENIUS = 1e-2, 5e-2, 0.9999, 0.015


def layernorm(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    epsilon: float = 1e-5,
    residual: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta over the last axis of x + residual, in float64."""
    values = _added(x, residual)
    result = rmsnorm(values - values.mean(axis=-1, keepdims=True), gamma, epsilon)
    return result + np.asarray(beta, np.float64) if beta is not None else result


def rmsnorm(
    x: ArrayLike, gamma: ArrayLike | None = None, epsilon: float = 1e-5, residual: ArrayLike | None = None
) -> NDArray[np.float64]:
    """x / sqrt(mean of x^2 + epsilon) * gamma over the last axis of x + residual, in float64."""
    values = _added(x, residual)
    result: NDArray[np.float64] = values / np.sqrt((values**2).mean(axis=-1, keepdims=True) + epsilon)
    return result * np.asarray(gamma, np.float64) if gamma is not None else result


def _added(x: ArrayLike, residual: ArrayLike | None) -> NDArray[np.float64]:
    values = np.asarray(x, np.float64)
    return values if residual is None else values + np.asarray(residual, np.float64)


class Error(NamedTuple):
    """How far a result is from the golden one."""

    max_abs: float
    pcc: float
    frobenius: float
    within: bool  # all of the vendor's bounds

    def __str__(self) -> str:
        word = "within" if self.within else "OUTSIDE"
        return (
            f"max abs error {self.max_abs:.4f}, PCC {self.pcc:.6f}, relative Frobenius error {self.frobenius:.5f}: "
            f"{word} the vendor's bf16 bounds"
        )


def compare(result: NDArray[Any], expected: NDArray[np.float64]) -> Error:
    """Measure `result` against `expected`."""
    y = np.asarray(result, np.float64)
    difference = y - expected
    norm = np.linalg.norm(expected)
    frobenius = float(np.linalg.norm(difference) / norm) if norm else float(np.linalg.norm(difference))
    spread = expected.std() * y.std()
    pcc = float(((y - y.mean()) * (expected - expected.mean())).mean() / spread) if spread > 1e-12 else 1.0
    close = np.allclose(y, expected, rtol=RTOL, atol=ATOL)
    small = frobenius <= FROBENIUS or norm < 1e-6 * np.sqrt(expected.size)
    return Error(float(np.abs(difference).max()), pcc, frobenius, bool(close and pcc >= PCC and small))
