"""Several trainings at once, each in a process with one thread, so that results do not depend on how many run."""

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

from laconic.core.checks import DataError, ParameterError

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_HAS_SERVER = sys.platform == "linux"  # elsewhere system libraries may not survive a fork, or there is none
_PROCESSES = multiprocessing.get_context("forkserver" if _HAS_SERVER else "spawn")


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
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Started:
    """A job has been given to a process."""

    name: str


@dataclass(frozen=True)
class Progress:
    """What a job reports on the way."""

    name: str
    value: Any


@dataclass(frozen=True)
class Done:
    """What a job returned."""

    name: str
    value: Any


@dataclass(frozen=True)
class _Failed:
    name: str
    error: Exception


Event = Started | Progress | Done


class WorkerError(Exception):
    """A job that failed: an error in it, or its process ended before it was done.

    Parameters
    ----------
    message : str
        One sentence.
    trace : str
        Where an unexpected error came from.
    """

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message, trace)
        self.message, self.trace = message, trace

    def __str__(self) -> str:
        return self.message


def run_jobs(jobs: Sequence[Job], n_processes: int, preload: Sequence[str] = ()) -> Generator[Event, None, None]:
    """Run jobs in at most `n_processes` processes; yield what happens as it happens.

    Close the iterator to stop the processes before all is done.

    Parameters
    ----------
    jobs : sequence of Job
    n_processes : int
    preload : sequence of str
        Modules to load once for all processes, of these jobs and of later ones, where the system allows it, besides
        those of the calls. Those of the first jobs that this process runs count.

    Raises
    ------
    WorkerError
        When a job fails unexpectedly or its process ends; the other processes are stopped then.
    ParameterError, DataError, OSError
        What a job raised, where it is one of these.
    """
    _PROCESSES.set_forkserver_preload([*{job.call.__module__ for job in jobs}, *preload])
    with _Crew(jobs, n_processes) as crew:
        yield from crew.hand_out()
        while crew.workers:
            for worker in crew.with_news():
                yield worker.hear()
            yield from crew.hand_out()


class _Crew:
    """Jobs that wait, and the processes that work on the others."""

    def __init__(self, jobs: Sequence[Job], n_processes: int) -> None:
        self.waiting, self.n_processes, self.workers = list(jobs), n_processes, list[_Worker]()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            worker.process.join()

    def hand_out(self) -> Iterator[Started]:
        """Give jobs to idle processes, then to new ones; dismiss those for whom there is none."""
        for worker in [worker for worker in self.workers if worker.job is None]:
            if self.waiting:
                yield worker.give(self.waiting.pop(0))
            else:
                worker.connection.close()
                self.workers.remove(worker)
        while self.waiting and len(self.workers) < self.n_processes:
            self.workers.append(_Worker())
            yield self.workers[-1].give(self.waiting.pop(0))

    def with_news(self) -> list["_Worker"]:
        """Wait until some processes have something to say."""
        heard = wait([worker.connection for worker in self.workers])
        return [worker for worker in self.workers if worker.connection in heard]


class _Worker:
    """A process that does one job after another."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self.connection, there = _PROCESSES.Pipe()
        self.process: BaseProcess = _PROCESSES.Process(target=_serve, args=(there,), daemon=True)  # type: ignore[attr-defined]
        _start(self.process)
        there.close()

    def give(self, job: Job) -> Started:
        self.job = job
        try:
            self.connection.send(job)
        except (BrokenPipeError, ConnectionResetError):
            raise self._gone() from None
        return Started(job.name)

    def hear(self) -> Event:
        """Return the next thing the process says, or raise what went wrong in it."""
        try:
            event: Event | _Failed = self.connection.recv()
        except (EOFError, ConnectionResetError):
            raise self._gone() from None
        if isinstance(event, _Failed):
            raise event.error
        if isinstance(event, Done):
            self.job = None
        return event

    def _gone(self) -> WorkerError:
        self.process.join()
        code, name = self.process.exitcode or 0, self.job.name if self.job else "idle"
        how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with exit code {code}"
        return WorkerError(f"the process that trains {name} {how}")


# In the other process ---------------------------------------------------------------------------------------------


def _serve(connection: Connection) -> None:
    """Do jobs until there are no more, or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which stops the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            connection.send(_answer(connection, connection.recv()))


def _answer(connection: Connection, job: Job) -> Done | _Failed:
    try:
        return Done(job.name, job.call(*job.arguments, lambda word: connection.send(Progress(job.name, word))))
    except (ParameterError, DataError, OSError) as error:
        return _Failed(job.name, error)
    except Exception as error:  # whatever it is, the parent is told and decides
        message = f"{job.name} failed with {type(error).__name__}: {error}"
        return _Failed(job.name, WorkerError(message, traceback.format_exc()))


def _end_with_parent() -> None:
    """End this process as soon as its parent is gone, however it went; files are written whole or not at all."""
    if parent := multiprocessing.parent_process():
        wait([parent.sentinel])
        os._exit(1)


# How it is started ------------------------------------------------------------------------------------------------


def _start(process: BaseProcess) -> None:
    """Start a process; where a server makes it, Ctrl-C is heeded while that server loads its modules."""
    with _one_thread(), _no_interrupt():
        if not _HAS_SERVER:
            process.start()
            return
        forkserver.ensure_running()
    _uncut(process.start)


def _uncut(call: Callable[[], object]) -> None:
    """Make a call in a thread, where Ctrl-C does not cut it: a process that is half made would complain of that."""
    failures = list[Exception]()

    def attempt() -> None:
        try:
            call()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=attempt, daemon=True)  # nobody who pressed Ctrl-C waits for it
    thread.start()
    while thread.is_alive():
        thread.join(0.1)  # without a limit, a Ctrl-C that comes just before the wait begins is heeded after it
    if failures:
        raise failures[0]


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


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back: it reaches this process afterwards, and processes started here never."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # started by the first process otherwise, it would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
