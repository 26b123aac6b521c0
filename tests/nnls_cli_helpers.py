"""A small scene in files of every kind, for the tests of `laconic nnls`."""

import struct

import numpy as np

from laconic.datasets import make_spectral_scene

SCENE = make_spectral_scene(6, 5, n_bands=24, n_variants=3, snr=30.0)
A, Y = SCENE.library, SCENE.Y
NAMES = [SCENE.names[group] for group in SCENE.group]


def write(folder, kind, array, name="array"):
    """Write an array to a file of a kind and return its path."""
    path = folder / f"{name}.{kind}"
    if kind == "npz":
        np.savez(path, only=array)
    elif kind == "npy":
        np.save(path, array)
    elif kind == "mat":
        from scipy.io import savemat

        savemat(path, {"only": array})
    else:
        np.savetxt(path, array, delimiter=",")
    return path


def write_npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def write_mat_73(path):
    """Write what the head of a MATLAB 7.3 file looks like."""
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + struct.pack("<H", 0x0200) + b"IM"
    path.write_bytes(head.ljust(512, b"\0") + b"\x89HDF\r\n\x1a\n" + bytes(1000))
    return path


def load(folder):
    """Read codes.npz, without unpickling."""
    with np.load(folder / "codes.npz", allow_pickle=False) as file:
        return dict(file)
