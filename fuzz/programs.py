"""The C of graphs, given any bytes as numbers and as calls, under sanitizers."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cases import Case, sequences
from watch import Outcome

from laconic.deploy import quantize, write_c

HERE = Path(__file__).parent / "c"
CHECKS = "address,undefined,float-cast-overflow,float-divide-by-zero"
FLAGS = ("-std=c11", "-O1", "-g", f"-fsanitize={CHECKS}", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")


@dataclass(frozen=True)
class Way:
    """How a graph is written and built: in floats or in whole numbers, with options of the compiler."""

    name: str
    whole: bool
    options: tuple[str, ...]


WAYS = (
    *(Way(f"{lanes} lanes", False, (f"-DLACONIC_LANES={lanes}",)) for lanes in (1, 4, 8)),
    Way("whole numbers", True, ()),
)


@dataclass(frozen=True)
class Engine:
    """How a fuzzer is built.

    Attributes
    ----------
    name, compiler : str
    watched : tuple of str
        Options for what is fuzzed.
    linked : tuple of str
        Options and sources that make a program of it.
    """

    name: str
    compiler: str
    watched: tuple[str, ...]
    linked: tuple[str, ...]

    def command(self, program: Path, seed: int, seconds: int) -> list[str]:
        """Return how it is run; what it fails at stands in a file beside it."""
        if self is LIBFUZZER:
            kept = f"-artifact_prefix={program.parent}/"
            return [str(program), f"-seed={seed + 1}", f"-max_total_time={seconds}", "-max_len=1024", kept]
        return [str(program), str(seed), str(seconds), str(program.with_name("case.bin"))]


LIBFUZZER = Engine("libFuzzer", "clang", ("-fsanitize=fuzzer-no-link",), ("-fsanitize=fuzzer",))
OWN = Engine("fuzz/c/driver.c", "gcc", ("-fsanitize-coverage=trace-pc",), (str(HERE / "driver.c"),))


def engine(folder: Path) -> Engine | None:
    """Return what can fuzz C here: libFuzzer, where clang has it, else the driver with gcc's counting of edges."""
    for found in (LIBFUZZER, OWN):
        if shutil.which(found.compiler) and not _build(found, folder, (str(HERE / "probe.c"),)).returncode:
            return found
    return None


def fuzz(
    case: Case,
    way: Way,
    found: Engine,
    folder: Path,
    seed: int,
    seconds: int,
    spoiled: Callable[[str], str] = lambda text: text,
) -> Outcome:
    """Fuzz the C of a network until something is found.

    `spoiled` may change the C before, for a look at whether faults are found.
    """
    folder.mkdir()
    graph = case.graph()
    write_c(quantize(graph, sequences()) if way.whole else graph, folder, name="fuzzed")
    (folder / "fuzzed.c").write_text(spoiled((folder / "fuzzed.c").read_text()))
    streams = "fuzzed_step" in (folder / "fuzzed.h").read_text()
    defined = (*way.options, f"-DFUZZED_STREAMS={int(streams)}", f"-DFUZZED_WHOLE={int(way.whole)}", f"-I{folder}")
    done = _build(found, folder, (str(HERE / "harness.c"), "fuzzed.c"), defined)
    if done.returncode:
        raise RuntimeError(done.stderr)
    done = subprocess.run(found.command(folder / "fuzzer", seed, seconds), capture_output=True, text=True, cwd=folder)
    said = re.search(r"executions (\d+)|Done (\d+) runs", done.stdout + done.stderr)
    executions = int(said[1] or said[2]) if said else 0
    wrong = (f"{case.name}, {way.name}: {_told(done.stderr)} ({folder})",) if done.returncode or not said else ()
    return Outcome({f"{case.name}, {way.name}": executions}, wrong)


def _told(errors: str) -> str:
    """Return the error from its first line on: libFuzzer tells of its progress before, and of the stack behind it."""
    first = re.search(r"^.*(ERROR|runtime error)", errors, re.MULTILINE)
    return errors[first.start() :][:3000] if first else errors[-3000:]


def _build(
    found: Engine, folder: Path, sources: tuple[str, ...], defined: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    """Build sources, which are watched, and what calls them, which is not."""
    done = _run([found.compiler, *FLAGS, *found.watched, *defined, "-c", *sources], folder)
    if done.returncode:
        return done
    objects = [f"{Path(source).stem}.o" for source in sources]
    return _run([found.compiler, *FLAGS, *found.linked, *objects, "-o", "fuzzer"], folder)


def _run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
