"""From the evidence of a Gaussian model to that of the rectified one."""

import math

from laconic.core.arrays import Array, array_namespace


def log_evidence(gaussian: Array, log_mass: Array, gamma: Array) -> Array:
    """Return ln p(y | gamma, noise) = m ln 2 + ln N(y; 0, C) + ln P{N(mu, Sigma) >= 0} (arXiv:1601.06207).

    Parameters
    ----------
    gaussian : array of shape (k,)
        ln N(y; 0, C).
    log_mass : array of shape (k, m)
        Terms that add up to the log of the orthant probability, one an unpruned coefficient.
    gamma : array of shape (k, m) or (1, m)
    """
    xp = array_namespace(gaussian)
    terms = xp.where(gamma > 0, log_mass + math.log(2), xp.zeros_like(log_mass))
    return gaussian + xp.sum(terms, axis=1)
