"""
Parts of images, and how few of them
====================================

Images cannot be darker than black, so that non-negative factorisation takes them apart into pieces that only add up:
X ~ C D, where a row of D is a part and a row of C says how much of each part is in an image. With a prior for the
codes, :class:`laconic.SparseNMF` also uses few parts for each image.
"""

# %%
# Digits
# ------
# They come with scikit-learn. Faces of your own, or any other images of one size, do as well: from an ``.npz`` file
# with an array of shape (n_images, height, width), take ``X = file["images"].reshape(n_images, -1)``.

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.decomposition import NMF

from laconic import SparseNMF

shape = (8, 8)
X = load_digits().data[:500] / 16
n_parts = 20
print(f"{len(X)} images of {X.shape[1]} pixels")

# %%
# Three factorisations
# --------------------
# The first has the default prior, "rgdp", a reweighted ℓ1 penalty, and finds the noise, which weighs the penalty, by
# itself. The second has none; it minimises the same as scikit-learn does.

models = {
    "SparseNMF, rgdp": SparseNMF(n_parts, tol=1e-3, random_state=0),
    "SparseNMF, no prior": SparseNMF(n_parts, prior=None, tol=1e-3, random_state=0),
    "scikit-learn's NMF": NMF(n_parts, init="nndsvd", tol=1e-3, max_iter=1000, random_state=0),
}
codes = {name: model.fit_transform(X) for name, model in models.items()}


def account(name, C, D):
    """Print how many codes are above zero, and how much of the images is left."""
    error = np.linalg.norm(X - C @ D) / np.linalg.norm(X)
    used = np.count_nonzero(C, axis=1).mean()
    print(f"{name:20s} {used:4.1f} of {n_parts} parts an image, relative error {error:.3f}")


for name, model in models.items():
    account(name, codes[name], model.components_)

# %%
# The parts
# ---------
# Without a prior they are strokes and dots, of which an image takes most. Whoever may use few parts needs larger ones.


def show_parts(ax, parts, title):
    """Draw parts (n, pixels) as a grid of five columns, each from white to its own darkest pixel."""
    tiles = (parts / parts.max(axis=1, keepdims=True)).reshape(-1, 5, *shape)
    framed = np.pad(tiles, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=0.5)
    ax.imshow(framed.swapaxes(1, 2).reshape(len(tiles) * (shape[0] + 1), -1), cmap="gray_r")
    ax.set(xticks=[], yticks=[], title=title)


figure, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    show_parts(ax, model.components_, name)
plt.show()

# %%
# One image
# ---------
# The parts that an image is made of, each times its code.

image = 4
figure, axes = plt.subplots(2, 9, figsize=(9, 2.6), layout="constrained")
for row, name in zip(axes, ["SparseNMF, rgdp", "SparseNMF, no prior"], strict=True):
    C, D = codes[name][image], models[name].components_
    largest = [i for i in np.argsort(C)[::-1][:7] if C[i] > 0]
    pictures = [X[image], C @ D, *(C[i] * D[i] for i in largest)]
    titles = ["image", f"{np.count_nonzero(C)} parts", *(f"{C[i]:.2f}" for i in largest)]
    for ax in row:
        ax.axis("off")
    for ax, picture, title in zip(row, pictures, titles, strict=False):
        ax.imshow(picture.reshape(shape), cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(title, fontsize=9)
figure.suptitle("with a prior (above), and without (below), at most the seven largest", fontsize=10)
plt.show()

# %%
# The noise decides how sparse
# ----------------------------
# What the model takes for noise it need not explain. So `noise`, a variance, is the knob: more of it, and codes become
# sparser, the error larger, and parts more like whole digits. Zero codes are exact.

found = models["SparseNMF, rgdp"].noise_
figure, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
for ax, factor in zip(axes, [0.1, 1, 10], strict=True):
    model = SparseNMF(n_parts, noise=factor * found, tol=1e-3, random_state=0)
    C = model.fit_transform(X)
    name, used = f"noise {model.noise_:.4f}", np.count_nonzero(C, axis=1).mean()
    account(name, C, model.components_)
    show_parts(ax, model.components_, f"{name}, {used:.1f} parts an image")
plt.show()
