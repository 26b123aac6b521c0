"""Made-up documents, checked against the model they are drawn from."""

import re

import numpy as np
import pytest
import scipy.sparse

from laconic.core.checks import ParameterError
from laconic.datasets import make_topics


@pytest.fixture(scope="module")
def documents():
    return make_topics()


def test_counts_are_whole_numbers_in_rows(documents):
    X = documents.X
    assert isinstance(X, scipy.sparse.csr_array)
    assert X.dtype == np.float64
    assert X.shape == (2000, 3000)
    assert X.has_canonical_format
    assert X.data.min() == 1
    np.testing.assert_array_equal(X.data, np.round(X.data))


def test_topics_and_shares_are_distributions(documents):
    assert documents.topics.shape == (20, 3000)
    assert documents.shares.shape == (2000, 20)
    for rows in (documents.topics, documents.shares):
        assert rows.min() >= 0
        np.testing.assert_allclose(rows.sum(axis=1), 1)
    assert 2 < (documents.shares > 0.05).sum(axis=1).mean() < 6  # a document is about few of them


def test_words_are_drawn_from_the_topics(documents):
    """Over all documents, counts are Poisson around their expectation: Pearson's statistic is one a word."""
    lengths = documents.X.sum(axis=1)
    expected = (lengths @ documents.shares) @ documents.topics
    often = expected > 5
    deviations = (documents.X.sum(axis=0) - expected)[often] ** 2 / expected[often]
    assert deviations.mean() == pytest.approx(1, abs=0.15)


def test_each_document_follows_its_own_shares():
    documents = make_topics(30, 500, 4, length=20_000)
    frequencies = documents.X.toarray() / documents.X.sum(axis=1)[:, np.newaxis]
    gaps = np.abs(frequencies - documents.shares @ documents.topics).sum(axis=1)
    assert gaps.max() < 0.13  # with 20,000 words the sampling error is about 0.1


def test_lengths_are_poisson(documents):
    lengths = documents.X.sum(axis=1)
    assert lengths.mean() == pytest.approx(100, rel=0.01)
    assert lengths.var() == pytest.approx(100, rel=0.1)


def test_words_follow_zipf_and_topics_differ(documents):
    frequency = make_topics(1, 1000, 5000).topics.mean(axis=0)
    law = 1 / (np.arange(1000) + 3.7)
    np.testing.assert_allclose(frequency[:20] / frequency.sum(), law[:20] / law.sum(), rtol=0.2)
    assert np.polyfit(np.log(np.arange(1000) + 3.7), np.log(frequency), 1)[0] == pytest.approx(-1, abs=0.05)
    unit = documents.topics / np.linalg.norm(documents.topics, axis=1, keepdims=True)
    assert np.triu(unit @ unit.T, 1).max() < 0.8
    assert (documents.X.sum(axis=0) > 0).mean() > 0.95


@pytest.mark.parametrize("sizes", [(1, 1, 1), (500, 2, 3), (3, 50, 10)])
def test_no_document_is_empty_whatever_the_size(sizes):
    documents = make_topics(*sizes, length=1)
    assert documents.X.shape == sizes[:2]
    assert documents.X.sum(axis=1).min() >= 1


def test_the_same_seed_gives_the_same_documents():
    one, two, other = (make_topics(50, 80, 3, random_state=seed) for seed in (1, np.random.default_rng(1), 2))
    np.testing.assert_array_equal(one.X.toarray(), two.X.toarray())
    np.testing.assert_array_equal(one.shares, two.shares)
    assert (one.X != other.X).nnz > 0


@pytest.mark.parametrize("name", ["n_documents", "n_words", "n_topics", "length"])
def test_bad_parameters_get_one_sentence(name):
    sentence = f"make_topics: {name} must be a whole number of at least 1, got 0"
    with pytest.raises(ParameterError, match=re.escape(sentence)):
        make_topics(**{name: 0})
