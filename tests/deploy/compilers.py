"""C compilers that are here."""

import shutil
import subprocess

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wdouble-promotion", "-Wshadow", "-Werror"]


def build(folder, *arguments, compiler="gcc"):
    """Run a compiler in a folder; its words are the error's."""
    done = subprocess.run([compiler, *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def run(folder, program, *arguments, **environment):
    """Run a program and return what it prints."""
    done = subprocess.run([f"./{program}", *arguments], cwd=folder, capture_output=True, text=True, check=False,
                          env=environment or None)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
