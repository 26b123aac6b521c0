"""Planted mixtures of minerals from a spectral library whose spectra are nearly alike."""

from pathlib import Path
from typing import Any

import numpy as np
from methods import METHODS, Answer, Matrix, support, timed

SNRS = (30.0, 40.0, 50.0)


def library(path: Path) -> Matrix:
    """Read the spectra (n_bands, m) of spectral_library_usgs1995.npz."""
    with np.load(path, allow_pickle=False) as data:
        return data["spectra"]


def made_up_library() -> Matrix:
    from laconic.datasets import make_spectral_scene

    return make_spectral_scene(2, 2, n_bands=60, n_materials=8, n_variants=6).library


def mixtures(spectra: Matrix, k: int, snr: float, seed: int) -> tuple[Matrix, Matrix]:
    """Return signals (n, k) at `snr` dB each, and their codes (m, k): three to five spectra, shares of at least 0.1."""
    rng = np.random.default_rng(seed)
    codes = np.zeros((spectra.shape[1], k))
    for column in codes.T:
        count = rng.integers(3, 6)
        shares = 0.1 + (1 - 0.1 * count) * rng.dirichlet(np.ones(count))
        column[rng.choice(len(column), count, replace=False)] = shares
    clean = spectra @ codes
    noise = np.sqrt(np.mean(clean**2, axis=0) / 10 ** (snr / 10))
    return clean + noise * rng.standard_normal(clean.shape), codes


def study(spectra: Matrix, k: int, seed: int) -> list[dict[str, Any]]:
    """Every method at every noise level."""
    rows = []
    for snr in SNRS:
        Y, codes = mixtures(spectra, k, snr, seed)
        for name, method in METHODS.items():
            rows.append({"snr": snr, "method": name} | judge(timed(method, spectra, Y), spectra, Y, codes))
    return rows


def judge(answer: Answer, spectra: Matrix, Y: Matrix, codes: Matrix) -> dict[str, Any]:
    x, clean = answer.x, spectra @ codes
    largest = np.argsort(x, axis=0)[::-1]
    hits = [np.mean(codes[largest[: (truth > 0).sum(), i], i] > 0) for i, truth in enumerate(codes.T)]
    return {
        "finite": bool(np.isfinite(x).all()),
        "code_error": float(np.mean(np.sum((x - codes) ** 2, axis=0) / np.sum(codes**2, axis=0))),
        "found": float(np.mean(hits)),
        "clean_error": float(np.linalg.norm(spectra @ x - clean) / np.linalg.norm(clean)),
        "residual": float(np.linalg.norm(Y - spectra @ x) / np.linalg.norm(Y)),
        "support": support(x, 1e-6),
        "support_1": support(x, 1e-2),
        "seconds": answer.seconds,
        "message": answer.message,
    }
