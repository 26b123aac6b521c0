"""The tour's hyperspectral scene, unmixed with a library of look-alike spectra."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

import laconic
from laconic.cli.code_rows import code_row
from laconic.cli.machine import machine
from laconic.cli.strict_json import without_nan
from laconic.core.files import write_json
from laconic.core.result import Result
from laconic.datasets import SpectralScene, make_spectral_scene
from laconic.nnls import nnls, sparse_nnls
from laconic.report import Codes, Image, Section, codes_section, read_codes
from laconic.sbl import rectified_sbl

METHODS: dict[str, Callable[[Any, Any], Result]] = {
    "rsbl": lambda A, Y: rectified_sbl(A, Y, prior="gdp"),
    "nnls": nnls,
    "sparse": lambda A, Y: sparse_nnls(A, Y, prior="gdp"),
}
"""What is compared, the one that is shown in full first; none is told the noise."""


def unmix(out: Path, console: Console) -> tuple[Section, dict[str, Any]]:
    """Unmix a made-up scene by several methods; leave the scene and the figures in a folder.

    Returns
    -------
    Section
        For the report.
    dict
        What metrics.json holds.
    """
    scene = make_spectral_scene(16, 16, n_variants=15)
    found = [_codes(method, scene, console) for method in METHODS]
    metrics = _metrics(scene, [row for _, row in found])
    out.mkdir(parents=True, exist_ok=True)
    np.savez(out / "scene.npz", library=scene.library, Y=scene.Y, names=_names(scene), truth=scene.codes)
    write_json(out / "metrics.json", metrics)
    axis = ("wavelength, µm", scene.wavelength)
    return codes_section([codes for codes, _ in found], metrics, names=_names(scene), axis=axis), metrics


def _names(scene: SpectralScene) -> list[str]:
    return [scene.names[group] for group in scene.group]


def _codes(method: str, scene: SpectralScene, console: Console) -> tuple[Codes, dict[str, Any]]:
    """Return what the report shows of a method, and its row."""
    started = time.perf_counter()
    result = METHODS[method](scene.library, scene.Y)
    seconds = time.perf_counter() - started
    error = float(np.abs(scene.by_material(result.x) - scene.abundances).mean())
    console.print(f"{method}: {seconds:.1f} s, abundances off by {error:.4f}", highlight=False)
    image = Image(scene.lines, scene.cols)
    codes = read_codes(method, scene.library, scene.Y, result, seconds, names=_names(scene), image=image, error=error)
    numbers = {name: getattr(result, name) for name in ("noise", "n_iter") if hasattr(result, name)}
    return codes, code_row(codes, numbers)


def _metrics(scene: SpectralScene, rows: list[dict[str, Any]]) -> dict[str, Any]:
    n, m = scene.library.shape
    spectra = (scene.abundances > 0).sum(axis=0).mean()
    metrics: dict[str, Any] = without_nan(
        {
            "laconic": laconic.__version__,
            "title": "A hyperspectral scene unmixed with a library of look-alike spectra",
            "data": f"made up: {scene.lines} x {scene.cols} pixels of {n} bands, {spectra:.1f} materials in each; a "
            f"library of {m} spectra, {m // len(scene.names)} variants of each of {len(scene.names)} materials",
            "machine": machine(),
            "n_columns": m,
            "true_support": float(spectra),
            "rows": rows,
        }
    )
    return metrics
