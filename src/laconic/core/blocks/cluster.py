"""Blocks and their states on the workers of a Dask cluster."""

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from functools import partial
from typing import Any, TypeVar

from laconic.core.blocks import tasks
from laconic.core.blocks.anchors import Anchors
from laconic.core.blocks.border import needed
from laconic.core.blocks.pool import Step
from laconic.core.blocks.spread import Spread, some

distributed = needed("distributed")

R = TypeVar("R")

CUT_EVERY = 50
"""Steps after which states are written to files. A worker that is lost costs so many steps of its blocks at most."""

ADDED = 8
"""Parts that one task adds; a power of two keeps the order of `laconic.core.blocks.TreeSum`."""

ATTEMPTS = 3
"""How often a step is tried where workers are lost over it again and again."""


class ClusterPool:
    """A `laconic.core.blocks.Pool` whose blocks and states stay on the workers of a cluster.

    A step goes out once; parts are added on the workers, in the order of `laconic.core.blocks.TreeSum`, and one sum
    comes back: what is moved does not depend on the number of samples. Each state is the value of a task whose
    arguments are the block, the step and the state before, so the scheduler has it computed again where its worker is
    lost.

    To do so it remembers every step and every task since states were last written to files. That is done after each
    `cut_every` steps where client and workers all see the same temporary folder (Dask's `temporary-directory`, or the
    system's), takes twice the size of the states there, and moves nothing between workers. Elsewhere all steps of a fit
    are remembered: the bytes of so many dictionaries, and some KB for each block and step.

    Workers with a nanny use one thread of BLAS for each of their own; without one, set `OMP_NUM_THREADS`.

    Parameters
    ----------
    client : distributed.Client
    spread : Spread
        The blocks.
    cut_every : int or None
        None never writes states to files.
    """

    def __init__(self, client: Any, spread: Spread, cut_every: int | None = CUT_EVERY) -> None:
        self.client, self.spread = client, spread
        self.n_features, self.dtype, self.n_blocks = spread.n_features, spread.dtype, len(spread.blocks)
        self.edges = [int(edge) for edge in spread.edges]
        self.n_samples = self.edges[-1]
        self._states: list[Any] = [None] * self.n_blocks
        self._anchors = Anchors(client) if cut_every else None
        self._cut_every, self._since, self._like, self._given = cut_every, 0, None, False
        self._wait(spread.blocks)

    def run(self, step: Step) -> Any:
        total = self._patiently(lambda: self._taken(step))
        self._since += 1
        if self._anchors is not None and self._since == self._cut_every:
            self._patiently(self._cut)
        return total

    def states(self) -> Iterator[Any]:
        for state in self._states:
            yield self._patiently(partial(self._value, tasks.state_of, state))

    def restore(self, states: Iterator[Any] | None) -> None:
        self._since = 0
        if states is None:
            self._states = [None] * self.n_blocks
            return
        pairs = zip(states, self.spread.blocks, strict=True)
        self._states = [some(self.client, tasks.put_back, state, block) for state, block in pairs]
        self._wait(self._states)

    def like(self) -> Any:
        if self._like is None:
            self._like = self._patiently(partial(self._value, tasks.like_of, self.spread.blocks[0]))
        return self._like

    def futures(self, function: Callable[..., Any], **options: Any) -> list[Any]:
        """Return futures of what a function makes of each state; the files that they may need outlive the pool."""
        self._given = True
        return self._map(tasks.state_of, self._states, making=function, **options)

    def close(self) -> None:
        """Forget the states, and remove their files."""
        self._states = [None] * self.n_blocks
        if self._anchors is not None and not self._given:
            self._anchors.remove()

    def _taken(self, step: Step) -> Any:
        """Take a step everywhere; states are replaced once the sum is here."""
        pairs = self._map(tasks.taken, self.spread.blocks, self._states, self._brought(step))
        parts = self._map(tasks.part_of, pairs)
        while len(parts) > 1:
            parts = self._map(tasks.added, [parts[i : i + ADDED] for i in range(0, len(parts), ADDED)])
        total = parts[0].result()
        self._states = pairs
        return total

    def _brought(self, step: Step) -> list[Any]:
        """Return the step for each block, as a future of the worker that has the block.

        A task goes to one of the workers that have its arguments. Were the step with one of them alone, blocks would be
        drawn there; so it is brought to each, by a task whose other argument is a large one there. Workers are never
        named: tasks that ask for one that is gone may wait for ever.
        """
        sent = some(self.client, tasks.same, step)
        large = self.spread.blocks if self.spread.held else self._states
        at: dict[Any, Any] = {None: sent}
        for home, one in zip(homes := self._homes(), large, strict=True):
            if home not in at:
                at[home] = sent if one is None else self.client.submit(tasks.brought, sent, one, pure=False)
        return [at[home] for home in homes]

    def _cut(self) -> None:
        """Write states to files and read them back: how they came about is forgotten, and the scheduler relieved."""
        anchors: Any = self._anchors
        try:
            states = self._reread(anchors) if anchors.shared else None
        except OSError:  # such as a full disk: no reason for a fit to end
            states = None
        if states is None:
            self._cut_every = None
            return
        self._states, self._since = states, 0
        anchors.forget_last_but_one()

    def _reread(self, anchors: Anchors) -> list[Any]:
        """Return the states as they are read from files that they were written to."""
        paths = anchors.next_paths(self.n_blocks)
        self.client.gather(self._map(tasks.written, self._states, paths))
        states = self._map(tasks.read, paths, self.spread.blocks)
        self.client.gather(self._map(tasks.is_there, states))
        return states

    def _wait(self, futures: list[Any]) -> None:
        with self.client.as_current():  # which may not be the one that is active
            distributed.wait(futures)

    def _value(self, function: Callable[..., Any], future: Any) -> Any:
        return self.client.submit(function, future, pure=False).result()

    def _homes(self) -> list[str | None]:
        """Return for each block the worker that has it, if possible with its state."""
        held = [one for one in [*self.spread.blocks, *self._states] if one is not None]
        where = {key: set(workers) for key, workers in self.client.who_has(held).items()}
        homes: list[str | None] = []
        for block, state in zip(self.spread.blocks, self._states, strict=True):
            block_at = where[block.key]
            state_at = block_at if state is None else where[state.key]
            either = block_at if self.spread.held else state_at
            homes.append(min(block_at & state_at or either, default=None))
        return homes

    def _map(self, function: Callable[..., Any], *columns: list[Any], **same: Any) -> list[Any]:
        """Return futures of a function of each row of the columns."""
        futures: list[Any] = self.client.map(function, *columns, pure=False, **same)
        return futures

    def _patiently(self, work: Callable[[], R]) -> R:
        """Return what work returns, tried again where too many workers were lost over it."""
        for _ in range(ATTEMPTS - 1):
            try:
                return work()
            except (distributed.KilledWorker, CancelledError):
                held = [*self.spread.blocks, *self._states]
                self.client.retry([one for one in held if one is not None and one.status == "error"])
        return work()
