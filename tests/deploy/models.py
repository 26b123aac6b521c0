"""Networks to deploy, each with weights that tell mistakes apart."""

from itertools import product

import numpy as np
import torch

from laconic.rnn import compress
from laconic.rnn.network import CELLS, SequenceNetwork

METHODS = ("dense", "kronecker", "hybrid", "lowrank", "pruned", "small", "doped", "sum", "hmd")
FORMS = [("one layer", 1, False), ("stacked", 2, False), ("both ways", 1, True), ("stacked both ways", 2, True)]
N_FEATURES, N_CLASSES, N_UNITS = 5, 3, 12

EVERY = [
    (cell, method, form, layout)
    for cell, method, form, layout in product(CELLS, METHODS, FORMS, ("joint", "separate"))
    if not (method == "small" and layout == "separate")  # which it refuses
]
"""Every cell, method, form and layout."""


def names(cases):
    """Return what pytest calls them."""
    return ["-".join([cell, method, form[0].replace(" ", "_"), layout]) for cell, method, form, layout in cases]


def network(cell, method, form, layout, n_units=N_UNITS):
    """Return a compressed network with biases that are not zero."""
    torch.manual_seed(0)
    net = SequenceNetwork(N_FEATURES, N_CLASSES, cell, n_units, form[1], form[2])
    for name, parameter in net.named_parameters():
        if "bias" in name:
            torch.nn.init.uniform_(parameter, -0.7, 0.7)
    compress(net, method, layout=layout, init="random", random_state=0)
    for name, parameter in net.named_parameters():  # merged biases would hide a mistake in a GRU
        if name.endswith("bias_hh_l0"):
            torch.nn.init.uniform_(parameter, -0.7, 0.7)
    return net.eval()


def sequences(n=4, steps=9, seed=0):
    """Return sequences, some of them large enough to saturate gates."""
    x = np.random.default_rng(seed).standard_normal((n, steps, N_FEATURES)).astype(np.float32)
    x[-1] *= 40
    return x


def answers(net, x):
    """Return what torch answers."""
    with torch.no_grad():
        return net(torch.from_numpy(x)).numpy()
