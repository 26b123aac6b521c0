"""Several trainings at once, each a process with one thread, so that results do not depend on how many run."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Job:
    """A call to make in another process.

    Attributes
    ----------
    name : str
    call : callable
        At the top level of a module; gets `arguments` and, last, a function that reports progress.
    arguments : tuple
    """

    name: str
    call: Callable[..., Any]
    arguments: tuple[Any, ...]


class WorkerError(Exception):
    """A job that failed: an error in it, or its process ended before it was done."""


@dataclass
class _Running:
    job: Job
    process: BaseProcess
    connection: Connection


@dataclass
class _Pool:
    """Jobs that wait and jobs that run."""

    waiting: list[Job]
    running: list[_Running] = field(default_factory=list)

    def start(self, most: int) -> None:
        while self.waiting and len(self.running) < most:
            job = self.waiting.pop(0)
            here, there = _SPAWN.Pipe(duplex=False)
            process = _SPAWN.Process(target=_work, args=(there, job), daemon=True)
            with _one_thread():
                process.start()
            there.close()
            self.running.append(_Running(job, process, here))

    def stop(self) -> None:
        for run in self.running:
            run.process.terminate()
        for run in self.running:
            run.process.join()


def run_jobs(
    jobs: Sequence[Job], n_processes: int, on_progress: Callable[[str, Any], None]
) -> Iterator[tuple[str, Any]]:
    """Run jobs in `n_processes` processes and yield the name and result of each as it ends.

    Parameters
    ----------
    on_progress : callable
        Called here with a job's name and what it reports.

    Raises
    ------
    WorkerError
        When a job fails; the other processes are stopped then, as they are by KeyboardInterrupt.
    """
    pool = _Pool(list(jobs))
    try:
        pool.start(n_processes)
        while pool.running:
            for connection in wait([run.connection for run in pool.running]):
                run = next(run for run in pool.running if run.connection is connection)
                kind, value = _receive(run)
                if kind == "progress":
                    on_progress(run.job.name, value)
                else:
                    pool.running.remove(run)
                    run.process.join()
                    yield run.job.name, value
            pool.start(n_processes)
    finally:
        pool.stop()


def _receive(run: _Running) -> tuple[str, Any]:
    try:
        kind, value = run.connection.recv()
    except EOFError:
        run.process.join()
        raise WorkerError(f"{run.job.name}: its process ended with exit code {run.process.exitcode}") from None
    if kind == "error":
        raise WorkerError(f"{run.job.name}: {value}")
    return kind, value


def _work(connection: Connection, job: Job) -> None:
    """What a process does: the call, its progress and its result sent home. Home gone, it ends at its next word."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which stops the others
    try:
        result = job.call(*job.arguments, lambda word: connection.send(("progress", word)))
        connection.send(("done", result))
    except (BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:  # whatever it is, the parent is told and decides
        connection.send(("error", f"{type(error).__name__}: {error}"))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let processes started here compute with one thread each: numerical libraries read this when they are loaded."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
