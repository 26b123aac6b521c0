"""The protocol of every matrix with few parameters."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse.linalg import LinearOperator

from laconic.core.arrays import Array, array_namespace, as_array, is_floating, to_numpy
from laconic.core.checks import DataError, ParameterError

Part = Any
"""What a structure is made of: an array or another structure."""

Options = dict[str, Any]
"""What else it takes to build one: JSON values."""


class StructuredMatrix(ABC):
    """A matrix of shape (m, n) that is held as a few named arrays.

    A value: nothing in it changes after it is made. The arrays may be NumPy's or torch's (gradients flow through
    every method), float32 stays float32.

    A new structure says what it is made of (`parts`, `build`), how it acts (`dense`, `_matmul`, `_rmatmul`), what
    it costs (`n_macs`, `max_rank`, `scratch`), how one is drawn (`random`) and which one of its kind is nearest a
    given matrix (`project`); everything else follows.
    """

    kind: ClassVar[str]
    """Name of the structure in files and tables."""

    shape: tuple[int, int]

    # What it is made of ------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def parts(self) -> dict[str, Part]:
        """The arrays and structures it is made of, by name."""

    @property
    def options(self) -> Options:
        """What `build` needs to know besides the parts, as JSON values."""
        return {}

    @classmethod
    @abstractmethod
    def build(cls, parts: Mapping[str, Part], options: Options) -> Self:
        """Return the structure made of these parts: the inverse of `parts` and `options`."""

    @property
    def arrays(self) -> dict[str, Array]:
        """All arrays inside, by flat name such as ``block_0_factor_1``; integer and boolean ones among them."""
        return dict(self._walk())

    @property
    def parameters(self) -> dict[str, Array]:
        """The floating-point arrays inside: what is learned and counted."""
        return {name: array for name, array in self._walk() if is_floating(array)}

    def with_arrays(self, arrays: Mapping[str, Array]) -> Self:
        """Return the same structure made of other arrays, named as in `arrays`; those not given are kept.

        Raises
        ------
        ParameterError
            If a name is not one of this structure's.
        """
        known = self.arrays
        if not arrays.keys() <= known.keys():
            strange = sorted(arrays.keys() - known.keys())
            raise ParameterError(f"{type(self).__name__}.with_arrays", "arrays", f"named among {list(known)}", strange)
        parts: dict[str, Part] = {}
        for name, part in self.parts.items():
            if isinstance(part, StructuredMatrix):
                inner = {key[len(name) + 1 :]: a for key, a in arrays.items() if key.startswith(f"{name}_")}
                parts[name] = part.with_arrays(inner)
            else:
                parts[name] = arrays.get(name, part)
        return self.build(parts, self.options)

    def _walk(self) -> Iterator[tuple[str, Array]]:
        for name, part in self.parts.items():
            if isinstance(part, StructuredMatrix):
                yield from ((f"{name}_{inner}", array) for inner, array in part._walk())
            else:
                yield name, part

    @property
    def packed(self) -> dict[str, Part]:
        """The parts as they are stored in a file, where that differs from `parts`; made of NumPy arrays then."""
        return self.parts

    @classmethod
    def unpack(cls, packed: Mapping[str, Part], options: Options) -> Self:
        """Return the structure stored as these parts: the inverse of `packed`."""
        return cls.build(packed, options)

    # What it does ------------------------------------------------------------------------------------------------

    @abstractmethod
    def dense(self) -> Array:
        """Return the whole matrix, shape (m, n)."""

    def matmul(self, x: Array) -> Array:
        """Return the product with `x`, without forming the matrix.

        Parameters
        ----------
        x : array of shape (n,), (n, k) or (..., n, k)
            Of the structure's own library and, for torch, type and device; integers are converted.

        Returns
        -------
        array of shape (m,), (m, k) or (..., m, k)

        Raises
        ------
        DataError
            If `x` has another number of rows, or is an array of another library.
        """
        x = self._operand("matmul", x, self.shape[1])
        return self._matmul(x) if x.ndim > 1 else self._matmul(x[:, None])[:, 0]

    def rmatmul(self, y: Array) -> Array:
        """Return the product of the transpose with `y`, of shape (m,), (m, k) or (..., m, k), as `matmul` does."""
        y = self._operand("rmatmul", y, self.shape[0])
        return self._rmatmul(y) if y.ndim > 1 else self._rmatmul(y[:, None])[:, 0]

    def __matmul__(self, x: Array) -> Array:
        return self.matmul(x)

    def rows_between(self, start: int, stop: int) -> "StructuredMatrix | None":
        """Return these rows as a structure of some of the same parameters, or None where they are none.

        A product of factors cannot be cut at any row; block rows, say, give the blocks between the rows.
        """
        return self if (start, stop) == (0, self.shape[0]) else None

    def columns_between(self, start: int, stop: int) -> "StructuredMatrix | None":
        """Return these columns as a structure of some of the same parameters, or None where they are none."""
        return self if (start, stop) == (0, self.shape[1]) else None

    __array_ufunc__ = None
    """NumPy leaves operators to this class: x @ K is a TypeError, as torch's is, and not an array of objects."""

    @abstractmethod
    def _matmul(self, x: Array) -> Array:
        """Product with x of shape (..., n, k)."""

    @abstractmethod
    def _rmatmul(self, y: Array) -> Array:
        """Product of the transpose with y of shape (..., m, k)."""

    def _operand(self, method: str, x: Array, rows: int) -> Array:
        x, own = as_array(x), next(iter(self.parameters.values()))
        if x.ndim == 0 or x.shape[-2 if x.ndim > 1 else 0] != rows:
            raise DataError(
                f"{type(self).__name__}.{method}: the operand must have shape ({rows},) or (..., {rows}, k), "
                f"got {tuple(x.shape)}"
            )
        try:
            xp = array_namespace(own, x)
        except TypeError:
            raise DataError(
                f"{type(self).__name__}.{method}: the operand must be an array of the structure's library, "
                f"{type(own).__module__}, got {type(x).__module__}"
            ) from None
        return xp.astype(x, own.dtype) if xp.isdtype(x.dtype, ("bool", "integral")) else x

    def as_linear_operator(self) -> LinearOperator:
        """Return a SciPy LinearOperator of the same action; arrays of other libraries are moved to NumPy."""
        twin = self.with_arrays({name: to_numpy(array) for name, array in self._walk()})
        return LinearOperator(
            shape=self.shape,
            dtype=twin.dtype,
            matvec=lambda x: twin.matmul(np.reshape(x, (-1,))),
            rmatvec=lambda y: twin.rmatmul(np.reshape(y, (-1,))),
            matmat=twin.matmul,
            rmatmat=twin.rmatmul,
        )

    # What it costs -----------------------------------------------------------------------------------------------

    @property
    def dtype(self) -> Any:
        """Type of its parameters."""
        return next(iter(self.parameters.values())).dtype

    @property
    def n_parameters(self) -> int:
        """Number of learned numbers: the one count that every comparison uses."""
        return sum(_count(part) for part in self.parts.values())

    @property
    @abstractmethod
    def n_macs(self) -> int:
        """Multiply-adds of one product with a vector, in the cheapest order known."""

    @property
    def n_macs_apart(self) -> int:
        """Multiply-adds to add when the products with two groups of columns are needed apart.

        A GRU's candidate gate needs W x and U h separately. A Kronecker product has to be applied twice then; a
        structure whose columns act on their own costs nothing more.
        """
        return self.n_macs

    @property
    @abstractmethod
    def max_rank(self) -> int:
        """Largest rank a matrix of this structure can have.

        Random parameters reach it. (For sums and block rows whose parts are forced into the same few rows or columns
        it is an upper bound.)
        """

    @property
    @abstractmethod
    def scratch(self) -> int:
        """Numbers to be held between input and output during one product with a vector."""

    # Which one ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def random(self, rng: np.random.Generator, std: float) -> Self:
        """Return one of this kind and size with random parameters; entries of the matrix have deviation `std`.

        Made of NumPy's float64 whatever this one is made of; `laconic.structured.nearest.moved` takes it elsewhere.
        """

    @abstractmethod
    def project(self, matrix: "np.ndarray[Any, Any]") -> Self:
        """Return the structure of this kind and size nearest to a NumPy matrix in the Frobenius norm."""

    # What it is called -------------------------------------------------------------------------------------------

    @property
    def formula(self) -> str:
        """What it is in a few characters, for tables."""
        return f"{self.shape[0]} x {self.shape[1]} {self.kind}"

    def __repr__(self) -> str:
        size = f"{self.shape[0]} x {self.shape[1]}"
        return f"{type(self).__name__}({size}: {self.formula}, {self.n_parameters} parameters)"


def _count(part: Part) -> int:
    if isinstance(part, StructuredMatrix):
        return part.n_parameters
    return prod(tuple(part.shape)) if is_floating(part) else 0


def check_structures(owner: str, parameter: str, given: Sequence[Any]) -> tuple[StructuredMatrix, ...]:
    """Return structures that came one by one or as one list, or raise `ParameterError`."""
    found = tuple(given[0]) if len(given) == 1 and isinstance(given[0], list | tuple) else tuple(given)
    if not found or not all(isinstance(part, StructuredMatrix) for part in found):
        types = [type(part).__name__ for part in found]
        raise ParameterError(owner, parameter, "one or more structures (wrap an array in DenseMatrix)", types)
    return found


def check_matrix(owner: str, name: str, array: Any) -> Array:
    """Return `array` if it is a two-dimensional floating-point array with no empty axis, or raise `DataError`."""
    array = as_array(array)
    if array.ndim != 2 or 0 in tuple(array.shape) or not is_floating(array):
        raise DataError(
            f"{owner}: {name} must be a floating-point matrix with at least one row and column, "
            f"got shape {tuple(array.shape)}, type {array.dtype}"
        )
    return array
