"""The table of what can hold samples, and the dense twin that every block of it is judged by."""

from dataclasses import dataclass

import array_api_strict
import numpy as np
import scipy.sparse

from laconic.core.arrays import array_namespace, device, to_numpy

try:
    import torch
except ImportError:  # blocks need no torch, nor do their tests
    torch = None


class Sliced:
    """What arrays of zarr and h5py have in common: a shape, a type, and slices of the first axis."""

    def __init__(self, values):
        self.values, self.shape, self.dtype = values, values.shape, values.dtype

    def __getitem__(self, rows):
        assert isinstance(rows, slice)
        return self.values[rows]


def cluster_of(n_workers, **options):
    """A cluster of processes on this machine."""
    from distributed import LocalCluster

    options = {"threads_per_worker": 1, "dashboard_address": ":0", "memory_limit": "2GB", **options}
    return LocalCluster(n_workers=n_workers, processes=True, **options)


def saved(X, folder, mode="r"):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode=mode)


def raw(X, folder, offset=12):
    path = folder / "X.raw"
    path.write_bytes(b"x" * offset + np.ascontiguousarray(X).tobytes())
    return np.memmap(path, X.dtype, "r", offset, X.shape)


def part_of_a_map(X, folder):
    return saved(np.concatenate([X[:3], X, X[:2]]), folder)[3 : 3 + len(X)]


def columns_of_a_map(X, folder):
    return saved(np.concatenate([X, X], axis=1), folder)[:, X.shape[1] :]


def stored_zeros(X):
    """CSR with every entry stored, the zeros too, and its indices in no order."""
    n, p = X.shape
    order = np.random.default_rng(0).permuted(np.tile(np.arange(p), (n, 1)), axis=1)
    data = np.take_along_axis(X, order, axis=1)
    return scipy.sparse.csr_array((data.ravel(), order.ravel(), np.arange(0, n * p + 1, p)), shape=(n, p))


def twice_stored(X):
    """COO with every entry in two halves."""
    one = scipy.sparse.coo_array(X / 2)
    parts = (np.tile(one.data, 2), (np.tile(one.coords[0], 2), np.tile(one.coords[1], 2)))
    return scipy.sparse.coo_array(parts, shape=X.shape)


def pieces(X, make=np.asarray, sizes=(4, 1, 9)):
    cuts = np.cumsum(sizes)
    return iter([make(part) for part in np.split(X, cuts[cuts < len(X)])])


def whole(X, _):
    return np.rint(8 * X)


KINDS = {
    "float64": lambda X, _: X,
    "float32": lambda X, _: X.astype(np.float32),
    "float16": lambda X, _: X.astype(np.float16),
    "big-endian float32": lambda X, _: X.astype(">f4"),
    "columns in order": lambda X, _: np.asfortranarray(X),
    "rows backwards": lambda X, _: X[::-1].copy()[::-1],
    "strict float32": lambda X, _: array_api_strict.asarray(X.astype(np.float32)),
    "strict float64": lambda X, _: array_api_strict.asarray(X),
    "csr": lambda X, _: scipy.sparse.csr_array(X),
    "csr matrix float32": lambda X, _: scipy.sparse.csr_matrix(X.astype(np.float32)),
    "csr with zeros": lambda X, _: stored_zeros(X),
    "csc": lambda X, _: scipy.sparse.csc_array(X),
    "coo": lambda X, _: scipy.sparse.coo_array(X),
    "coo, entries in halves": lambda X, _: twice_stored(X),
    "lil": lambda X, _: scipy.sparse.lil_array(X),
    "map of an npy file": saved,
    "map float32": lambda X, folder: saved(X.astype(np.float32), folder),
    "map at an offset": raw,
    "map far into a file": lambda X, folder: raw(X, folder, 70_004),
    "part of a map": part_of_a_map,
    "columns of a map": columns_of_a_map,
    "map, columns in order": lambda X, folder: saved(np.asfortranarray(X), folder),
    "map, copied on write": lambda X, folder: saved(X, folder, "c"),
    "sliced": lambda X, _: Sliced(X),
    "sliced float32": lambda X, _: Sliced(X.astype(np.float32)),
    "pieces": lambda X, _: pieces(X),
    "pieces float32": lambda X, _: pieces(X.astype(np.float32)),
    "pieces, dense and sparse": lambda X, _: iter([X[:5], scipy.sparse.csr_array(X[5:])]),
    "sparse pieces": lambda X, _: pieces(X, scipy.sparse.csr_array),
    "sparse pieces, a dense one": lambda X, _: iter([scipy.sparse.coo_array(X[:5]), X[5:]]),
    "list": lambda X, _: X.tolist(),
}
if torch is not None:
    KINDS["torch float32"] = lambda X, _: torch.tensor(X, dtype=torch.float32)
    KINDS["torch float64"] = lambda X, _: torch.tensor(X)
    KINDS["torch pieces"] = lambda X, _: pieces(X, torch.tensor)

WHOLE = {
    "int64": lambda X, _: X.astype(np.int64),
    "uint8": lambda X, _: X.astype(np.uint8),
    "bool": lambda X, _: X.astype(bool),
    "map of uint8": lambda X, folder: saved(X.astype(np.uint8), folder),
    "sliced int16": lambda X, _: Sliced(X.astype(np.int16)),
    "pieces of ints": lambda X, _: pieces(X.astype(np.int32)),
    "csr of ints": lambda X, _: scipy.sparse.csr_array(X.astype(np.int64)),
    "strict ints": lambda X, _: array_api_strict.asarray(X.astype(np.int64)),
    **({"torch ints": lambda X, _: torch.tensor(X.astype(np.int32))} if torch is not None else {}),
}
"""What holds no fractions, and no NaN."""

SMALL = ("float32", "float16")


def is_small(name):
    """Whether blocks of this kind are of float32."""
    return any(word in name for word in SMALL)


def drawn(n=23, p=7, lost=0.0, seed=0):
    """Samples of exact fractions, half of them zero, some lost."""
    rng = np.random.default_rng(seed)
    X = np.rint(256 * rng.exponential(size=(n, p))) / 256
    X[rng.random((n, p)) < 0.5] = 0
    X[rng.random((n, p)) < lost] = np.nan
    return X


def moved(values, like):
    """The values in the library and type of an array."""
    return array_namespace(like).asarray(values, dtype=like.dtype, device=device(like))


@dataclass(frozen=True)
class Twin:
    """What a block says, by definition."""

    X: np.ndarray
    there: np.ndarray
    weight: np.ndarray

    @property
    def zeroed(self):
        return np.where(self.there, self.X, 0.0)

    def completed(self, codes, dictionary):
        return np.where(self.there, self.zeroed, codes @ dictionary)

    def errors(self, codes, dictionary):
        return np.sum(np.where(self.there, self.zeroed - codes @ dictionary, 0) ** 2, axis=1)

    def rows(self, first, last):
        return Twin(self.X[first:last], self.there[first:last], self.weight[first:last])

    def take(self, places):
        return Twin(self.X[places], self.there[places], self.weight[places])


def assert_like(block, twin, tolerance, seed=0):
    """Every product and sum of a block is that of its twin, in the block's library and type."""
    n, p = twin.X.shape
    rng = np.random.default_rng(seed)
    codes, dictionary = np.rint(8 * rng.random((n, 3))) / 8, np.rint(8 * rng.random((3, p))) / 8
    C, D, like = moved(codes, block.like), moved(dictionary, block.like), block.like

    def same(found, expected):
        assert array_namespace(found) is array_namespace(like)
        np.testing.assert_allclose(to_numpy(found), expected, rtol=tolerance, atol=tolerance * n * p)

    assert block.shape == (n, p)
    assert block.is_complete == twin.there.all()
    assert block.project(D).dtype == block.gather(C).dtype == like.dtype
    assert "float64" in str(block.squares().dtype) == str(block.errors(C, D).dtype)
    for one, values in ((block, twin.zeroed), (block.completed(C, D), twin.completed(codes, dictionary))):
        same(one.project(D), values @ dictionary.T)
        same(one.gather(C), codes.T @ values)
        same(one.squares(), np.sum(values**2, axis=1))
    assert block.completed(C, D).is_complete
    same(block.errors(C, D), twin.errors(codes, dictionary))
    for values in (codes, codes[:, 0]):
        same(block.weighted(moved(values, like)), (values.T * twin.weight).T)
    rows, columns = block.lost()
    assert np.all(np.diff(rows) >= 0)
    places = sorted(zip(rows.tolist(), columns.tolist(), strict=True))
    assert places == list(map(tuple, np.argwhere(~twin.there).tolist()))
    survey = block.survey()
    assert (survey.n_samples, survey.lost) == (n, np.count_nonzero(~twin.there))
    assert survey.smallest <= twin.zeroed.min() or "csr" in str(type(getattr(block, "values", None)))
    assert survey.largest == twin.zeroed.max()
    np.testing.assert_allclose(survey.weight, twin.weight.sum(), rtol=1e-6)
    np.testing.assert_allclose(survey.entries, np.sum(twin.there * twin.weight[:, None]), rtol=1e-6)
    energy = np.sum(twin.zeroed**2 * twin.weight[:, None])
    np.testing.assert_allclose(survey.energy * survey.largest**2, energy, rtol=tolerance * 10)
    np.testing.assert_allclose(survey.energy_in_units * survey.unit**2, energy, rtol=tolerance * 10)
