"""What is known of the data before anything is learned from it: sizes of any scale, sums in any order."""

from functools import reduce

import numpy as np
import pytest
import scipy.sparse
from blocks.sources import drawn
from hypothesis import given
from hypothesis import strategies as st

from laconic.core.blocks import LocalPool, Survey, as_source
from laconic.factorize.steps import Look

SCALES = [(np.float64, s) for s in (1e-300, 1e-200, 1e-20, 1.0, 2.0**20, 1e200, 1e300)]
SCALES += [(np.float32, s) for s in (1e-36, 1e-30, 1.0, 1e30, 1e37)]


def surveyed(X, **options):
    return LocalPool(as_source("test", X, **options)).run(Look())


@pytest.mark.parametrize("hold", [np.asarray, scipy.sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize(("dtype", "scale"), SCALES)
def test_sizes_at_any_scale(dtype, scale, hold):
    X = (drawn(40) * scale).astype(dtype)
    survey = surveyed(hold(X), block_size=9)
    unit = survey.unit
    assert np.log2(unit) == round(np.log2(unit))
    assert 0.5 < X.max() / unit < 2
    assert survey.largest == X.max()
    assert survey.energy_in_units == pytest.approx(np.sum((X.astype(float) / unit) ** 2), rel=1e-6)
    assert (survey.n_samples, survey.entries, survey.lost, survey.weight) == (40, 280, 0, 40)


@pytest.mark.parametrize("hold", [np.asarray, scipy.sparse.csr_array], ids=["dense", "sparse"])
def test_nothing_but_zeros(hold):
    survey = surveyed(hold(np.zeros((5, 3))), block_size=2)
    assert (survey.unit, survey.energy, survey.energy_in_units) == (1.0, 0.0, 0.0)
    assert (survey.smallest, survey.largest, survey.entries) == (0.0, 0.0, 15)


@pytest.mark.parametrize("hold", [np.asarray, scipy.sparse.csr_array], ids=["dense", "sparse"])
def test_everything_missing(hold):
    survey = surveyed(hold(np.full((5, 3), np.nan)), block_size=2)
    assert (survey.entries, survey.lost, survey.largest, survey.energy) == (0, 15, 0, 0)


@pytest.mark.parametrize("hold", [np.asarray, scipy.sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("size", [1, 3, None])
def test_infinite_and_negative_entries_are_seen(hold, size):
    for bad, smallest, largest in ((np.inf, 0.0, np.inf), (-np.inf, -np.inf, np.inf), (-9.0, -9.0, 9.0)):
        X = drawn()
        X[11, 2] = bad
        survey = surveyed(hold(X), block_size=size)
        assert (min(survey.smallest, 0.0), survey.largest) == (smallest, largest)


def test_entries_count_as_often_as_their_samples_weigh():
    X, weight = drawn(lost=0.3), np.arange(23.0)
    for hold in (np.asarray, scipy.sparse.csr_array):
        survey = surveyed(hold(X), weight=weight, block_size=4)
        repeated = surveyed(hold(X.repeat(weight.astype(int), axis=0)), block_size=7)
        assert survey.entries == pytest.approx(repeated.entries)
        assert survey.weight == repeated.weight == weight.sum()
        assert survey.energy_in_units == pytest.approx(repeated.energy_in_units)


PARTS = st.builds(
    lambda size, energy: Survey(1, 1.0, 0, 1.0, 0.0, size, energy if size else 0.0),
    st.sampled_from([0.0, 1e-200, 1e-3, 1.0, 3.0, 1e150, 1e200]),
    st.floats(0.1, 10),
)


@given(st.lists(PARTS, min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_blocks_changes_nothing_but_rounding(parts, random):
    other = parts.copy()
    random.shuffle(other)
    one, two = (reduce(Survey.__add__, many) for many in (parts, other))
    assert (one.largest, one.n_samples) == (two.largest, len(parts))
    assert one.energy == pytest.approx(two.energy, rel=1e-12)
    assert one.energy == pytest.approx(sum(p.energy * (p.largest / max(one.largest, 1e-300)) ** 2 for p in parts))
