"""The protocol of a compression method: which structure a layer's matrix gets within so many parameters."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from laconic.core.checks import ParameterError
from laconic.rnn.reparametrise import StructuredParameter
from laconic.structured import DenseMatrix, StructuredMatrix


@dataclass(frozen=True)
class MatrixSize:
    """What a method needs to know of a layer's matrix.

    Attributes
    ----------
    layer : str
        Where it stands, for messages.
    n_gates, n_units : int
        The matrix has n_gates blocks of n_units rows.
    widths : tuple of int
        Columns by the weights that stand side by side: input, state.
    from_below : int
        How many of the input's columns are the output of the layer below in the same module.
    n_biases : int
        Bias vectors of the layer's units, each of n_units numbers.
    """

    layer: str
    n_gates: int
    n_units: int
    widths: tuple[int, ...]
    from_below: int = 0
    n_biases: int = 0

    @property
    def gate(self) -> tuple[int, int]:
        """Shape of one gate's matrix."""
        return self.n_units, sum(self.widths)

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the whole matrix."""
        return self.n_gates * self.n_units, sum(self.widths)

    @property
    def n_entries(self) -> int:
        """Entries of the whole matrix."""
        return self.shape[0] * self.shape[1]

    @property
    def n_bias(self) -> int:
        """Numbers in all its bias vectors."""
        return self.n_biases * self.n_units


@dataclass(frozen=True)
class Plan:
    """What a layer's matrix, and its biases where they change too, are to be made of: templates."""

    matrix: StructuredMatrix
    bias: StructuredMatrix | None = None
    note: str = ""
    parameter: type[StructuredParameter] = StructuredParameter
    """What will hold the matrix's parameters."""


class Method(ABC):
    """A way to say a layer's matrix with fewer parameters.

    A new method says which structure it gives a matrix (`structure`), the fewest parameters it can do with
    (`smallest`) and what it takes without a budget (`default`); `plan` shares a budget out among layers.
    """

    name: ClassVar[str]
    """Name in `compress(method=...)`, files and tables."""

    summary: ClassVar[str]
    """One sentence for tables and reports."""

    learning_rate: ClassVar[float] = 0.03
    """Largest rate of Adam that suits it, found on held-out MNIST rows and digits: LSTMs of few
    parameters learn best near 0.03, where one that is dense, or is until it is pruned, is unstable."""

    settled: ClassVar[float] = 0.0
    """Share of the training after which its structure has its final size."""

    parameter: ClassVar[type[StructuredParameter]] = StructuredParameter
    """What holds the parameters; a method that changes its structure during training has its own."""

    @abstractmethod
    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        """Return a template for the matrix with at most so many parameters; at least `smallest` are given."""

    @abstractmethod
    def smallest(self, size: MatrixSize) -> int:
        """Return the fewest parameters the method can do with."""

    @abstractmethod
    def default(self, size: MatrixSize) -> int:
        """Return the number of parameters to use where no budget is given."""

    @property
    def title(self) -> str:
        """Return what an error calls it, settings that matter included."""
        return f"method {self.name!r}"

    def refusal(self, size: MatrixSize) -> str:
        """Return why the method cannot take a matrix; empty where it can."""
        return ""

    def note(self, size: MatrixSize, structure: StructuredMatrix) -> str:
        """Return a word on what was planned where one is needed."""
        return ""

    def plan(self, sizes: Sequence[MatrixSize], n_parameters: int | None) -> list[Plan]:
        """Return a plan for each matrix; together with the biases they have at most `n_parameters`."""
        if n_parameters is None:
            return [self._planned(size, self.default(size)) for size in sizes]
        spare = n_parameters - sum(size.n_bias + self._least(size) for size in sizes)
        if spare < 0:
            raise OutOfBudgetError(-spare)
        return self._spend(sizes, self._share_out(sizes, spare), n_parameters)

    def _share_out(self, sizes: Sequence[MatrixSize], spare: int) -> list[Plan]:
        """Plan each matrix with its smallest size and, of what is spare, a share in proportion to its entries."""
        total = sum(size.n_entries for size in sizes)
        return [self._planned(size, self._least(size) + spare * size.n_entries // total) for size in sizes]

    def _spend(self, sizes: Sequence[MatrixSize], plans: list[Plan], n_parameters: int) -> list[Plan]:
        """Offer what the shares left over to each matrix in turn, the one of lowest rank first."""
        spare = n_parameters - sum(s.n_bias + p.matrix.n_parameters for s, p in zip(sizes, plans, strict=True))
        for i in sorted(range(len(plans)), key=lambda i: plans[i].matrix.max_rank):
            before = plans[i].matrix.n_parameters
            plans[i] = self._planned(sizes[i], before + spare)
            spare -= plans[i].matrix.n_parameters - before
        return plans

    def _planned(self, size: MatrixSize, n_parameters: int) -> Plan:
        if self.smallest(size) < size.n_entries:
            structure = self.structure(size, n_parameters)
            if structure.n_parameters < size.n_entries:
                return Plan(structure, note=self.note(size, structure), parameter=self.parameter)
        return Plan(DenseMatrix.zeros(size.shape), note=NO_SMALLER if self.name != "dense" else "")

    def _least(self, size: MatrixSize) -> int:
        return min(self.smallest(size), size.n_entries)


NO_SMALLER = "kept dense, which is no larger"


class OutOfBudgetError(Exception):
    """A budget that a method cannot keep, and how many parameters are missing."""

    def __init__(self, missing: int) -> None:
        super().__init__(missing)
        self.missing = missing


def misfit(size: MatrixSize, shapes: object) -> ParameterError:
    """Return the error for factor shapes that do not make a layer's gate matrix."""
    return ParameterError("compress", "shapes", f"factors of a {size.gate} matrix, as {size.layer} has", shapes)
