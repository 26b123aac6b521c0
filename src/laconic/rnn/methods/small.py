"""A narrower dense layer, the plainest rival of all."""

from collections.abc import Sequence

from laconic.rnn.methods.kronecker import Kronecker
from laconic.rnn.methods.method import MatrixSize, Method, OutOfBudgetError, Plan
from laconic.structured import BlockRowsMatrix, EmbeddedMatrix, StructuredMatrix


class Small(Method):
    """A recurrent layer of fewer units, inside the old sizes: the units left over stay at zero.

    The layer's outputs keep their number, so that the model around it still fits; a network built narrow from the
    start saves the parameters that read the unused outputs as well.
    """

    name = "small"
    summary = "A dense recurrent layer with fewer units."

    def plan(self, sizes: Sequence[MatrixSize], n_parameters: int | None) -> list[Plan]:
        """Give all layers the same share of their units, the largest that fits."""
        if n_parameters is None:
            n_parameters = sum(self.default(size) + size.n_bias for size in sizes)
        most = max(size.n_units for size in sizes)
        for units in range(most, 0, -1):
            plans = [_narrow(size, max(1, units * size.n_units // most)) for size in sizes]
            excess = sum(_count(plan) for plan in plans) - n_parameters
            if excess <= 0:
                return plans
        raise OutOfBudgetError(excess)

    def refusal(self, size: MatrixSize) -> str:
        if len(size.widths) != 2 or size.widths[1] != size.n_units:
            return "method 'small' takes recurrent layers without projection, in the joint layout"
        return ""

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        return self.plan([size], n_parameters + size.n_bias)[0].matrix

    def smallest(self, size: MatrixSize) -> int:
        return _narrow(size, 1).matrix.n_parameters

    def default(self, size: MatrixSize) -> int:
        return max(self.smallest(size), Kronecker().default(size))


def _narrow(size: MatrixSize, n_units: int) -> Plan:
    """Return the first `n_units` units of each gate, reading the live inputs and each other."""
    columns = [*_live_inputs(size, n_units), *range(size.widths[0], size.widths[0] + n_units)]
    matrix = _embedded(size.gate, n_units, columns)
    bias = _embedded((size.n_units, 1), n_units, [0])
    biases = BlockRowsMatrix([bias] * size.n_biases) if size.n_biases else None
    return Plan(BlockRowsMatrix([matrix] * size.n_gates), biases, f"{n_units} units of {size.n_units}")


def _live_inputs(size: MatrixSize, n_units: int) -> list[int]:
    """Columns that are not the idle units of the layer below; its directions stand side by side."""
    width = size.n_units if size.from_below else size.widths[0]
    live = n_units if size.from_below else width
    return [start + i for start in range(0, size.widths[0], width) for i in range(live)]


def _embedded(shape: tuple[int, int], n_rows: int, columns: list[int]) -> EmbeddedMatrix:
    return EmbeddedMatrix.zeros(shape, range(n_rows), columns)


def _count(plan: Plan) -> int:
    return plan.matrix.n_parameters + (plan.bias.n_parameters if plan.bias else 0)
