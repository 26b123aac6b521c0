"""How sure an accuracy is that was measured on a finite test set."""

from math import hypot, sqrt

Interval = tuple[float, float]
_Z = 1.959963984540054  # the normal distribution's 97.5 % quantile


def wilson(share: float, n: int) -> Interval:
    """Return Wilson's 95 % interval of a share.

    Parameters
    ----------
    share : float
        Share that was seen, in [0, 1].
    n : int
        Number of independent samples it was seen in, at least 1.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209-212.
    """
    weight = _Z**2 / n
    centre = (share + weight / 2) / (1 + weight)
    half = _Z * sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    return max(0.0, centre - half), min(1.0, centre + half)


def newcombe(first: float, second: float, n: int) -> Interval:
    """Return a 95 % interval of the difference `first - second` of two shares of `n` samples each.

    It takes the two as measured on different samples. Two classifiers judged on the same ones tend to be wrong
    together, so that here the interval is, if anything, too wide.

    References
    ----------
    R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in
    Medicine 17 (1998), 873-890, method 10.
    """
    (low_1, high_1), (low_2, high_2) = wilson(first, n), wilson(second, n)
    difference = first - second
    return difference - hypot(first - low_1, high_2 - second), difference + hypot(high_1 - first, second - low_2)
