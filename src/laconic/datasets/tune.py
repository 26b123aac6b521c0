"""A tune: which note is played when, before anything sounds."""

import numpy as np
from numpy.typing import NDArray

BEAT = 0.25  # seconds
_BAR = 8  # beats
_RHYTHMS = ((2, 2, 2, 2), (3, 1, 2, 2), (2, 1, 1, 4), (2, 2, 1, 1, 2), (4, 2, 2), (1, 1, 2, 1, 1, 2), (3, 3, 2))
_STEPS = (-2, -1, -1, 1, 1, 2)
_RING = 1.5  # how long a note rings, in units of the time to the next


def compose(rng: np.random.Generator, n_notes: int, n_beats: int) -> NDArray[np.float64]:
    """Return a tune of `n_beats` beats in which every note of the scale is played.

    The voice walks up and down the scale in two rhythms, in bars A A B A, and comes home to the lowest note. A second
    voice plays one long note a bar.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    n_notes, n_beats : int
        Notes of the scale and length of the tune, at least one each.

    Returns
    -------
    ndarray of float64, shape (n_played, 3)
        Note, start and length in seconds, in the order of the starts.
    """
    starts, lengths = _rhythm(rng, n_beats)
    voice = _walk(rng, n_notes, len(starts))
    bars = np.arange(0, n_beats, _BAR)
    second = (voice[np.searchsorted(starts, bars)] + 2) % n_notes
    missing = np.setdiff1d(np.arange(n_notes), np.concatenate([voice, second]))
    notes = np.concatenate([voice, second, missing])
    beats = np.concatenate([starts, bars, rng.choice(starts, len(missing))])
    times = np.concatenate([_RING * lengths, np.full(len(bars), _BAR), np.full(len(missing), _BAR / 2)])
    order = np.argsort(beats, kind="stable")
    return np.stack([notes, BEAT * beats, BEAT * times], axis=1)[order]


def _rhythm(rng: np.random.Generator, n_beats: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return when notes start and how long it is to the next, in beats, in bars A A B A."""
    a, b = (_RHYTHMS[i] for i in rng.choice(len(_RHYTHMS), 2, replace=False))
    lengths = np.concatenate([a, a, b, a] * (n_beats // (4 * _BAR) + 1))
    starts = np.cumsum(lengths) - lengths
    inside = starts < n_beats
    return starts[inside], lengths[inside]


def _walk(rng: np.random.Generator, n_notes: int, n: int) -> NDArray[np.int64]:
    """Return `n` notes that go up and down the scale by small steps, turn at its ends and end on its lowest note."""
    path = n_notes // 2 + np.cumsum(rng.choice(_STEPS, n))
    period = max(2 * (n_notes - 1), 1)
    notes = np.abs((path + n_notes - 1) % period - (n_notes - 1))
    notes[-1] = 0
    return np.asarray(notes)
