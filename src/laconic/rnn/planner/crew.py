"""Workers of a search on this machine: started, watched, and started again when one ends before its time."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LIVES = 5
"""Workers that may end badly, one after another without a training done between them, before the search gives up."""
_PAUSE = 0.5
_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class SearchFailedError(RuntimeError):
    """Workers ended one after another; what the last one said is in the message."""


@dataclass
class _Worker:
    number: int
    process: subprocess.Popen[bytes]
    log: Path


@dataclass
class Crew:
    """Workers on one search.

    Attributes
    ----------
    folder : Path
        Of the search.
    size : int
    """

    folder: Path
    size: int
    _workers: list[_Worker] = field(default_factory=list)
    _lost: int = 0

    def run(self, n_done: Callable[[], int]) -> None:
        """Let the workers do all there is to do; `n_done` says how many trainings are done, and is asked all the time.

        Raises
        ------
        SearchFailedError
            If they end badly, again and again.
        """
        with self._stopped_at_the_end():
            for number in range(self.size):
                self._start(number)
            before = n_done()
            while self._workers:
                time.sleep(_PAUSE)
                after = n_done()
                self._lost = 0 if after > before else self._lost
                before = after
                self._look_after()

    def _start(self, number: int) -> None:
        log = self.folder / f"worker-{number}.log"
        command = [sys.executable, "-m", "laconic.rnn.planner.worker", str(self.folder), str(number)]
        with open(log, "wb") as file:
            process = subprocess.Popen(
                command,
                stdout=file,
                stderr=file,
                env=os.environ | dict.fromkeys(_ONE_THREAD, "1"),
                start_new_session=True,  # Ctrl-C reaches this process alone, which stops them
            )
        self._workers.append(_Worker(number, process, log))

    def _look_after(self) -> None:
        for worker in [one for one in self._workers if one.process.poll() is not None]:
            self._workers.remove(worker)
            if worker.process.returncode == 0:
                continue
            self._lost += 1
            if self._lost > LIVES:
                said = worker.log.read_text("utf-8", "replace").strip().splitlines()
                raise SearchFailedError(f"{self._lost} workers of the search ended: {said[-1] if said else 'killed'}")
            self._start(worker.number + self.size)

    @contextmanager
    def _stopped_at_the_end(self) -> Iterator[None]:
        try:
            yield
        finally:
            for worker in self._workers:
                worker.process.terminate()
            for worker in self._workers:
                worker.process.wait()
