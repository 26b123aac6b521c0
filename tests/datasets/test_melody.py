"""The made-up sound, checked against its definition."""

import re

import numpy as np
import pytest
from scipy.signal import stft

from laconic.core.checks import ParameterError
from laconic.datasets import make_melody
from laconic.datasets.tune import BEAT, compose


@pytest.fixture(scope="module")
def melody():
    return make_melody()


def test_the_sound_is_its_sources_and_slight_noise(melody):
    assert melody.rate == 8000
    assert melody.sound.shape == (64_000,)
    assert melody.sources.shape == (7, 64_000)
    v = melody.sound - melody.sources.sum(axis=0)
    assert v.var() == pytest.approx(melody.noise, rel=0.03)
    assert np.mean(melody.sources.sum(axis=0) ** 2) / melody.noise == pytest.approx(1e4)
    assert np.abs(melody.sources.sum(axis=0)).max() == pytest.approx(0.9)


def test_the_notes_are_a_pentatonic_scale(melody):
    semitones = 12 * np.log2(melody.notes / 261.63)
    np.testing.assert_allclose(semitones, [0, 2, 4, 7, 9, 12, 14])


def test_every_note_sounds_at_its_frequency_and_when_it_is_played_only(melody):
    t = np.arange(64_000) / 8000
    for note, source in enumerate(melody.sources):
        f, _, Z = stft(source, melody.rate, nperseg=4096)
        strongest = f[np.abs(Z).sum(axis=1).argmax()]
        assert strongest / melody.notes[note] == pytest.approx(round(strongest / melody.notes[note]), abs=0.02)
        turns = melody.played[melody.played[:, 0] == note]
        assert len(turns) > 0
        plays = ((t >= turns[:, 1:2]) & (t < turns[:, 1:2] + turns[:, 2:])).any(axis=0)
        assert not source[~plays].any()
        assert all(np.abs(source[(t > start) & (t < start + 0.1)]).max() > 0.05 for start in turns[:, 1])


def test_notes_fade_and_overlap_without_clicks(melody):
    start, length = melody.played[:, 1], melody.played[:, 2]
    assert (np.diff(start) >= 0).all()
    assert (start + length <= 8.0).all()
    assert length.min() >= 0.24
    times = np.arange(0, 8, 0.01)[:, np.newaxis]
    together = ((times >= start) & (times < start + length)).sum(axis=1)
    assert (together >= 2).mean() > 0.5
    for source in melody.sources:
        silent = np.flatnonzero(np.diff(source != 0, prepend=0, append=0))  # the ends of each stretch of sound
        assert np.abs(source[np.minimum(silent, len(source) - 1)]).max() < 0.01
        assert np.abs(source[silent - 1]).max() < 0.01


def test_spectrograms_of_notes_are_nearly_of_rank_one(melody):
    for source in melody.sources:
        values = np.linalg.svd(np.abs(stft(source, melody.rate, nperseg=512)[2]), compute_uv=False)
        assert values[0] ** 2 / (values**2).sum() > 0.9


@pytest.mark.parametrize("sizes", [(0.5, 1), (0.5, 8), (3.3, 2), (20.0, 8)])
@pytest.mark.parametrize("rate", [2000, 11025])
def test_any_size(sizes, rate):
    seconds, n_notes = sizes
    melody = make_melody(seconds, n_notes, rate=rate, snr=None)
    assert melody.sources.shape == (n_notes, round(seconds * rate))
    np.testing.assert_array_equal(melody.sound, melody.sources.sum(axis=0))
    assert melody.noise == 0
    assert set(melody.played[:, 0]) == set(range(n_notes))
    assert np.abs(melody.sources).max(axis=1).min() > 0


@pytest.mark.parametrize("n_notes", [1, 2, 5, 8])
def test_the_tune_keeps_to_the_beat(n_notes):
    for seed in range(20):
        played = compose(np.random.default_rng(seed), n_notes, 19)
        beats = played[:, 1] / BEAT
        np.testing.assert_array_equal(beats, np.round(beats))
        assert beats.min() == 0
        assert beats.max() < 19
        assert set(played[:, 0]) == set(range(n_notes))


def test_the_same_seed_gives_the_same_sound(melody):
    np.testing.assert_array_equal(make_melody(random_state=0).sound, melody.sound)
    other = make_melody(random_state=1)
    assert (other.sound != melody.sound).all()
    np.testing.assert_array_equal(make_melody(snr=10.0).sources, melody.sources)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seconds": 0.1}, "make_melody: seconds must be a number in [0.5, 600], got 0.1"),
        ({"n_notes": 9}, "make_melody: n_notes must be at most 8, got 9"),
        ({"n_notes": 0}, "make_melody: n_notes must be a whole number of at least 1, got 0"),
        ({"rate": 1000}, "make_melody: rate must be at least 2000, got 1000"),
        ({"rate": 8000.0}, "make_melody: rate must be a whole number of at least 1, got 8000.0"),
        ({"snr": np.inf}, "make_melody: snr must be a number in (-inf, inf), got inf"),
    ],
)
def test_bad_parameters_get_one_sentence(options, sentence):
    with pytest.raises(ParameterError, match=re.escape(sentence)):
        make_melody(**options)
