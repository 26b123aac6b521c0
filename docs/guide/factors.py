"""The code of factors.md, run by a test; the page shows the parts between the marks."""

# [data]
import numpy as np

from laconic.datasets import make_factors

planted = make_factors(400, 30, n_components=6, n_nonzero=2, snr=20, random_state=0)
X = planted.X  # (400, 30): the samples, one a row
# [fit]
from laconic import SparseNMF

model = SparseNMF(6, random_state=0)
C = model.fit_transform(X)  # (400, 6): how much of each part is in each sample, few of them above zero
D = model.components_  # (6, 30): the parts, of length one
print(f"{model.relative_error_:.3f} left, {model.density_:.0%} of the codes above zero")
# [found]
cosines = D @ planted.components.T  # against the truth, where it is known
print(cosines.max(axis=0).round(3))
# [priors]
print(f"{'':24s}{'error':>7s}{'density':>9s}{'worst cosine':>14s}")


def tell(name, model):
    """Print what became of a fit."""
    worst = (model.components_ @ planted.components.T).max(axis=0).min()
    print(f"{name:24s}{model.relative_error_:7.3f}{model.density_:9.2f}{worst:14.3f}")


for prior in ("rgdp", "student_t", "laplacian", "power_exponential", None):
    tell(f"prior={prior}", SparseNMF(6, prior=prior, random_state=0).fit(X))
# [noise]
for factor in (0.1, 1, 10):
    tell(f"{factor} times the noise", SparseNMF(6, noise=factor * planted.noise, random_state=0).fit(X))
SparseNMF(6, snr=20, random_state=0).fit(X)  # or in decibels
# [rank]
from laconic import choose_rank

choice = choose_rank(X, [2, 4, 6, 8, 10], n_splits=2, tol=1e-3)
for rank, error, deviation in zip(choice.ranks, choice.mean, choice.deviation, strict=True):
    print(f"{rank:2d} parts: {error:.3f} ± {deviation:.3f}")
print(f"best {choice.best}, within a standard error {choice.one_se}")
# [missing]
gappy = X.copy()
gappy[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
around = SparseNMF(6, random_state=0)
codes = around.fit_transform(gappy)
filled = around.inverse_transform(codes)  # codes times parts: an estimate for the gaps, too
gaps = np.isnan(gappy)
print(f"error in the gaps {np.linalg.norm((filled - X)[gaps]) / np.linalg.norm(X[gaps]):.3f}")
# [weights]
weight = np.ones(len(X))
weight[:100] = 3.0  # each of these counts as three samples
SparseNMF(6, random_state=0).fit(X, sample_weight=weight)
# [sparse]
from laconic.datasets import make_topics

counts = make_topics(300, 500, n_topics=4, random_state=0).X  # a csr_array, and never made dense
words = SparseNMF(4, random_state=0).fit(counts)
# [large]
np.save("samples.npy", X)
on_disk = np.load("samples.npy", mmap_mode="r")
large = SparseNMF(6, memory="50MB", random_state=0)
large.fit(on_disk)
# [pieces]
pieces = (X[first : first + 100] for first in range(0, 400, 100))  # from a database, a camera, many files
large.fit(pieces)
# [stream]
stream = SparseNMF(6, random_state=0)
for first in range(0, 400, 100):
    stream.partial_fit(X[first : first + 100])
print(f"{stream.n_batches_} batches, noise {stream.noise_:.2g}")
# [several]
several = SparseNMF(6, n_init=4, random_state=0).fit(X)
print(several.stability_.round(2), round(several.consensus_, 2))
# [torch]
import torch

tensor = torch.tensor(X, dtype=torch.float32)  # .to("cuda") where there is one
in_torch = SparseNMF(6, random_state=0).fit_transform(tensor)
assert in_torch.dtype == torch.float32
# [dask]
import dask.array as da
from distributed import Client, LocalCluster

cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None)
client = Client(cluster)  # or Client("tcp://head:8786")
chunked = da.from_array(X, chunks=(100, -1))  # of da.from_zarr, da.from_npy_stack, ...
spread = SparseNMF(6, client=client, random_state=0)
held = spread.fit_transform(chunked)  # a Dask array: the codes stay on the workers
print(held.sum(axis=0).compute().round())
# [checkpoint]
kept = SparseNMF(6, checkpoint="progress", checkpoint_every=20, random_state=0)
kept.fit(X)  # begun again after a crash, it goes on where it was
# [after]
client.close()
cluster.close()
# [codes]
again = model.transform(X)  # each sample alone, from nothing
print(f"{np.linalg.norm(again - C) / np.linalg.norm(C):.4f}")
assert np.allclose(model.inverse_transform(C), C @ D)
# [measures]
print(f"{model.n_iter_} iterations, gap {model.gap_:.1e}, noise {model.noise_:.2g} (true {planted.noise:.2g})")
print(f"density {model.density_:.2f}, objective {model.trace_[-1]:.4g}")
# [end]
