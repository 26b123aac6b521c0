import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import cli_jobs
import pytest
from cli_helpers import is_alive, wait_until

from laconic.cli.workers import Done, Job, Progress, Started, WorkerError, _uncut, run_jobs
from laconic.core.checks import DataError


def test_jobs_report_and_return_from_processes_of_one_thread_that_are_used_again():
    jobs = [Job(name, cli_jobs.count, (2,)) for name in "abcd"]
    events = list(run_jobs(jobs, 2))
    for name in "abcd":
        mine = [event for event in events if event.name == name]
        assert mine[:-1] == [Started(name), Progress(name, 0), Progress(name, 1)]
        assert isinstance(mine[-1], Done)
    results = [event.value for event in events if isinstance(event, Done)]
    assert {threads for threads, _ in results} == {"1"}
    assert len({process for _, process in results}) <= 2


def test_no_jobs_no_processes():
    assert list(run_jobs([], 2)) == []


def test_an_unexpected_error_comes_back_with_its_trace():
    with pytest.raises(WorkerError, match="a failed with RuntimeError: a bug") as caught:
        list(run_jobs([Job("a", cli_jobs.fail)], 1))
    assert "in fail" in caught.value.trace


def test_bad_data_comes_back_as_it_was_raised():
    with pytest.raises(DataError, match=r"^file\.npz: no good$"):
        list(run_jobs([Job("a", cli_jobs.refuse)], 1))


@pytest.mark.parametrize(
    ("call", "how"), [(cli_jobs.die, r"was killed \(SIGKILL\)"), (cli_jobs.leave, "ended with exit code 7")]
)
def test_a_process_that_ends_early_is_named(call, how):
    with pytest.raises(WorkerError, match=f"the process that trains a {how}"):
        list(run_jobs([Job("a", call)], 1))


def test_closing_stops_the_processes():
    with closing(run_jobs([Job("a", cli_jobs.sleep)], 1)) as events:
        process = next(event.value for event in events if isinstance(event, Progress))
    assert wait_until(lambda: not is_alive(process), 10)


PARENT = """
import cli_jobs
from laconic.cli.workers import Job, Progress, run_jobs
for event in run_jobs([Job("a", cli_jobs.sleep)], 1):
    if isinstance(event, Progress):
        print(event.value, flush=True)
"""


def test_processes_end_with_a_parent_that_is_killed():
    here = Path(__file__).parents[1]
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=here) as parent:
        process = int(parent.stdout.readline())
        assert is_alive(process)
        parent.kill()
    assert wait_until(lambda: not is_alive(process), 10)


FAMILY = """
import cli_jobs
from laconic.cli.workers import Done, Job, run_jobs
for _ in range(2):
    jobs = [Job(name, cli_jobs.where_loaded) for name in "ab"]
    print(*[number for event in run_jobs(jobs, 2) if isinstance(event, Done) for number in event.value])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no server of processes")
def test_what_jobs_need_is_loaded_once_for_all_processes():
    here = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", FAMILY], capture_output=True, text=True, check=True, cwd=here)
    numbers = list(map(int, done.stdout.split()))
    loaded_by, workers = set(numbers[::2]), set(numbers[1::2])
    assert len(loaded_by) == 1
    assert not loaded_by & workers


def test_ctrl_c_does_not_cut_the_start_of_a_process_and_does_not_wait_for_it():
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def start():
        begun.set()
        go_on.wait(30)
        ended.set()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        interrupt = threading.Thread(target=lambda: begun.wait() and os.kill(os.getpid(), signal.SIGINT))
        interrupt.start()
        with pytest.raises(KeyboardInterrupt):
            _uncut(start)
        assert not ended.is_set()
    finally:
        signal.signal(signal.SIGINT, before)
    go_on.set()
    assert ended.wait(10)


def test_what_goes_wrong_at_the_start_of_a_process_is_raised():
    with pytest.raises(ZeroDivisionError):
        _uncut(lambda: 1 / 0)
