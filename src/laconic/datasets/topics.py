"""Made-up documents: counts of words drawn from a few topics, as in latent Dirichlet allocation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from laconic.core.checks import check_positive_int
from laconic.core.seeds import RandomState, as_generator

Matrix = NDArray[np.float64]

_OWNER = "make_topics"
_OFFSET = 2.7  # of Zipf's law as Mandelbrot wrote it, so that the first word is not a tenth of all
_SPREAD = 0.2  # shape of the gamma factors that make topics differ; the smaller, the more
_SHARE = 0.1  # of the Dirichlet distribution of topics in a document; the smaller, the fewer in each


@dataclass(frozen=True, eq=False)
class Topics:
    """Documents whose topics are known: the expectation of X is proportional to shares @ topics in every row.

    Parameters
    ----------
    X : scipy.sparse.csr_array of float64, shape (n_documents, n_words)
        How often each word occurs in each document; whole numbers, at least one word a document.
    topics : ndarray of float64, shape (n_topics, n_words)
        Probability of each word in each topic; rows sum to one.
    shares : ndarray of float64, shape (n_documents, n_topics)
        Probability of each topic in each document; rows sum to one.
    """

    X: csr_array
    topics: Matrix
    shares: Matrix


def make_topics(
    n_documents: int = 2000,
    n_words: int = 3000,
    n_topics: int = 20,
    *,
    length: int = 100,
    random_state: RandomState = 0,
) -> Topics:
    """Draw topics, documents about some of them, and the words in each document.

    A document's shares of the topics follow a Dirichlet distribution of parameter 0.1. Its number of words is
    Poisson, at least one, and each word has a topic drawn from the shares and is drawn from that topic. Words are in
    the order of their frequency, which follows Zipf's law: word w has the weight 1 / (w + 3.7), w from 0. A topic has
    these weights times independent gamma factors of shape 0.2, scaled to sum to one.

    Parameters
    ----------
    n_documents, n_words : int
        Size of X.
    n_topics : int
        Number of topics.
    length : int
        Mean number of words in a document, repetitions counted.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        The same seed gives the same documents.

    Returns
    -------
    Topics
        X (n_documents, n_words), topics (n_topics, n_words) and shares (n_documents, n_topics).

    Raises
    ------
    ParameterError
        If a parameter is not as described.

    References
    ----------
    D. M. Blei, A. Y. Ng and M. I. Jordan, Latent Dirichlet Allocation, Journal of Machine Learning Research 3, 2003,
    pp. 993-1022. The distribution of the topics around Zipf's law is this library's choice.

    Examples
    --------
    >>> documents = make_topics(50, 200, n_topics=3, length=40)
    >>> documents.X.shape, documents.topics.shape, documents.shares.shape
    ((50, 200), (3, 200), (50, 3))
    """
    sizes = {"n_documents": n_documents, "n_words": n_words, "n_topics": n_topics, "length": length}
    for name, value in sizes.items():
        check_positive_int(_OWNER, name, value)
    rng = as_generator(_OWNER, random_state)
    topics = rng.standard_gamma(_SPREAD, (n_topics, n_words)) / (np.arange(n_words) + 1 + _OFFSET)
    topics /= topics.sum(axis=1, keepdims=True)
    shares = rng.dirichlet(np.full(n_topics, _SHARE), n_documents)
    lengths = np.maximum(rng.poisson(length, n_documents), 1)
    return Topics(_count(rng, topics, rng.multinomial(lengths, shares)), topics, shares)


def _count(rng: np.random.Generator, topics: Matrix, tokens: NDArray[np.int64]) -> csr_array:
    """Return how often each word was drawn (n_documents, n_words), with `tokens` (n_documents, n_topics) words each."""
    rows = np.arange(len(tokens), dtype=np.int32)
    documents = np.concatenate([np.repeat(rows, per_document) for per_document in tokens.T])
    words = np.concatenate([_draw(rng, topic, total) for topic, total in zip(topics, tokens.sum(axis=0), strict=True)])
    return csr_array(coo_array((np.ones(len(words)), (documents, words)), shape=(len(tokens), topics.shape[1])))


def _draw(rng: np.random.Generator, topic: Matrix, total: int) -> NDArray[np.int32]:
    """Return `total` words of a topic (n_words,), by inverting its distribution function."""
    edges = np.cumsum(topic)
    return np.searchsorted(edges / edges[-1], rng.random(total), side="right").astype(np.int32)
