"""Equivalent problems on which message passing behaves: rotated data, or the mean of the dictionary taken apart.

Message passing assumes a dictionary of independent entries of mean zero. Two rewritings leave the posterior as it is
and bring any dictionary closer to that.

Rotation (arXiv:1504.04799). With A A^T = U diag(d) U^T, the data U^T y = (U^T A) x + U^T v have orthogonal rows, and
noise that is as white as before. It needs A as an array and every entry of y.

Mean removal (Vila, Schniter, Rangan, Krzakala, Zdeborova 2015, arXiv:1412.2005). With the row means
g = A 1 / m, the column means c = (A - g 1^T)^T 1 / n and B = A - g 1^T - 1 c^T,

    [ y ]   [  B     b1 g     b2 1  ] [ x ]   [ v ]
    [ 0 ] = [ a1 1^T  -a1 b1    0   ] [ u ] + [ 0 ]      so that u = 1^T x / b1 and w = c^T x / b2,
    [ 0 ]   [ a2 c^T    0    -a2 b2 ] [ w ]   [ 0 ]

where a1, b1, a2, b2 give the new rows and columns the mean square of B. It needs products with A alone.
"""

import math
from dataclasses import dataclass

from laconic.core.arrays import Array, array_namespace, device, zeros_like_shape
from laconic.structured.dictionary import DenseDictionary, Dictionary

ROTATED_UP_TO = 2000
"""Rows of a dictionary up to which the eigenvectors of A A^T are worth their price."""


@dataclass(frozen=True, eq=False)
class System:
    """A problem that has the codes of another as its first ones.

    Attributes
    ----------
    source : Dictionary of shape (n, m)
        A, of the problem that it stands for.
    masked : bool
        Whether it was made for signals with missing entries.
    dictionary, squares : Dictionary of shape (n + extra, m + extra)
        Its dictionary and, exactly or approximately, the squared entries of that.
    rotation : array of shape (n, n) or None
        U.
    extra : int
        Number of rows without noise and of unknowns without a prior that come after the others.
    """

    source: Dictionary
    masked: bool
    dictionary: Dictionary
    squares: Dictionary
    rotation: Array | None = None
    extra: int = 0

    def serves(self, dictionary: Dictionary, masked: bool) -> bool:
        """Whether it stands for signals of this dictionary."""
        return self.source is dictionary and self.masked == masked

    def data(self, y: Array) -> Array:
        """Return the signals y (k, n) as this system sees them, shape (k, n + extra)."""
        return self.padded(y if self.rotation is None else y @ self.rotation, 0.0)

    def padded(self, rows: Array, value: float) -> Array:
        """Return rows with `extra` columns of a value after the others."""
        if not self.extra:
            return rows
        xp = array_namespace(rows)
        return xp.concat([rows, zeros_like_shape((rows.shape[0], self.extra), rows) + value], axis=1)


def conditioned(dictionary: Dictionary, masked: bool) -> System:
    """Return the system that message passing is to run on for signals of a dictionary."""
    if dictionary.is_dense and not masked and dictionary.shape[0] <= ROTATED_UP_TO:
        return _rotated(dictionary)
    centred = Centred(dictionary)
    if not centred.pays:
        return System(dictionary, masked, dictionary, _squares(dictionary))
    return System(dictionary, masked, centred, centred.squared(), extra=2)


def _rotated(dictionary: Dictionary) -> System:
    A = dictionary.dense("gamp")
    rotation = array_namespace(A).linalg.eigh(A @ A.T).eigenvectors
    turned = DenseDictionary(rotation.T @ A)
    return System(dictionary, False, turned, turned.squared(), rotation)


def _squares(dictionary: Dictionary) -> Dictionary:
    squares = dictionary.squared()
    return RowMean(dictionary.squared_norms(), dictionary.shape[0]) if squares is None else squares


class RowMean(Dictionary):
    """The matrix of shape (n, m) whose rows are all alike and whose columns have given sums, shape (m,).

    It stands for squared entries that cannot be had: the variances that all measurements share.
    """

    def __init__(self, sums: Array, n: int) -> None:
        self.sums, self.n = sums, n
        self.shape, self.like = (n, sums.shape[0]), zeros_like_shape((0, 0), sums)

    def matmul(self, x: Array) -> Array:
        xp = array_namespace(x)
        return xp.broadcast_to((self.sums[None, :] @ x) / self.n, (self.n, x.shape[1]))

    def rmatmul(self, y: Array) -> Array:
        return self.sums[:, None] * array_namespace(y).mean(y, axis=0)

    def _formed(self) -> Array:
        return array_namespace(self.sums).broadcast_to(self.sums / self.n, self.shape)


class Centred(Dictionary):
    """The augmented dictionary of mean removal, by products with A alone.

    Parameters
    ----------
    source : Dictionary of shape (n, m)
        A.
    """

    def __init__(self, source: Dictionary) -> None:
        (n, m), self.source = source.shape, source
        self.shape, self.like = (n + 2, m + 2), source.like
        xp = array_namespace(source.like)
        ones = xp.ones((m, 1), dtype=source.dtype, device=device(source.like))
        self.row_mean = source.matmul(ones)[:, 0] / m
        sums = source.rmatmul(ones[:1, :] + zeros_like_shape((n, 1), ones))[:, 0]
        self.column_mean = sums / n - xp.mean(self.row_mean)
        self.squared_lengths = source.squared_norms()
        self._weigh()

    def _weigh(self) -> None:
        n, m = self.source.shape
        rows, columns = _energy(self.row_mean), _energy(self.column_mean)
        total = float(array_namespace(self.like).sum(self.squared_lengths))
        self.removed = (m * rows + n * columns) / total if total > 0 else 0.0
        square = max(1 - self.removed, 1e-3) * total / (n * m)
        self.a1 = self.b2 = math.sqrt(square)
        self.b1 = math.sqrt(n * square / max(rows, 1e-6 * n * square))
        self.a2 = math.sqrt(m * square / max(columns, 1e-6 * m * square))

    @property
    def pays(self) -> bool:
        """Whether the means stick out of the singular values that entries of mean zero would have."""
        n, m = self.source.shape
        return self.removed * max(n, m) > (math.sqrt(n) + math.sqrt(m)) ** 2 / min(n, m)

    def matmul(self, x: Array) -> Array:
        xp, codes, u, w = array_namespace(x), x[:-2, :], x[-2:-1, :], x[-1:, :]
        total, tilt = _sum(codes), self.column_mean[None, :] @ codes
        shift = self.b1 * u - total
        top = self.source.matmul(codes) + self.row_mean[:, None] * shift + (self.b2 * w - tilt)
        return xp.concat([top, self.a1 * (total - self.b1 * u), self.a2 * (tilt - self.b2 * w)], axis=0)

    def rmatmul(self, y: Array) -> Array:
        xp, data, first, second = array_namespace(y), y[:-2, :], y[-2:-1, :], y[-1:, :]
        total, tilt = _sum(data), self.row_mean[None, :] @ data
        top = self.source.rmatmul(data) + (self.a1 * first - tilt)
        top = top + self.column_mean[:, None] * (self.a2 * second - total)
        return xp.concat([top, self.b1 * (tilt - self.a1 * first), self.b2 * (total - self.a2 * second)], axis=0)

    def squared(self) -> Dictionary:
        return CentredSquares(self)

    def _formed(self) -> Array:
        xp = array_namespace(self.like)
        return self.matmul(xp.eye(self.shape[1], dtype=self.dtype, device=device(self.like)))


class CentredSquares(Dictionary):
    """The squared entries of the augmented dictionary of mean removal.

    (A_ij - g_i - c_j)^2 = A_ij^2 - 2 A_ij (g_i + c_j) + (g_i + c_j)^2: products with A and its squared entries alone.
    Where A's squared entries cannot be had, each column's are spread evenly over the rows.
    """

    def __init__(self, centred: Centred) -> None:
        self.centred, self.shape, self.like = centred, centred.shape, centred.like
        squares = centred.source.squared()
        self.squares = self._even() if squares is None else squares
        self.is_even = squares is None

    def _even(self) -> Dictionary:
        """Return evenly spread squared entries of B."""
        at, n = self.centred, self.centred.source.shape[0]
        pull = at.source.rmatmul(at.row_mean[:, None])[:, 0]
        mean = at.column_mean + array_namespace(self.like).mean(at.row_mean)
        cross = pull + n * mean * at.column_mean
        lengths = at.squared_lengths - 2 * cross + self._mean_squares()
        return RowMean(array_namespace(self.like).clip(lengths, 0), n)

    def _mean_squares(self) -> Array:
        """Sums over the rows of (g_i + c_j)^2, shape (m,)."""
        at, n = self.centred, self.centred.source.shape[0]
        g, c = at.row_mean, at.column_mean
        return n * c**2 + 2 * c * array_namespace(g).sum(g) + _energy(g)

    def matmul(self, x: Array) -> Array:
        xp, at, codes, u, w = array_namespace(x), self.centred, x[:-2, :], x[-2:-1, :], x[-1:, :]
        c = at.column_mean[:, None]
        total, second = _sum(codes), _sum(codes * c**2)
        top = xp.clip(self._inner(codes), 0) + (at.b1 * at.row_mean[:, None]) ** 2 * u + at.b2**2 * w
        first_row = at.a1**2 * (total + at.b1**2 * u)
        return xp.concat([top, first_row, at.a2**2 * (second + at.b2**2 * w)], axis=0)

    def rmatmul(self, y: Array) -> Array:
        xp, at, data, first, second = array_namespace(y), self.centred, y[:-2, :], y[-2:-1, :], y[-1:, :]
        c, g = at.column_mean[:, None], at.row_mean[:, None]
        total, tilt = _sum(data), _sum(data * g**2)
        top = xp.clip(self._inner_adjoint(data), 0) + at.a1**2 * first + (at.a2 * c) ** 2 * second
        first_row = at.b1**2 * (tilt + at.a1**2 * first)
        return xp.concat([top, first_row, at.b2**2 * (total + at.a2**2 * second)], axis=0)

    def _inner(self, x: Array) -> Array:
        """Return (B o B) x."""
        if self.is_even:
            return self.squares.matmul(x)
        at, g, c = self.centred, self.centred.row_mean[:, None], self.centred.column_mean[:, None]
        cross = g * at.source.matmul(x) + at.source.matmul(c * x)
        means = g**2 * _sum(x) + 2 * g * _sum(c * x) + _sum(c**2 * x)
        return self.squares.matmul(x) - 2 * cross + means

    def _inner_adjoint(self, y: Array) -> Array:
        if self.is_even:
            return self.squares.rmatmul(y)
        at, g, c = self.centred, self.centred.row_mean[:, None], self.centred.column_mean[:, None]
        cross = at.source.rmatmul(g * y) + c * at.source.rmatmul(y)
        means = _sum(g**2 * y) + 2 * c * _sum(g * y) + c**2 * _sum(y)
        return self.squares.rmatmul(y) - 2 * cross + means

    def _formed(self) -> Array:
        return self.centred._formed() ** 2


def _sum(columns: Array) -> Array:
    return array_namespace(columns).sum(columns, axis=0, keepdims=True)


def _energy(vector: Array) -> float:
    return float(array_namespace(vector).sum(vector**2))
