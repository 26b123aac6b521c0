"""The code of sensors.md, run by a test; the page shows the parts between the marks."""

# [data]
import numpy as np

from laconic.datasets import make_sensors

planted = make_sensors(600, (16, 16), n_atoms=24, n_nonzero=2, snr=(30, 6), random_state=0)
X = {name: values[:400] for name, values in planted.X.items()}  # "a" and "b", each (400, 16)
new = {name: values[400:] for name, values in planted.X.items()}
# [fit]
from laconic import MultimodalDictionary

quick = {"sparsity": 2, "cycles": 1, "tol": 1e-2, "random_state": 0}  # for this page: see "What it costs"
model = MultimodalDictionary(24, noise=planted.noise, **quick).fit(X)
codes = model.transform(new)  # (200, 48): 24 of "a", then 24 of "b", most of them zero
# [found]
alone = MultimodalDictionary(24, noise=planted.noise, coupling="separate", **quick).fit(X)


def tell(words, model, truth=planted):
    """Print which share of the planted atoms a model has found."""
    shares = []
    for name, atoms in truth.components.items():
        cosines = abs(model.components_[name] @ atoms.T).max(axis=0)  # an atom and its negative are the same
        shares.append(f"{name} {(cosines > 0.97).mean():4.0%}")
    print(f"{words:24s}{'   '.join(shares)}")


tell("one-to-one", model)
tell("separate", alone)
# [array]
table = np.hstack([X["a"], X["b"]])  # (400, 32)
where = {"a": slice(0, 16), "b": slice(16, 32)}  # or numbers of columns, or a mask
from_array = MultimodalDictionary(24, modalities=where, noise=planted.noise, **quick).fit(table)
assert np.array_equal(from_array.components_["b"], model.components_["b"])
# [frame]
import pandas as pd

frame = pd.DataFrame(table, columns=[f"{name}{i}" for name in "ab" for i in range(16)])
named = {"a": [f"a{i}" for i in range(16)], "b": [f"b{i}" for i in range(16)]}
from_frame = MultimodalDictionary(24, modalities=named, noise=planted.noise, **quick).fit(frame)
# [missing]
gappy = {name: values.copy() for name, values in X.items()}
rng = np.random.default_rng(0)
gappy["b"][rng.permutation(400)[:100]] = np.nan  # these samples have no "b"
gappy["a"][rng.random((400, 16)) < 0.05] = np.nan  # entries that are missing here and there
with_gaps = MultimodalDictionary(24, noise=planted.noise, **quick).fit(gappy)
tell("with gaps", with_gaps)
# [subset]
from_b = model.codes({"b": new["b"]})  # a dict may lack modalities
assert from_b["b"].any()
assert not from_b["a"].any()
# [tree]
from laconic.sbl.coupling import Groups, Tree

family = make_sensors(400, (12, 16), n_atoms=(8, 16), n_nonzero=2, snr=(30, 6), tree=True)
rooted = MultimodalDictionary({"a": 8, "b": 16}, coupling="tree", noise=family.noise, **quick).fit(family.X)
tell("tree", rooted, family)
Tree(parents=[family.parents])  # says which root each child belongs to; "tree" deals them out evenly
Groups([range(8), np.repeat(range(8), 2)])  # "b" has two atoms for each one of "a", always used together
# [map]
from laconic.sbl.coupling import ScaleMap

shared = np.eye(24, 28)  # T of "a": 24 atoms, 28 scales
partly = np.eye(24, 28)  # T of "b": 20 scales in common,
partly[20:] = np.eye(28)[24:]  # and four of its own
own_map = ScaleMap([shared, partly])
half_coupled = MultimodalDictionary(24, coupling=own_map, noise=planted.noise, **quick).fit(X)
# [own]
from dataclasses import dataclass

from laconic.sbl.coupling import Links


@dataclass(frozen=True)
class PartlyShared:
    """The first atoms of all modalities are coupled one to one; every other atom has a scale of its own."""

    n_shared: int

    def links(self, n_atoms):
        """Return T of each modality, (n_atoms_j, n_scales)."""
        n_scales = self.n_shared + sum(n - self.n_shared for n in n_atoms)
        maps, first = [], self.n_shared
        for n in n_atoms:
            places = np.r_[np.arange(self.n_shared), first + np.arange(n - self.n_shared)]
            maps.append(np.eye(n_scales)[places])
            first += n - self.n_shared
        return Links.of(maps)


twin = MultimodalDictionary(24, coupling=PartlyShared(20), noise=planted.noise, **quick).fit(X)
assert np.array_equal(twin.links_["b"], half_coupled.links_["b"])
# [noise]
automatic = MultimodalDictionary(24, tol=1e-2, random_state=0).fit(X)  # noise and sparsity are found
tell("all automatic", automatic)
for name, true in planted.noise.items():
    print(f"noise of {name}: {automatic.noise_[name]:.2g}, planted {true:.2g}")
# [result]
for name, atoms in model.components_.items():
    used, energy = model.usage_[name], model.energy_[name]
    shares, sizes = f"{used.min():.0%} to {used.max():.0%}", f"{energy.min():.2g} to {energy.max():.2g}"
    print(f"{name}: {atoms.shape}, an atom is used by {shares} of the samples, energy {sizes}")
# [codes]
means, stds = model.codes(new, return_std=True)
largest = np.argsort(-abs(means["b"][0]))[:3]  # of the first sample
print([f"{means['b'][0, m]:.2f} ± {stds['b'][0, m]:.2f}" for m in largest])
# [reconstruct]
holes = rng.random((200, 16)) < 0.25
seen = {"a": new["a"], "b": np.where(holes, np.nan, new["b"])}
filled, std = model.reconstruct(seen, return_std=True)  # (200, 32), in the order of the columns
b, b_std = filled[:, model.modalities_["b"]], std[:, model.modalities_["b"]]
within = abs(new["b"] - b) < 1.645 * b_std
print(f"{within[holes].mean():.0%} of the hidden entries are in their 90 % interval")
nonsense = rng.normal(size=(200, 32))
print(f"log-likelihood of a sample {model.score(new):.0f}, of one of noise alone {model.score(nonsense):.0f}")
# [absent]
means, stds = model.codes({"a": new["a"]}, return_std=True)  # of "b" nothing is known but what "a" says
expected = np.argsort(-stds["b"], axis=1)[:, :2]  # the two atoms of "b" that are likely in use
twins = abs(model.components_["b"] @ planted.components["b"].T).argmax(axis=1)  # which planted ones they are
hits = np.take_along_axis(planted.codes["b"][400:] != 0, twins[expected], axis=1)
print(f"{hits.mean():.0%} of the atoms expected are in use; the largest |mean| is {abs(means['b']).max():.0f}")
# [classes]
from laconic import MultimodalDictionaryClassifier
from laconic.datasets import load_digit_halves

digits = load_digit_halves(missing=0.3, random_state=0)  # of three digits in ten one half is missing
train = {name: half[:500] for name, half in digits.X.items()}
classifier = MultimodalDictionaryClassifier(24, sparsity=3, cycles=0, tol=1e-1, C=0.1, random_state=0)
classifier.fit(train, digits.y[:500])
# [any]
test = {name: half[500:900] for name, half in load_digit_halves().X.items()}
for names in (["left", "right"], ["left"], ["right"]):
    some = {name: test[name] for name in names}
    probabilities = classifier.predict_proba(some)
    right = classifier.score(some, digits.y[500:900])
    print(f"{' and '.join(names):16s}{right:.0%} right, {probabilities.max(axis=1).mean():.0%} sure")
# [stream]
stream = MultimodalDictionary(24, noise=planted.noise, **quick)
for first in range(0, 600, 200):
    stream.partial_fit({name: values[first : first + 200] for name, values in planted.X.items()})
tell(f"{stream.n_batches_} batches", stream)
# [large]
np.save("sensors.npy", table)
on_disk = np.load("sensors.npy", mmap_mode="r")
large = MultimodalDictionary(24, modalities=where, noise=planted.noise, memory="50MB", **quick).fit(on_disk)
# [dask]
import dask.array as da
from distributed import Client, LocalCluster

cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None)
client = Client(cluster)  # or Client("tcp://head:8786")
chunked = da.from_array(table, chunks=(100, -1))  # of da.from_zarr, da.from_npy_stack, ...
spread = MultimodalDictionary(24, modalities=where, noise=planted.noise, client=client, **quick).fit(chunked)
held = spread.transform(chunked)  # a Dask array
print(held.shape, held.chunks[0])
# [checkpoint]
kept = MultimodalDictionary(24, noise=planted.noise, checkpoint="progress", checkpoint_every=20, **quick)
kept.fit(X)  # begun again after a crash, it goes on where it was
# [after]
client.close()
cluster.close()
# [torch]
import torch

tensor = torch.tensor(table, dtype=torch.float32)  # .to("cuda") where there is one
in_torch = MultimodalDictionary(24, modalities=where, noise=planted.noise, **quick).fit(tensor)
assert in_torch.transform(tensor).dtype == torch.float32
# [reference]
small = make_sensors(200, (8, 8), n_atoms=8, n_nonzero=1, snr=(20, 10))
plain = MultimodalDictionary(8, method="reference", noise=small.noise, tol=1e-2, random_state=0).fit(small.X)
tell("reference, small", plain, small)
# [end]
