"""A made-up hyperspectral scene: a library of look-alike spectra, maps of abundances, and what a camera would see."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from laconic.core.checks import ParameterError, check_interval, check_positive_int
from laconic.core.seeds import RandomState, as_generator

Matrix = NDArray[np.float64]

_OWNER = "make_spectral_scene"
_NAMES = tuple(f"material {letter}" for letter in "ABCDEFGH")
_LOW, _HIGH = 0.4, 2.5  # micrometres
_FLOOR, _CEILING = 0.02, 0.98  # of reflectance
_CONTRAST = 2.5  # of the soft maximum that turns smooth random fields into abundances
_TRACE = 0.05  # abundances below this are none


@dataclass(frozen=True, eq=False)
class SpectralScene:
    """A scene whose abundances are known: Y = library @ codes + noise = endmembers @ abundances + noise.

    Parameters
    ----------
    library : ndarray of float64, shape (n_bands, m)
        Reflectance spectra, the same number of variants for each material, materials one after the other.
    group : ndarray of int64, shape (m,)
        Material of each spectrum, as an index into `names`.
    members : ndarray of int64, shape (p,)
        The spectrum of each material that the scene is made of, as an index into the library.
    abundances : ndarray of float64, shape (p, lines * cols)
        Share of each material in each pixel; columns sum to one and most have zeros. Pixel ``line * cols + col``.
    Y : ndarray of float64, shape (n_bands, lines * cols)
        What the camera saw, noise included.
    noise : float
        Variance of the noise; 0 where there is none.
    lines, cols : int
        Size of the image.
    names : tuple of str, length p
        Names of the materials.
    wavelength : ndarray of float64, shape (n_bands,)
        Middle of each band, in micrometres.
    """

    library: Matrix
    group: NDArray[np.int64]
    members: NDArray[np.int64]
    abundances: Matrix
    Y: Matrix
    noise: float
    lines: int
    cols: int
    names: tuple[str, ...]
    wavelength: Matrix

    @property
    def endmembers(self) -> Matrix:
        """The spectra the scene is made of, shape (n_bands, p)."""
        return self.library[:, self.members]

    @property
    def codes(self) -> Matrix:
        """The abundances over the whole library, shape (m, lines * cols)."""
        codes = np.zeros((self.library.shape[1], self.abundances.shape[1]))
        codes[self.members] = self.abundances
        return codes

    def maps(self, abundances: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return abundances (p, lines * cols) as images (p, lines, cols)."""
        return abundances.reshape(-1, self.lines, self.cols)

    def by_material(self, codes: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return codes over the library (m, pixels) summed over the variants of each material, (p, pixels)."""
        return np.stack([codes[self.group == material].sum(axis=0) for material in range(len(self.names))])


def make_spectral_scene(
    lines: int = 40,
    cols: int = 40,
    *,
    n_bands: int = 120,
    n_materials: int = 3,
    n_variants: int = 35,
    variability: float = 0.05,
    snr: float | None = 35.0,
    random_state: RandomState = 0,
) -> SpectralScene:
    """Make a small hyperspectral scene with a coherent library, for examples and tests.

    Each material has a smooth spectrum, a slope with Gaussian absorption features. Its variants in the library are
    that spectrum, times a gain and a gentle ripple over the wavelengths. The scene uses one variant of each. Smooth
    random fields, one a material, go through a soft maximum; shares under 0.05 are set to zero and the rest scaled
    to sum to one, so a pixel holds few materials and far fewer spectra than the library has.

    Parameters
    ----------
    lines, cols : int
        Size of the image.
    n_bands : int
        Bands between 0.4 and 2.5 micrometres.
    n_materials : int
        Materials p, from 1 to 8.
    n_variants : int
        Spectra of each material in the library, which then has ``m = n_materials * n_variants`` columns.
    variability : float
        Relative deviation of gain and ripple; at 0.05 the nearest variants have a cosine above 0.999.
    snr : float, optional
        Signal-to-noise ratio in dB, ``mean(clean**2) / noise``. None: no noise.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        The same seed gives the same scene.

    Returns
    -------
    SpectralScene
        Library, abundances, image and names.

    Raises
    ------
    ParameterError
        If a parameter is not as described.

    Examples
    --------
    >>> scene = make_spectral_scene(8, 10, n_bands=50, n_variants=4)
    >>> scene.library.shape, scene.Y.shape, scene.names
    ((50, 12), (50, 80), ('material A', 'material B', 'material C'))
    """
    _check(lines, cols, n_bands, n_materials, n_variants, variability, snr)
    rng = as_generator(_OWNER, random_state)
    wavelength = np.linspace(_LOW, _HIGH, n_bands)
    materials = [_spectrum(rng, wavelength) for _ in range(n_materials)]
    library = np.concatenate([_variants(rng, wavelength, s, n_variants, variability) for s in materials], axis=1)
    members = np.arange(n_materials) * n_variants + rng.integers(n_variants, size=n_materials)
    abundances = _abundances(rng, n_materials, lines, cols)
    clean = library[:, members] @ abundances
    noise = 0.0 if snr is None else float(np.mean(clean**2) / 10 ** (snr / 10))
    return SpectralScene(
        library=library,
        group=np.repeat(np.arange(n_materials), n_variants),
        members=members,
        abundances=abundances,
        Y=clean + np.sqrt(noise) * rng.standard_normal(clean.shape),
        noise=noise,
        lines=lines,
        cols=cols,
        names=_NAMES[:n_materials],
        wavelength=wavelength,
    )


def _check(
    lines: int, cols: int, n_bands: int, n_materials: int, n_variants: int, variability: float, snr: float | None
) -> None:
    sizes = {"lines": lines, "cols": cols, "n_bands": n_bands, "n_materials": n_materials, "n_variants": n_variants}
    for name, value in sizes.items():
        check_positive_int(_OWNER, name, value)
    if n_materials > len(_NAMES):
        raise ParameterError(_OWNER, "n_materials", f"at most {len(_NAMES)}", n_materials)
    check_interval(_OWNER, "variability", variability, 0, 1, closed="left")
    if snr is not None:
        check_interval(_OWNER, "snr", snr, -np.inf, np.inf, closed="neither")


def _spectrum(rng: np.random.Generator, wavelength: Matrix) -> Matrix:
    """Return a reflectance (n_bands,): a slope with four absorption features."""
    place = (wavelength - _LOW) / (_HIGH - _LOW)
    ends = rng.uniform(0.2, 0.9, 2)
    continuum = ends[0] + (ends[1] - ends[0]) * place
    centres, widths, depths = rng.uniform(0, 1, 4), rng.uniform(0.03, 0.2, 4), rng.uniform(0.1, 0.6, 4)
    features = depths * np.exp(-(((place[:, np.newaxis] - centres) / widths) ** 2))
    return np.asarray(np.clip(continuum * np.prod(1 - features, axis=1), _FLOOR, _CEILING))


def _variants(rng: np.random.Generator, wavelength: Matrix, spectrum: Matrix, count: int, variability: float) -> Matrix:
    """Return spectra (n_bands, count): the material's own, times gains and ripples of relative size `variability`."""
    place = (wavelength - _LOW) / (_HIGH - _LOW)
    gain = rng.standard_normal(count)
    waves, phases = rng.uniform(0.5, 3, count), rng.uniform(0, 2 * np.pi, count)
    ripple = np.sin(2 * np.pi * waves * place[:, np.newaxis] + phases)
    return np.asarray(np.clip(spectrum[:, np.newaxis] * np.exp(variability * (gain + ripple)), _FLOOR / 2, 1.0))


def _abundances(rng: np.random.Generator, n_materials: int, lines: int, cols: int) -> Matrix:
    """Return shares (n_materials, lines * cols), smooth over the image."""
    fields = rng.standard_normal((n_materials, lines, cols))
    smooth = np.stack([gaussian_filter(field, max(lines, cols) / 8, mode="wrap") for field in fields])
    smooth -= smooth.mean(axis=(1, 2), keepdims=True)
    smooth /= np.maximum(smooth.std(axis=(1, 2), keepdims=True), np.finfo(np.float64).tiny)
    weights = np.exp(_CONTRAST * (smooth - smooth.max(axis=0))).reshape(n_materials, -1)
    shares = weights / weights.sum(axis=0)
    shares[shares < _TRACE] = 0.0
    return np.asarray(shares / shares.sum(axis=0))
