"""A made-up sound: a few plucked notes that play a tune, each with its own timbre, for factorisation to take apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import ParameterError, check_interval, check_positive_int
from laconic.core.seeds import RandomState, as_generator
from laconic.datasets.tune import BEAT, compose

Vector = NDArray[np.float64]

_OWNER = "make_melody"
_SCALE = (0, 2, 4, 7, 9, 12, 14, 16)  # pentatonic, in semitones above the lowest note
_LOWEST = 261.63  # Hz, the C in the middle of a piano
_HARMONICS = 10
_ATTACK, _RELEASE = 0.008, 0.04  # seconds
_PEAK = 0.9


@dataclass(frozen=True, eq=False)
class Melody:
    """A sound whose parts are known: sound = sources.sum(axis=0) + v.

    Parameters
    ----------
    sound : ndarray of float64, shape (n,)
        What is heard, between -1 and 1 unless the noise is strong.
    rate : int
        Samples a second.
    notes : ndarray of float64, shape (n_notes,)
        Frequency of each note in Hz, in ascending order.
    played : ndarray of float64, shape (n_played, 3)
        Index of the note, start and length in seconds, in the order of the starts; every note is played.
    sources : ndarray of float64, shape (n_notes, n)
        The sound of each note alone, without noise.
    noise : float
        Variance of each entry of v; 0 where there is none.
    """

    sound: Vector
    rate: int
    notes: Vector
    played: Vector
    sources: Vector
    noise: float


def make_melody(
    seconds: float = 8.0,
    n_notes: int = 7,
    *,
    rate: int = 8000,
    snr: float | None = 40.0,
    random_state: RandomState = 0,
) -> Melody:
    """Make up a tune on a pentatonic scale and play it on plucked strings.

    Each note has its own timbre: harmonics of random strength that die away exponentially, the higher the faster. Its
    sound is the same whenever it is played, but for how hard and how long; the spectrogram is then close to a
    product of as many spectra and loudnesses as there are notes. Notes ring into the next ones, and each bar has an
    accompanying note, so that several sound at once.

    Parameters
    ----------
    seconds : float
        Length of the sound, from 0.5 to 600 s.
    n_notes : int
        Number of notes of the scale, from 1 to 8.
    rate : int
        Samples a second, at least 2000; harmonics above 0.45 of it are left out.
    snr : float, optional
        Signal-to-noise ratio in dB: the noise v is Gaussian and white, of variance ``mean(clean**2) / 10**(snr / 10)``.
        None: no noise.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        The same seed gives the same sound, and with another `snr` the same but for the noise.

    Returns
    -------
    Melody
        Sound, rate, notes, when each is played, and what each contributes.

    Raises
    ------
    ParameterError
        If a parameter is not as described.

    Examples
    --------
    >>> melody = make_melody(2.0, 4)
    >>> melody.sound.shape, melody.notes.round(1), melody.sources.shape
    ((16000,), array([261.6, 293.7, 329.6, 392. ]), (4, 16000))
    """
    _check(seconds, n_notes, rate, snr)
    rng = as_generator(_OWNER, random_state)
    notes = _LOWEST * 2 ** (np.array(_SCALE[:n_notes]) / 12)
    played = compose(rng, n_notes, int(seconds / BEAT))
    played[:, 2] = np.minimum(played[:, 2], seconds - played[:, 1])
    sources = _play(rng, notes, played, rate, round(seconds * rate))
    clean = sources.sum(axis=0)
    noise = 0.0 if snr is None else float(np.mean(clean**2) / 10 ** (snr / 10))
    sound = clean + np.sqrt(noise) * rng.standard_normal(len(clean))
    return Melody(sound, int(rate), notes, played, sources, noise)


def _check(seconds: float, n_notes: int, rate: int, snr: float | None) -> None:
    check_interval(_OWNER, "seconds", seconds, 0.5, 600)
    check_positive_int(_OWNER, "n_notes", n_notes)
    if n_notes > len(_SCALE):
        raise ParameterError(_OWNER, "n_notes", f"at most {len(_SCALE)}", n_notes)
    if check_positive_int(_OWNER, "rate", rate) < 2000:
        raise ParameterError(_OWNER, "rate", "at least 2000", rate)
    if snr is not None:
        check_interval(_OWNER, "snr", snr, -np.inf, np.inf, closed="neither")


def _play(rng: np.random.Generator, notes: Vector, played: Vector, rate: int, n: int) -> Vector:
    """Return the sound of each note (n_notes, n), scaled so that their sum peaks at 0.9."""
    longest = int(np.ceil(played[:, 2].max() * rate))
    strings = [_string(rng, frequency, rate, longest) for frequency in notes]
    sources = np.zeros((len(notes), n))
    for (note, start, length), loudness in zip(played, rng.uniform(0.6, 1.0, len(played)), strict=True):
        first, count = round(start * rate), int(length * rate)
        sources[int(note), first : first + count] += loudness * _cut(strings[int(note)], count, rate)[: n - first]
    return np.asarray(sources * (_PEAK / np.abs(sources.sum(axis=0)).max()))


def _string(rng: np.random.Generator, frequency: float, rate: int, n: int) -> Vector:
    """Return one note (n,) as it rings undamped: harmonics h of strength about h^-1.5 that die away exponentially."""
    h = np.arange(1, max(1, min(_HARMONICS, int(0.45 * rate / frequency))) + 1)
    strengths = rng.uniform(0.2, 1.0, len(h)) / h**1.5
    fading = (1 + 0.3 * (h - 1)) / rng.uniform(0.4, 0.8)  # a second
    t = np.arange(n)[:, np.newaxis] / rate
    return np.asarray((strengths * np.exp(-t * fading) * np.sin(2 * np.pi * frequency * h * t)).sum(axis=1))


def _cut(string: Vector, n: int, rate: int) -> Vector:
    """Return the first `n` samples, faded in and out so that nothing clicks."""
    after = np.arange(n) / rate
    return np.asarray(string[:n] * np.clip(after / _ATTACK, 0, 1) * np.clip((n / rate - after) / _RELEASE, 0, 1))
