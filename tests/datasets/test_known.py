"""Known sets of data from a folder: their parts, what is refused, and where they are looked for."""

import numpy as np
import pytest

from laconic.core.checks import DataError, ParameterError
from laconic.datasets import load_known
from laconic.datasets.known import KNOWN


def images(side):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (30, side, side), dtype=np.uint8)
    y = np.arange(30) % 10
    return {"x_train": x[:20], "y_train": y[:20], "x_test": x[20:], "y_test": y[20:]}


def activities(**changes):
    rng = np.random.default_rng(1)
    x = rng.integers(-100, 100, (24, 8, 9), dtype=np.int16)
    y = (np.arange(24) % 6 + 1).astype(np.uint8)
    return {"X_q": x, "scale": np.linspace(0.1, 0.9, 9), "y": y, "is_train": np.arange(24) < 18} | changes


def spoken(**changes):
    rng = np.random.default_rng(2)
    n = 160
    speakers = np.array(["ann", "bob"])[np.arange(n) % 2]
    digits, takes = (np.arange(n) // 2) % 10, np.arange(n) // 20
    return {"logmel": rng.random((n, 6, 4), np.float32), "digit": digits, "speaker": speakers, "take": takes} | changes


MADE = {"mnist": images(28), "usps": images(16), "activities": activities(), "spoken-digits": spoken()}


def put(folder, name, **arrays):
    np.savez(folder / KNOWN[name].file, **(arrays or MADE[name]))
    return folder


@pytest.mark.parametrize("name", KNOWN)
def test_every_set_has_its_parts(name, tmp_path, monkeypatch):
    given = load_known(name, put(tmp_path, name))
    monkeypatch.setenv("LACONIC_DATA", str(tmp_path))
    for data in (given, load_known(name)):
        assert data.x_train.dtype == data.x_test.dtype == np.float32
        assert data.y_train.dtype == data.y_test.dtype == np.int64
        assert len(data.x_train) == len(data.y_train)
        assert len(data.x_test) == len(data.y_test) > 0
        assert sorted(set(data.y_train)) == list(range(len(data.classes)))


def test_readings_are_scaled_and_subjects_stay_apart(tmp_path):
    data, arrays = load_known("activities", put(tmp_path, "activities")), MADE["activities"]
    np.testing.assert_allclose(data.x_test, (arrays["X_q"] * arrays["scale"])[18:], rtol=1e-6)
    assert data.y_test.tolist() == [0, 1, 2, 3, 4, 5]
    assert data.classes[:2] == ("walking", "upstairs")


def test_takes_or_a_speaker_are_tested_on(tmp_path):
    put(tmp_path, "spoken-digits")
    arrays = MADE["spoken-digits"]
    official = load_known("spoken-digits", tmp_path)
    np.testing.assert_array_equal(official.x_test, arrays["logmel"][arrays["take"] < 5])
    bob = load_known("spoken-digits", tmp_path, "without bob")
    np.testing.assert_array_equal(bob.x_test, arrays["logmel"][arrays["speaker"] == "bob"])
    assert "bob" in bob.split


@pytest.mark.parametrize(
    ("name", "split", "words"),
    [
        ("letters", "official", "name must be one of"),
        ("mnist", "anew", "split must be"),
        ("activities", "anew", "split must be"),
        ("spoken-digits", "without eve", "one of ann, bob"),
    ],
)
def test_what_there_is_not(name, split, words, tmp_path):
    for one in KNOWN:
        put(tmp_path, one)
    with pytest.raises(ParameterError, match=words):
        load_known(name, tmp_path, split)


def test_where_it_is_not(tmp_path, monkeypatch):
    monkeypatch.delenv("LACONIC_DATA", raising=False)
    for folder in (None, tmp_path, tmp_path / "none"):
        with pytest.raises(ParameterError, match=r"data must be a folder that holds usps.npz .or LACONIC_DATA"):
            load_known("usps", folder)


BAD = {
    "no scale": ("activities", activities(scale=np.ones(3)), "scale"),
    "a class that is not trained on": ("activities", activities(is_train=np.arange(24) < 5), "y must be 1 to 6"),
    "fewer labels": ("activities", activities(y=np.ones(5, np.uint8)), "X_q must be"),
    "flat": ("spoken-digits", spoken(logmel=np.zeros((160, 6))), "logmel must be"),
    "no digits": ("spoken-digits", spoken(digit=np.zeros(160, int)), "digit must be 0 to 9"),
    "no takes to test on": ("spoken-digits", spoken(take=np.full(160, 9)), "some to test on"),
    "not finite": ("spoken-digits", spoken(logmel=np.full((160, 6, 4), np.nan)), "logmel"),
}


@pytest.mark.parametrize(("name", "arrays", "words"), BAD.values(), ids=BAD)
def test_files_that_are_not_what_they_should_be(name, arrays, words, tmp_path):
    with pytest.raises(DataError, match=words):
        load_known(name, put(tmp_path, name, **arrays))


def test_a_missing_array_and_no_archive(tmp_path):
    put(tmp_path, "activities", X_q=np.zeros((2, 3, 9)))
    with pytest.raises(DataError, match="the array scale is missing, the file holds X_q"):
        load_known("activities", tmp_path)
    (tmp_path / KNOWN["activities"].file).write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be read"):
        load_known("activities", tmp_path)
