"""Cases in a process of their own, with little memory and a watchdog; a case that kills it is a finding like others."""

import os
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

SECONDS_A_CASE, MEMORY = 20, 2**30
FINDING = "finding"

Trial = Callable[[random.Random, Path], str]
"""Makes a case in a folder and tries it; returns in a word how it ended, or raises."""


@dataclass(frozen=True)
class Outcome:
    """What came of a campaign: how many cases ended how, and what was found, a text for each."""

    counts: dict[str, int]
    findings: tuple[str, ...]

    @property
    def executions(self) -> int:
        """Cases."""
        return sum(self.counts.values())


def campaign(make: Callable[[Path], Trial], folder: Path, seed: int, seconds: float) -> Outcome:
    """Try cases until the time is over; a process that dies is replaced, and its case kept in a folder.

    Parameters
    ----------
    make : callable
        Prepares what is changed, in the folder, once a process; returns a `Trial`.
    folder : path
    seed : int
    seconds : float
    """
    counts: Counter[str] = Counter()
    findings, end, first = list[str](), time.monotonic() + seconds, 0
    while (left := end - time.monotonic()) > 0 and len(findings) < 20:
        receiver, sender = get_context("fork").Pipe(duplex=False)
        process = get_context("fork").Process(target=_work, args=(make, folder, seed, first, left, sender))
        process.start()
        sender.close()
        found = _messages(receiver)
        process.join()
        counts += found.counts
        findings += found.findings
        if process.exitcode:
            findings.append(f"case {found.last}: the process ended with {process.exitcode}")
        first = found.last + 1
    return Outcome(dict(counts), tuple(findings))


@dataclass
class _Found:
    counts: Counter[str]
    findings: list[str]
    last: int


def _messages(receiver: Any) -> _Found:
    """Gather what a process says until it ends."""
    found = _Found(Counter(), [], 0)
    while True:
        try:
            found.last, word, text = receiver.recv()
        except EOFError:
            return found
        if word:
            found.counts[word] += 1
        if text:
            found.findings.append(f"case {found.last}: {text}")


def _work(make: Callable[[Path], Trial], folder: Path, seed: int, first: int, seconds: float, sender: Any) -> None:
    trial = make(folder)
    _limit_memory()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends the process, wherever it hangs
    end, case = time.monotonic() + seconds, first
    while time.monotonic() < end:
        sender.send((case, "", ""))
        signal.alarm(SECONDS_A_CASE)
        word, text = _tried(trial, random.Random(f"{seed}/{case}"), folder)
        signal.alarm(0)
        sender.send((case, word, text))
        case += 1
    sender.close()
    sys.stdout.flush()
    os._exit(0)


def _tried(trial: Trial, rng: random.Random, folder: Path) -> tuple[str, str]:
    try:
        return trial(rng, folder), ""
    except BaseException:
        return FINDING, traceback.format_exc(limit=-6)


def _limit_memory() -> None:
    """Allow so much address space more than there is now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def refused(error: BaseException, named: str = "") -> str:
    """Return how a clean refusal is counted; raise if it names no file, or is one for want of memory alone."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, MemoryError) or "allocate" in str(chain):
            raise AssertionError("too much memory was asked for") from error
        chain = chain.__cause__ or chain.__context__
    assert named in str(error)
    return f"refused ({type(error).__name__})"
