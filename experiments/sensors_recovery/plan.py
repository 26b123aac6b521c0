"""Which planted problems are solved, and by which methods."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from methods import KSVD, KSVD_ALONE, Method, l1_alone, l1_concatenated, ours

from laconic.datasets import Sensors, make_sensors

KNOWN, AUTO = "noise known", "all automatic"
REFERENCE = "reference: cold, annealed, plain EM; noise known"
SEPARATE = "separate, noise known"
ALONE = [*l1_alone(), KSVD_ALONE]


@dataclass(frozen=True)
class Study:
    """A table: planted problems, and methods that solve them."""

    key: str
    title: str
    options: dict[str, Any]
    methods: list[Method]
    treat: dict[str, Callable[[Sensors], Sensors]] | None = None
    """Instead of methods beside each other, one method given different parts of the samples."""

    def draw(self, seed: int) -> Sensors:
        return make_sensors(**self.options, random_state=seed)

    @property
    def levels(self) -> dict[str, float]:
        return dict(zip("abcdefgh", self.options["snr"], strict=False))


def complete_alone(planted: Sensors) -> Sensors:
    """Keep the first half of the samples."""
    return replace(planted, X={name: one[: len(one) // 2] for name, one in planted.X.items()})


def without(*names: str) -> Callable[[Sensors], Sensors]:
    """Return what leaves each sample of the second half without one of these modalities, in turn."""

    def treat(planted: Sensors) -> Sensors:
        X = {name: one.copy() for name, one in planted.X.items()}
        for place, name in enumerate(names):
            X[name][len(X[name]) // 2 + place :: len(names)] = np.nan
        return replace(planted, X=X)

    return treat


COMPLETE = "complete samples alone"
TREATMENTS = {
    COMPLETE: complete_alone,
    "with as many without the noisy modality": without("b"),
    "with as many without the clean modality": without("a"),
    "with as many without one of them, in turn": without("a", "b"),
    "with as many complete ones": lambda planted: planted,
}

BIMODAL = {"n_samples": 1000, "n_features": (20, 20), "n_atoms": 50, "n_nonzero": 5, "snr": (30.0, 10.0)}
TRIMODAL = BIMODAL | {"n_features": (20, 20, 20), "snr": (30.0, 20.0, 10.0)}
TREE = BIMODAL | {"n_features": (20, 30), "n_atoms": (30, 60), "snr": (30.0, 8.0), "tree": True}


def _automatic(coupling: str) -> list[Method]:
    return [ours(KNOWN, coupling=coupling), ours(AUTO, known=False, coupling=coupling)]


def _separate() -> Method:
    return ours(SEPARATE, coupling="separate")


def _incomplete(n_complete: int) -> Study:
    """Twice the samples are drawn; of the second half some modalities are left out."""
    title = f"Incomplete samples: {n_complete} complete ones"
    options = BIMODAL | {"n_samples": 2 * n_complete}
    return Study(f"incomplete-{n_complete}", title, options, [ours(KNOWN)], TREATMENTS)


FULL = [
    Study(
        "bimodal",
        "Two modalities, 30 and 10 dB",
        BIMODAL,
        [
            *_automatic("one-to-one"),
            ours(REFERENCE, method="reference"),
            _separate(),
            *ALONE,
            *l1_concatenated(),
            *KSVD,
        ],
    ),
    Study(
        "trimodal",
        "Three modalities, 30, 20 and 10 dB",
        TRIMODAL,
        [*_automatic("one-to-one"), _separate(), *ALONE, *KSVD],
    ),
    Study("tree", "A tree of 30 roots and 60 children, 30 and 8 dB", TREE, [*_automatic("tree"), _separate(), *ALONE]),
    _incomplete(500),
    _incomplete(1000),
]


def smoke() -> list[Study]:
    """The same studies on problems that take seconds, with a strength or two of each family."""
    small = {"n_samples": 120, "n_atoms": 8, "n_nonzero": 2}
    tree = small | {"n_atoms": (4, 8)}
    return [
        replace(study, options=study.options | (tree if study.key == "tree" else small), methods=_few(study.methods))
        for study in FULL[:4]
    ]


def _few(methods: list[Method]) -> list[Method]:
    return [method for method in methods if "l1" not in method.name or method.name.endswith((" 0.07", " 0.1"))]
