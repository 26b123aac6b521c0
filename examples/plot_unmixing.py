"""
Unmixing a hyperspectral scene, with error bars
===============================================

Each pixel of a hyperspectral image is a spectrum: a mixture, with shares that cannot be negative, of the few materials
that lie in it. With a library of spectra the shares are found by non-negative least squares, which explains noise with
whatever spectrum helps a little. :func:`laconic.sbl.rectified_sbl` needs fewer spectra and says how sure it is.
"""

# %%
# A scene
# -------
# The one that comes with laconic is made up, so the truth is known: three materials, and a library of several
# look-alike spectra of each. With an ``.npz`` file of your own in the environment variable ``LACONIC_SCENE`` the same
# lines unmix a window of a real scene: ``Y`` (bands, pixels), ``library`` or ``E`` (bands, spectra), ``lines``,
# ``cols``, and, if you like, ``names`` of the materials, ``library_group`` with the material of each spectrum of the
# library, and ``order``: "F", the default here, where pixels go down the columns of the image, else "C".

import os

import numpy as np
from matplotlib import pyplot as plt

from laconic.datasets import make_spectral_scene
from laconic.nnls import nnls
from laconic.sbl import rectified_sbl

WINDOW = 24


def read_scene(path):
    """Return library, pixels of a window from the middle, its size, the materials and which spectrum is of which."""
    with np.load(path, allow_pickle=False) as file:
        library = file["library"] if "library" in file else file["E"]
        m = library.shape[1]
        cube = file["Y"].reshape(len(library), int(file["lines"]), int(file["cols"]), order=str(file.get("order", "F")))
        group = file["library_group"].astype(int) if "library" in file and "library_group" in file else np.arange(m)
        names = file["names"].tolist() if "names" in file else [f"spectrum {i}" for i in range(group.max() + 1)]
    top, left = ((size - WINDOW) // 2 if size > WINDOW else 0 for size in cube.shape[1:])
    window = cube[:, top : top + WINDOW, left : left + WINDOW]
    return library, window.reshape(len(library), -1), window.shape[1:], names, group


if path := os.environ.get("LACONIC_SCENE"):
    library, Y, shape, names, group = read_scene(path)
else:
    scene = make_spectral_scene(16, 16, n_variants=15)
    library, Y, shape = scene.library, scene.Y, (scene.lines, scene.cols)
    names, group = list(scene.names), scene.group

print(f"{Y.shape[1]} pixels of {Y.shape[0]} bands, a library of {library.shape[1]} spectra of {len(names)} materials")

# %%
# Two ways to unmix it
# --------------------
# Nobody tells the second one how strong the noise is.

plain = nnls(library, Y)
sparse = rectified_sbl(library, Y, prior="gdp")

for name, result in {"least squares": plain, "R-SBL": sparse}.items():
    residual = np.linalg.norm(Y - library @ result.x) / np.linalg.norm(Y)
    used = (result.x > 0.01 * result.x.max(axis=0)).sum(axis=0).mean()
    print(f"{name:14s} {used:4.1f} spectra a pixel above 1 % of its largest share, residual {residual:.4f}")

# %%
# Maps
# ----
# The shares of all spectra of a material added up, and how sure they are. Where look-alikes stand in for each other
# their errors cancel in part, so that this standard deviation is on the wide side.


def by_material(codes):
    """Return codes (spectra, pixels) added up for each material, as images."""
    return np.stack([codes[group == i].sum(axis=0).reshape(shape) for i in range(len(names))])


amounts = {"least squares": by_material(plain.x), "R-SBL": by_material(sparse.x)}
amounts["R-SBL, standard deviation"] = np.sqrt(by_material(sparse.std**2))

figure, axes = plt.subplots(len(names), 3, figsize=(9, 2.7 * len(names)), layout="constrained", squeeze=False)
for row, material in enumerate(names):
    for place, (title, maps) in zip(axes[row], amounts.items(), strict=True):
        shown = place.imshow(maps[row], vmin=0)
        place.set(xticks=[], yticks=[], title=title if row == 0 else "")
        figure.colorbar(shown, ax=place, shrink=0.8)
    axes[row, 0].set_ylabel(material)
plt.show()

# %%
# One pixel
# ---------
# The largest coefficients of the pixel that is least sure, with their 90 % intervals. The function
# :func:`laconic.report.plot_codes` draws the same for any result, and the command ``laconic nnls`` puts such pictures,
# and the maps, into a report.

pixel = int(np.argmax(np.linalg.norm(library, axis=0) ** 2 @ sparse.std**2))
low, high = sparse.interval(0.9)
largest = np.argsort(sparse.x[:, pixel])[-8:]

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
axes.hlines(range(8), low[largest, pixel], high[largest, pixel], linewidth=5, alpha=0.4, label="90 % interval")
axes.plot(sparse.x[largest, pixel], range(8), "o", label="most likely together")
axes.set_yticks(range(8), [f"{names[group[i]]} [{i}]" for i in largest])
axes.set(xlabel="share", title=f"Pixel {pixel}, the least sure one")
axes.legend(loc="lower right")
plt.show()

# %%
# With the truth at hand, the shares can be judged.

if not path:
    for name, result in {"least squares": plain, "R-SBL": sparse}.items():
        error = np.abs(by_material(result.x) - scene.maps(scene.abundances)).mean()
        print(f"{name:14s} mean absolute error of a share {error:.4f}")
