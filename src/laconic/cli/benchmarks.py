"""The benchmarks that `laconic reproduce` runs: data, network, budget and contenders of each."""

from dataclasses import dataclass, replace
from typing import Any

_COMPRESSED = ("kronecker", "hybrid", "sum", "doped", "hmd", "lowrank", "pruned")

NARROW = (
    "kronecker-paper-28", "kronecker-28", "kronecker-20",
    *(f"{method}-14" for method in _COMPRESSED),
    "small",
)  # fmt: skip
"""Where 32 units leave too little of a budget: the papers' way and full rank in 28 units, and narrower layers, of which
20 units did best on held-out training data; rivals in a width that leaves them some parameters."""

USPS = {
    "cell": "fastrnn", "hidden": 32, "budget": 1669, "epochs": 150, "augment": "affine", "batch_size": 128,
    "optimizer": "full-adam", "rates": dict.fromkeys((*_COMPRESSED, "small"), 0.06) | {"pruned": 0.03, "dense": 0.01},
}  # fmt: skip

MNIST_RATES = dict.fromkeys(_COMPRESSED, 0.02) | {"pruned": 0.01, "small": 0.04}

MNIST = {
    "cell": "lstm", "hidden": 40, "budget": 4157, "epochs": 100, "augment": "affine", "batch_size": 128,
    "optimizer": "full-adam", "forget_bias": 1.0, "rates": MNIST_RATES,
}  # fmt: skip
"""On held-out data another forget bias changed nothing."""

SPOKEN = {
    "epochs": 60,
    "methods": ("kronecker", "kronecker-40", "hybrid", "lowrank", "lowrank-60", "pruned", "pruned-40", "small"),
    "rates": {"hybrid": 0.01, "lowrank": 0.01, "small": 0.02, "pruned": 0.01},
}
"""Widths and rates by a sixth of the training data of the LSTM, held out. In 118 and 154 units the shapes of the papers
are those of the largest rank, too."""

MNIST_CONTENDERS = ("kronecker", "kronecker-32", "hmd-16", "lowrank", "lowrank-16", "pruned-24", "small")
"""The papers' width, where their shapes are those of the largest rank too, and widths that held-out data liked. In 32
units and more no dense row of a hybrid product fits."""

ACTIVITIES = {
    "cell": "lstm", "hidden": 119, "bidirectional": True, "budget": 25_380, "epochs": 12,
    "augment": "mask",
    "methods": ("kronecker", "kronecker-60", "hybrid-40", "lowrank-40", "lowrank-60", "pruned-40", "small"),
    "rates": dict.fromkeys(("dense", *_COMPRESSED, "small"), 0.01),
}  # fmt: skip
"""Widths, rates and the masks by a fifth of the people of the training data, held out."""

USPS_HYBRID = ("hybrid-14", "hybrid-20", "hmd-14", "lowrank-14", "pruned-14", "small")

SPOKEN_HYBRID = ("hybrid", "hmd-60", "lowrank-60", "pruned-60", "small")

RIVALS = ("lowrank", "hmd", "pruned", "small")
"""Methods that Kronecker products are to beat, whatever units their contenders have."""


@dataclass(frozen=True)
class Benchmark:
    """One comparison at equal bytes.

    Attributes
    ----------
    title : str
    data : str
        A known set of `laconic.datasets.load_known`.
    sizes : tuple of int
        Steps, features and classes of its sequences: what made-up ones of the same kind have.
    study : dict
        Fields of `laconic.rnn.study.Study`.
    goals : tuple of Goal
    """

    title: str
    data: str
    sizes: tuple[int, int, int]
    study: dict[str, Any]
    goals: tuple["Goal", ...] = ()


@dataclass(frozen=True)
class Goal:
    """A mean accuracy that a contender has to reach: a number, or how far it may be below the dense network.

    Attributes
    ----------
    contender : str
    least : float or None
    below_dense : float or None
    above_rivals : float or None
        And how far it has to be above each contender of `RIVALS`: 0 for no less than above.
    """

    contender: str
    least: float | None = None
    below_dense: float | None = None
    above_rivals: float | None = None


BENCHMARKS: dict[str, Benchmark] = {
    "mnist-lstm": Benchmark(
        "MNIST row by row, LSTM of 40 units",
        "mnist",
        (28, 28, 10),
        MNIST | {"methods": MNIST_CONTENDERS},
        (Goal("dense", 0.99), Goal("kronecker", 0.982, above_rivals=0.005)),
    ),
    "usps-fastrnn": Benchmark(
        "USPS row by row, FastRNN of 32 units",
        "usps",
        (16, 16, 10),
        USPS | {"methods": NARROW},
        (Goal("dense", 0.937), Goal("kronecker-20", 0.93, above_rivals=0.005)),
    ),
    "activity-bilstm": Benchmark(
        "Activities from a phone's sensors, bidirectional LSTM of 119 units",
        "activities",
        (128, 9, 6),
        ACTIVITIES,
        (Goal("kronecker-60", below_dense=0.01, above_rivals=0.0),),
    ),
    "spoken-lstm": Benchmark(
        "Spoken digits, LSTM of 118 units",
        "spoken-digits",
        (61, 20, 10),
        SPOKEN | {"cell": "lstm", "hidden": 118, "budget": 15_690},
        (Goal("kronecker", below_dense=0.02),),
    ),
    "spoken-gru": Benchmark(
        "Spoken digits, GRU of 154 units",
        "spoken-digits",
        (61, 20, 10),
        SPOKEN | {"cell": "gru", "hidden": 154, "budget": 14_710},
        (Goal("kronecker", below_dense=0.02),),
    ),
}
"""Every benchmark by name; a new one adds its entry here."""


def _hybrid(base: str, share: str, budget: int, methods: tuple[str, ...]) -> Benchmark:
    """Return the benchmark of hybrid products at a share of a layer, of which the first contender is to beat all."""
    one = BENCHMARKS[base]
    study = one.study | {"budget": budget, "methods": methods}
    goals = (Goal(methods[0], above_rivals=0.0),)
    return replace(one, title=f"{one.title}: hybrid products at a {share} of it", study=study, goals=goals)


BENCHMARKS |= {
    "usps-hybrid-10": _hybrid("usps-fastrnn", "tenth", 1948, USPS_HYBRID),
    "usps-hybrid-20": _hybrid("usps-fastrnn", "twentieth", 1633, USPS_HYBRID),
    "spoken-hybrid-10": _hybrid("spoken-lstm", "tenth", 32_704, SPOKEN_HYBRID),
    "spoken-hybrid-20": _hybrid("spoken-lstm", "twentieth", 19_676, SPOKEN_HYBRID),
}
