"""
A noisy sensor, helped by a clean one
=====================================

Two sensors read the same samples: one is clean, the other noisy. Learned alone, the noisy one finds little more than
a third of its atoms. :class:`laconic.estimators.MultimodalDictionary` learns both dictionaries together: sensors share
which atoms a sample uses, and how strongly, but neither coefficients nor signs.
"""

# %%
# Two planted sensors
# -------------------
# The truth is known here: 30 atoms of each sensor, four pairs of them in use in a sample, whose coefficients are drawn
# for each sensor on its own. Sensor "a" reads them at 30 dB, sensor "b" at 5 dB. With data of your own, ``X`` is a dict
# of arrays (n_samples, n_features), NaN where a sensor is missing, or one array with ``modalities``.

import numpy as np
from matplotlib import pyplot as plt

from laconic import MultimodalDictionary
from laconic.datasets import make_sensors

n_atoms, n_train = 30, 500
planted = make_sensors(700, (20, 20), n_atoms=n_atoms, n_nonzero=4, snr=(30, 5), random_state=0)
X = {name: values[:n_train] for name, values in planted.X.items()}
new = {name: values[n_train:] for name, values in planted.X.items()}

sample = int(np.argmax(np.linalg.norm(X["b"], axis=1)))
figure, axes = plt.subplots(1, 2, figsize=(9, 2.4), layout="constrained", sharey=True)
for ax, (name, words) in zip(axes, {"a": "the clean sensor", "b": "the noisy sensor"}.items(), strict=True):
    ax.plot((planted.codes[name] @ planted.components[name])[sample], color="0.6", label="what it should read")
    ax.plot(X[name][sample], ".", label="what it reads")
    ax.set(title=f"One sample: {words}", xlabel="feature", xticks=range(0, 20, 5))
axes[0].legend(loc="upper left", fontsize=8)
plt.show()

# %%
# Together, and each alone
# ------------------------
# The noise is given, and how many atoms a warm start is to use; both are found if they are left out, in more time.

settings = {"noise": planted.noise, "sparsity": 3, "cycles": 2, "tol": 1e-2, "random_state": 0}
models = {
    coupling: MultimodalDictionary(n_atoms, coupling=coupling, **settings).fit(X)
    for coupling in ("one-to-one", "separate")
}


def cosines(model, name):
    """Return how like each planted atom (row) each learned one is; of either sign."""
    return abs(planted.components[name] @ model.components_[name].T)


for coupling, model in models.items():
    found = ", ".join(f"{name} {(cosines(model, name).max(axis=1) > 0.97).mean():.0%}" for name in X)
    print(f"{coupling:12s} planted atoms found: {found}")

# %%
# The atoms
# ---------
# Planted against learned atoms. Learned together, the atoms of "b" are put in the order in which their partners of "a"
# are nearest to the planted ones, and fit. Learned alone they stand anywhere, so that each sensor is put in an order of
# its own; most atoms of "b" come near, but only a third within a cosine of 0.97.

figure, axes = plt.subplots(1, 4, figsize=(10, 3), layout="constrained")
for place, (coupling, name) in enumerate((c, n) for c in models for n in "ab"):
    nearest = cosines(models[coupling], "a" if coupling == "one-to-one" else name).argmax(axis=1)
    shown = axes[place].imshow(cosines(models[coupling], name)[:, nearest], vmin=0.3, vmax=1, cmap="Greys")
    axes[place].set(title=f"{coupling}, {name}", xlabel="learned", xticks=[], yticks=[])
axes[0].set_ylabel("planted")
figure.colorbar(shown, ax=axes[-1], label="|cosine|")
plt.show()

# %%
# Three atoms of the noisy sensor, those that it finds worst alone: each model's nearest, with its sign turned.

gains = cosines(models["one-to-one"], "b").max(axis=1) - cosines(models["separate"], "b").max(axis=1)
figure, axes = plt.subplots(1, 3, figsize=(10, 2.6), layout="constrained", sharey=True)
for ax, m in zip(axes, np.argsort(gains)[::-1][:3], strict=True):
    truth = planted.components["b"][m]
    ax.plot(truth, color="0.7", linewidth=5, label="planted")
    for coupling, model in models.items():
        atom = model.components_["b"][cosines(model, "b")[m].argmax()]
        ax.plot(atom * np.sign(atom @ truth), label=f"{coupling}, cosine {cosines(model, 'b')[m].max():.2f}")
    ax.set(title=f"atom {m} of b", xlabel="feature")
    ax.legend(fontsize=7)
plt.show()

# %%
# New samples, with gaps
# ----------------------
# A third of what "b" reads of new samples is hidden.
# :meth:`~laconic.estimators.MultimodalDictionary.reconstruct` says what each entry should be and how sure that is,
# noise included.

model = models["one-to-one"]
hidden = np.random.default_rng(0).random(new["b"].shape) < 1 / 3
seen = {"a": new["a"], "b": np.where(hidden, np.nan, new["b"])}
mean, std = (values[:, model.modalities_["b"]] for values in model.reconstruct(seen, return_std=True))
inside = abs(new["b"] - mean) < 1.645 * std
print(f"{inside[hidden].mean():.0%} of the hidden entries are in their 90 % interval")

sample = int(np.argmax(np.linalg.norm(new["b"], axis=1)))
places, gap = np.arange(20), hidden[sample]
figure, ax = plt.subplots(figsize=(9, 3), layout="constrained")
low, high = mean[sample] - 1.645 * std[sample], mean[sample] + 1.645 * std[sample]
ax.fill_between(places, low, high, alpha=0.3, label="90 % interval")
ax.plot(places, mean[sample], label="reconstruction")
ax.plot(places[~gap], new["b"][sample][~gap], "ko", label="read")
ax.plot(places[gap], new["b"][sample][gap], "ko", fillstyle="none", label="hidden")
ax.set(title="A new sample of the noisy sensor", xlabel="feature", xticks=places[::5])
ax.legend(ncols=2)
plt.show()

# %%
# The function :func:`laconic.report.plot_linked_atoms` draws atoms of all sensors beside each other, and the command
# ``laconic fuse`` puts such pictures into a report.
