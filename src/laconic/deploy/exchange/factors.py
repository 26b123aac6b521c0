"""Rows whose features have axes, one a factor of a Kronecker product, for one block or for several at once."""

from dataclasses import dataclass

from laconic.deploy.exchange.draft import Array, Draft, Rows


@dataclass(frozen=True)
class Factored:
    """What factors have been multiplied into so far.

    Attributes
    ----------
    rows : Rows
    axes : tuple of int
        Lengths of the axes of its features; the first one is of the blocks where there are several.
    n_blocks : int
        1 before the first factor, too, which all blocks meet by broadcasting.
    """

    rows: Rows
    axes: tuple[int, ...]
    n_blocks: int = 1

    def times(self, factors: Array, before: int, after: int, draft: Draft) -> "Factored":
        """Multiply factors (blocks, m, n) into the axis of length n with so many numbers before and after it.

        From the right where nothing is after it, else from the left.
        """
        n_blocks, m, n = factors.shape
        met, blocks = ((self.n_blocks,), (n_blocks,)) if n_blocks > 1 else ((), ())
        if after == 1:
            weight = factors.swapaxes(1, 2).reshape(*blocks, n, m)
            found = draft.op("MatMul", self._viewed((*met, before, n), draft), draft.constant(weight))
            return Factored(Rows(found, self.rows.lead), (*blocks, before, m), n_blocks)
        kept = (before,) if before > 1 else ()
        weight = factors.reshape(*blocks, *([1] if kept and blocks else []), m, n)
        found = draft.op("MatMul", draft.constant(weight), self._viewed((*met, *kept, n, after), draft))
        return Factored(Rows(found, self.rows.lead), (*blocks, *kept, m, after), n_blocks)

    def _viewed(self, axes: tuple[int, ...], draft: Draft) -> str:
        return self.rows.name if axes == self.axes else draft.reshaped(self.rows, *axes)
