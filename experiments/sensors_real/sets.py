"""Labelled samples of several views: real ones from a folder, or made up where it is not at hand."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

Views = dict[str, Any]
"""Of each view an array (n, n_features); where a view is missing, its row is NaN."""

FILES = {"mfeat6": "mfeat6.npz", "cub": "mv_cub_image_text.npz", "3sources": "mv_3sources.npz"}


@dataclass(frozen=True)
class Task:
    """A split of the samples, every feature standardised by the training part; labels count from 0."""

    train: Views
    y_train: Any
    test: Views
    y_test: Any
    atoms: int

    @property
    def n_classes(self) -> int:
        return int(self.y_train.max()) + 1


@dataclass(frozen=True)
class Source:
    """A set of samples and how a seed splits it."""

    key: str
    title: str
    words: str
    split: Callable[[int], Task]
    missing: int
    """The most views that are taken away from a test sample."""


def sources(folder: Path) -> list[Source]:
    digits, cub, news = (dict(np.load(folder / name)) for name in FILES.values())
    return [
        Source(
            "mfeat6",
            "Handwritten digits in six views (mfeat)",
            "2,000 digits, 10 classes; 240 pixels (pix), 76 Fourier coefficients (fou), 216 profile correlations "
            "(fac), 47 Zernike moments (zer), 64 Karhunen-Loève coefficients (kar), 6 morphological features (mor). "
            "30 % to test on, another split each seed.",
            partial(_shared_out, _only(digits, "pix", "fou", "fac", "zer", "kar", "mor"), digits["y"], 0.3, 60),
            3,
        ),
        Source(
            "cub",
            "Birds, image and text (CUB), the split as given",
            "10 classes; 1,024 image features (img), 300 text features (txt); 480 samples to train on, 120 to test. "
            "Seeds are those of the methods and of what is missing.",
            partial(_as_given, cub),
            1,
        ),
        Source(
            "cub-resplit",
            "Birds, image and text (CUB), split anew",
            "The same 600 samples, 480 to train on and 120 to test, another split each seed.",
            partial(_shared_out, *_pooled(cub), 0.2, 60),
            1,
        ),
        Source(
            "3sources",
            "Stories in three newspapers (3sources)",
            "169 stories, 6 topics; counts of some 3,000 to 3,600 words in each newspaper (bbc, guardian, reuters), "
            "as tf-idf. 30 % to test on, another split each seed.",
            partial(_shared_out, _only(news, "bbc", "guardian", "reuters"), news["y"], 0.3, 30, counts=True),
            2,
        ),
    ]


def made_up() -> list[Source]:
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    views = {name: rng.standard_normal((3, p))[y] + rng.standard_normal((90, p)) for name, p in (("a", 6), ("b", 9))}
    return [Source("made-up", "Made-up data", "90 samples.", partial(_shared_out, views, y, 0.3, 6), 1)]


def _only(data: dict[str, Any], *names: str) -> Views:
    return {name: data[name].astype(float) for name in names}


def _pooled(cub: dict[str, Any]) -> tuple[Views, Any]:
    views = {name: np.concatenate([cub[f"x_{name}_{part}"] for part in ("train", "test")]) for name in ("img", "txt")}
    return _only(views, *views), np.concatenate([cub["y_train"], cub["y_test"]])


def _as_given(cub: dict[str, Any], seed: int) -> Task:
    views, y = _pooled(cub)
    first = len(cub["y_train"])
    return _task(views, y, np.arange(first), np.arange(first, len(y)), 60)


def _shared_out(views: Views, y: Any, share: float, atoms: int, seed: int, *, counts: bool = False) -> Task:
    train, test = train_test_split(np.arange(len(y)), test_size=share, random_state=seed, stratify=y)
    return _task(views, y, train, test, atoms, counts)


def _task(views: Views, y: Any, train: Any, test: Any, atoms: int, counts: bool = False) -> Task:
    parts = {name: _prepared(X[train], X[test], counts) for name, X in views.items()}
    fitted, left = ({name: pair[place] for name, pair in parts.items()} for place in (0, 1))
    return Task(fitted, y[train].astype(np.int64), left, y[test].astype(np.int64), atoms)


def _prepared(train: Any, test: Any, counts: bool) -> tuple[Any, Any]:
    if counts:
        weigh = TfidfTransformer(sublinear_tf=True).fit(train)
        train, test = weigh.transform(train).toarray(), weigh.transform(test).toarray()
    scale = StandardScaler().fit(train)
    return scale.transform(train), scale.transform(test)
