"""Calls for the workers of tests/cli, in a module that another process can import."""

import os
import time

from laconic.core.checks import DataError

LOADED_BY = os.getpid()


def where_loaded(report):
    return LOADED_BY, os.getpid()


def count(n, report):
    for i in range(n):
        report(i)
    return os.environ.get("OMP_NUM_THREADS"), os.getpid()


def fail(report):
    raise RuntimeError("a bug")


def refuse(report):
    raise DataError("file.npz: no good")


def die(report):
    os.kill(os.getpid(), 9)


def leave(report):
    os._exit(7)


def sleep(report):
    report(os.getpid())
    time.sleep(600)
