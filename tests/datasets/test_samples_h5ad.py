"""load_samples reads what AnnData writes, and refuses other files in one sentence."""

import re
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse

from laconic.core.checks import DataError
from laconic.datasets import load_samples

h5py = pytest.importorskip("h5py")

COUNTS = np.array([[0, 2, 0], [1, 0, 0], [0, 0, 0], [0, 5, 7]], np.float32)
GENES = ("ACTB", "CD3E", "Ångström")


def put(group, name, matrix, *, old=False, **changes):
    """Write a matrix as AnnData does, or as it did before it named its encodings."""
    if not scipy.sparse.issparse(matrix):
        group.create_dataset(name, data=matrix).attrs["encoding-type"] = "array"
        return
    node = group.create_group(name)
    for part in ("data", "indices", "indptr"):
        node.create_dataset(part, data=changes.get(part, getattr(matrix, part)), compression="gzip")
    kind, shape = ("h5sparse_format", "h5sparse_shape") if old else ("encoding-type", "shape")
    node.attrs[kind] = changes.get("kind", matrix.format if old else f"{matrix.format}_matrix")
    node.attrs[shape] = matrix.shape


def name(group, names, key="_index"):
    table = group.create_group("var")
    table.attrs["_index"] = key
    table.create_dataset(key, data=list(names), dtype=h5py.string_dtype())


@pytest.fixture
def cells(tmp_path):
    """An open file, and its path once it is closed."""
    with h5py.File(tmp_path / "cells.h5ad", "w") as file:
        yield file


def load(file, place=""):
    path = file.filename + place
    file.close()
    return load_samples(path)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
@pytest.mark.parametrize("kind", ["csr_array", "csc_array", "array"])
def test_what_anndata_writes_is_read(cells, kind, dtype, old):
    matrix = getattr(np if kind == "array" else scipy.sparse, kind)(COUNTS.astype(dtype))
    put(cells, "X", matrix, old=old)
    name(cells, GENES, "gene_ids")
    loaded = load(cells)
    dense = loaded.values if kind == "array" else loaded.values.toarray()
    assert isinstance(loaded.values, np.ndarray if kind == "array" else scipy.sparse.csr_array)
    np.testing.assert_array_equal(dense, COUNTS)
    assert loaded.values.dtype == dtype
    assert (loaded.names, loaded.source, loaded.image) == (GENES, "cells.h5ad:X", None)


@pytest.mark.parametrize(
    ("place", "names"), [("layers/counts", GENES), ("raw/X", GENES[::-1]), ("obsm/X_pca", ()), ("X", GENES)]
)
def test_other_matrices_by_their_place(cells, place, names):
    name(cells, GENES)
    name(cells.create_group("raw"), GENES[::-1])
    for each in ("X", "layers/counts", "raw/X", "obsm/X_pca"):
        put(cells, each, COUNTS if each == place else np.zeros((4, 2)))
    loaded = load(cells, f":{place}")
    np.testing.assert_array_equal(loaded.values, COUNTS)
    assert (loaded.names, loaded.source) == (names, f"cells.h5ad:{place}")


def test_names_of_other_kinds_or_none(cells, tmp_path):
    put(cells, "X", COUNTS)
    assert load(cells).names == ()
    tables = {
        "bytes": {"_index": np.array([b"a", b"b", b"c"])},
        "numbers": {"_index": np.arange(3)},
        "nullable": {"_index/values": np.array([b"a", b"b", b"c"])},
        "elsewhere": {"other": np.arange(3)},
    }
    expected = {"bytes": ("a", "b", "c"), "numbers": ("0", "1", "2"), "nullable": ("a", "b", "c"), "elsewhere": ()}
    for kind, columns in tables.items():
        with h5py.File(tmp_path / f"{kind}.h5ad", "w") as file:
            put(file, "X", COUNTS)
            for column, values in columns.items():
                file[f"var/{column}"] = values
        assert load_samples(tmp_path / f"{kind}.h5ad").names == expected[kind]


def test_the_file_is_only_read(cells):
    put(cells, "X", scipy.sparse.csc_array(COUNTS))
    path = cells.filename
    cells.close()
    with open(path, "rb") as handle:
        before = handle.read()
    load_samples(path)
    with open(path, "rb") as handle:
        assert handle.read() == before


GOOD = scipy.sparse.csr_array(COUNTS)
BAD = {
    "no X": (lambda f: put(f, "layers/a", COUNTS), "cells.h5ad: the matrix X is missing, the file holds layers"),
    "nothing": (lambda f: None, "cells.h5ad: the matrix X is missing, the file holds nothing"),
    "a table": (lambda f: put(f, "X", GOOD, kind="dataframe"), "must be a dense, csr or csc matrix, got dataframe"),
    "a group": (lambda f: f.create_group("X"), "must be a dense, csr or csc matrix, got a group without a kind"),
    "text": (lambda f: f.create_dataset("X", data=[["a"]]), "cells.h5ad:X: must hold real numbers, got object"),
    "complex": (lambda f: put(f, "X", COUNTS * 1j), "cells.h5ad:X: must hold real numbers, got complex64"),
    "a number": (lambda f: put(f, "X", np.float64(1)), "cells.h5ad:X: must have one sample a row"),
    "void": (lambda f: f.create_dataset("X", data=h5py.Empty("f4")), "cells.h5ad:X: must hold real numbers"),
    "no cells": (lambda f: put(f, "X", COUNTS[:0]), "cells.h5ad:X: must not be empty, got shape (0, 3)"),
    "outside": (lambda f: put(f, "X", GOOD, indices=GOOD.indices + 2), "cells.h5ad: cannot be read ("),
    "lengths": (lambda f: put(f, "X", GOOD, data=[1.0]), "cells.h5ad: cannot be read ("),
    "half": (lambda f: put(f, "X", GOOD, old=True) or f["X"].pop("data"), "cells.h5ad: cannot be read ("),
    "names": (
        lambda f: put(f, "X", COUNTS) or name(f, "ab"),
        "cells.h5ad:X: must have a name a feature, got 2 for 3",
    ),
}


@pytest.mark.parametrize(("fill", "sentence"), BAD.values(), ids=BAD.keys())
def test_bad_matrices_get_one_sentence(cells, fill, sentence):
    fill(cells)
    with pytest.raises(DataError, match=re.escape(sentence)) as caught:
        load(cells)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.95])
def test_a_file_cut_short_or_of_another_kind(cells, share, tmp_path):
    put(cells, "X", GOOD)
    cells.close()
    content = (tmp_path / "cells.h5ad").read_bytes()
    (tmp_path / "cut.h5ad").write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"cut.h5ad: cannot be read \("):
        load_samples(tmp_path / "cut.h5ad")
    with pytest.raises(DataError, match=r"absent.h5ad: cannot be read \(No such file or directory\)"):
        load_samples(tmp_path / "absent.h5ad")


def test_without_h5py_the_sentence_says_what_to_install(tmp_path):
    code = """if True:
        import sys
        sys.modules["h5py"] = None
        from laconic.datasets import load_samples
        load_samples(sys.argv[1])
    """
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "cells.h5ad"], capture_output=True, text=True)
    assert done.stderr.endswith("DataError: cells.h5ad: files of this kind are read with h5py; pip install h5py\n")
