"""Simultaneous orthogonal matching pursuit and approximate K-SVD, one support for all modalities of a sample."""

from typing import Any

import numpy as np

Matrices = dict[str, Any]
STARTS = 3
ITERATIONS = 300
ALIKE = 0.99
FEW = 3


def joint_ksvd(X: Matrices, n_atoms: int, n_nonzero: int, weights: dict[str, float], seed: int) -> Matrices:
    """Return dictionaries (n_atoms, n_features_j) from samples (n, n_features_j) that use `n_nonzero` atoms each.

    Of several random starts the one that explains the samples best is kept.
    """
    rng = np.random.default_rng(seed)
    found = [_from_samples(X, n_atoms, n_nonzero, weights, rng) for _ in range(STARTS)]
    return min(found, key=lambda one: one[0])[1]


def _from_samples(
    X: Matrices, n_atoms: int, n_nonzero: int, weights: dict[str, float], rng: np.random.Generator
) -> tuple[float, Matrices]:
    drawn = rng.choice(len(next(iter(X.values()))), n_atoms, replace=False)
    D = {name: unit_rows(one[drawn]) for name, one in X.items()}
    for left in reversed(range(ITERATIONS)):
        codes = pursue(X, D, n_nonzero, weights)
        for name in X:
            _sweep(X[name], D[name], codes[name])
        if left:
            _replace(X, D, codes, weights)
    return float(_errors(X, D, codes, weights).sum()), D


def pursue(X: Matrices, D: Matrices, n_nonzero: int, weights: dict[str, float]) -> Matrices:
    """Choose atoms by the weighted energy they explain in all modalities, and fit each modality to them."""
    products = {name: X[name] @ D[name].T for name in X}
    grams = {name: D[name] @ D[name].T for name in X}
    chosen, left = np.empty((len(products[next(iter(X))]), 0), dtype=int), dict(products)
    for _ in range(n_nonzero):
        gain = sum(weights[name] * left[name] ** 2 for name in X)
        np.put_along_axis(gain, chosen, -1.0, axis=1)
        chosen = np.hstack([chosen, gain.argmax(axis=1)[:, None]])
        codes = {name: _fitted(products[name], grams[name], chosen) for name in X}
        left = {name: products[name] - codes[name] @ grams[name] for name in X}
    return codes


def _fitted(products: Any, gram: Any, chosen: Any) -> Any:
    """Return least-squares codes (n, n_atoms) on the chosen atoms of each sample."""
    inner = gram[chosen[:, :, None], chosen[:, None, :]] + 1e-9 * np.eye(chosen.shape[1])
    values = np.linalg.solve(inner, np.take_along_axis(products, chosen, axis=1)[:, :, None])[:, :, 0]
    codes = np.zeros_like(products)
    np.put_along_axis(codes, chosen, values, axis=1)
    return codes


def _sweep(X: Any, D: Any, codes: Any) -> None:
    """Update each atom and its codes in turn, in place."""
    left = X - codes @ D
    for m in range(len(D)):
        users = np.flatnonzero(codes[:, m])
        if len(users):
            own = left[users] + np.outer(codes[users, m], D[m])
            D[m] = unit_rows((codes[users, m] @ own)[None])[0]
            codes[users, m] = own @ D[m]
            left[users] = own - np.outer(codes[users, m], D[m])


def _replace(X: Matrices, D: Matrices, codes: Matrices, weights: dict[str, float]) -> None:
    """Begin unused atoms, and one of two that are alike in all modalities, anew from the samples explained worst."""
    alike = np.minimum.reduce([np.abs(D[name] @ D[name].T) for name in X])
    uses = np.sum(next(iter(codes.values())) != 0, axis=0)
    again = np.flatnonzero((np.triu(alike, 1) > ALIKE).any(axis=0) | (uses <= FEW))
    worst = np.argsort(_errors(X, D, codes, weights))[::-1][: len(again)]
    for name in X:
        D[name][again] = unit_rows(X[name][worst])


def _errors(X: Matrices, D: Matrices, codes: Matrices, weights: dict[str, float]) -> Any:
    """Return the weighted squared error of each sample."""
    return sum(weights[name] * np.sum((X[name] - codes[name] @ D[name]) ** 2, axis=1) for name in X)


def unit_rows(rows: Any) -> Any:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1.0)
