"""Time to the objective that scikit-learn's NMF reaches in 200 iterations, for laconic.SparseNMF(prior=None) and peers.

    python benchmarks/nmf_speed.py --data FOLDER

The target of a data set is the smaller |X - CD|^2 of scikit-learn's solvers "cd" and "mu" after 200 iterations. Made-up
data are of as many parts as are fitted, except for text of half as many topics. There the two solvers end in different
minima, so that it is looked at again how long it takes to within a ten-thousandth of the target. For every contender
the least number of iterations that reaches it is looked for first; then that whole call is timed, from the arrays of
the data to codes and dictionary, all contenders in turn, several times. All begin with the dictionary of scikit-learn's
"nndsvda", and with its codes, except SPAMS, which takes none. Every data set and number of threads has a process of its
own, without OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE, which some machines set and which slow down all. torchnmf and SPAMS
are measured where they are installed. Prints the table, writes it to benchmarks/results/.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.decomposition import NMF
from sklearn.decomposition._nmf import _initialize_nmf  # no public function returns a start
from sklearn.feature_extraction.text import TfidfTransformer
from threadpoolctl import threadpool_info

import laconic
from laconic.cli.machine import machine
from laconic.datasets import make_factors, make_topics

RESULTS = Path(__file__).parent / "results"
TARGET_ITERATIONS, MOST = 200, 2000
SLACK, NEAR = 1e-9, 1e-4
"""Share of the target by which it may be missed: by sums in another order; where methods end in different minima, which
differ by less than `NEAR` and by luck."""
PATIENCE = 2.0
"""How many times the target's own seconds the search for a peer's iterations may take before it is given up."""


@dataclass(frozen=True)
class Pair:
    """Codes C (n, k) and dictionary D (k, p)."""

    codes: Any
    rows: Any


@dataclass(frozen=True)
class Case:
    """Data, and the pair to begin with."""

    words: str
    X: Any
    start: Pair
    slack: float = SLACK

    @property
    def k(self) -> int:
        return len(self.start.rows)

    def error(self, pair: Pair) -> float:
        """Return |X - CD|^2, summed in float64."""
        C, D = (np.asarray(part, np.float64) for part in (pair.codes, pair.rows))
        if scipy.sparse.issparse(self.X):
            return float(self._energy() - 2 * np.sum((self.X @ D.T) * C) + np.sum((C.T @ C) * (D @ D.T)))
        parts = np.array_split(np.arange(len(C)), max(1, self.X.size // 2**24))
        return float(sum(np.sum((self.X[i] - C[i] @ D) ** 2) for i in parts))

    def relative(self, error: float) -> float:
        return float(np.sqrt(error / self._energy()))

    def _energy(self) -> float:
        values = self.X.data if scipy.sparse.issparse(self.X) else self.X
        return float(np.einsum("i,i->", values.ravel(), values.ravel(), dtype=np.float64))


# Data ---------------------------------------------------------------------------------------------------------------


def faces(dtype: Any, folder: Path | None, smoke: bool) -> Case | None:
    path = (folder or Path()) / "faces_cbcl.npz"
    if not path.is_file():
        return None
    with np.load(path) as data:
        X = data["X"].reshape(len(data["X"]), -1).astype(dtype) / 255
    X = X[:300] if smoke else X
    return case(f"faces {X.shape[0]:,} x {X.shape[1]}", X, 5 if smoke else 49)


def text(dtype: Any, folder: Path | None, smoke: bool, n_topics: int = 40) -> Case:
    size = (300, 500) if smoke else (20_000, 20_000)
    counts = make_topics(*size, n_topics=n_topics, length=150, random_state=0).X
    X = scipy.sparse.csr_array(TfidfTransformer(sublinear_tf=True).fit_transform(counts)).astype(dtype)
    share = 100 * X.nnz / (X.shape[0] * X.shape[1])
    words = f"tf-idf of made-up text, {n_topics} topics, {X.shape[0]:,} x {X.shape[1]:,}, CSR, {share:.2g} % stored"
    return case(words, X, 5 if smoke else 40)


def near(dtype: Any, folder: Path | None, smoke: bool) -> Case:
    one = text(dtype, folder, smoke, n_topics=20)
    return replace(one, words=f"{one.words}, within {NEAR:.2%} of the target", slack=NEAR)


def dense(dtype: Any, folder: Path | None, smoke: bool) -> Case:
    size, k = ((300, 60), 5) if smoke else ((20_000, 2000), 50)
    X = make_factors(*size, k, 5, snr=10.0, random_state=0).X.astype(dtype)
    return case(f"planted, 10 dB {X.shape[0]:,} x {X.shape[1]:,}", X, k)


def case(words: str, X: Any, k: int) -> Case:
    codes, rows = _initialize_nmf(X, k, init="nndsvda", random_state=0)
    return Case(f"{words}, {X.dtype}, k = {k}", X, Pair(codes.astype(X.dtype), rows.astype(X.dtype)))


CASES = {
    "faces64": partial(faces, np.float64),
    "faces32": partial(faces, np.float32),
    "text64": partial(text, np.float64),
    "crowded64": partial(text, np.float64, n_topics=20),
    "near64": partial(near, np.float64),
    "dense32": partial(dense, np.float32),
}


# Contenders ---------------------------------------------------------------------------------------------------------


def by_laconic(case: Case, start: Pair, n: int, watch: Any = None) -> Pair:
    model = laconic.SparseNMF(
        case.k, prior=None, init=(start.codes, start.rows), tol=0.0, max_iter=n, on_iteration=watch
    )
    codes = model.fit_transform(case.X)
    return Pair(codes, model.components_)


def by_sklearn(solver: str, case: Case, start: Pair, n: int) -> Pair:
    model = NMF(case.k, solver=solver, init="custom", tol=0, max_iter=n)
    codes = model.fit_transform(case.X, W=start.codes.copy(), H=start.rows.copy())
    return Pair(codes, model.components_)


def by_torchnmf(case: Case, start: Pair, n: int) -> Pair:
    import torch
    from torchnmf import nmf

    torch.set_default_dtype(getattr(torch, str(case.X.dtype)))
    model = nmf.NMF(W=torch.from_numpy(start.rows.T.copy()), H=torch.from_numpy(start.codes.copy()))
    model.fit(_tensor(torch, case.X), beta=2, tol=-np.inf, max_iter=n)
    return Pair(model.H.detach().numpy(), model.W.detach().numpy().T)


def _tensor(torch: Any, X: Any) -> Any:
    if not scipy.sparse.issparse(X):
        return torch.from_numpy(X)
    X = X.tocoo()
    return torch.sparse_coo_tensor(np.stack(X.coords), X.data, X.shape, check_invariants=False)


def by_spams(case: Case, start: Pair, n: int) -> Pair:
    spams = _spams()
    signals, rows = np.asfortranarray(case.X.T), start.rows / np.linalg.norm(start.rows, axis=1, keepdims=True)
    threads = int(os.environ["OMP_NUM_THREADS"])
    common = {"lambda1": 0.0, "mode": 2, "numThreads": threads}
    D = spams.trainDL(
        signals, D=np.asfortranarray(rows.T), posD=True, posAlpha=True, iter=n, verbose=False, clean=False, **common
    )
    codes = spams.lasso(signals, D=D, pos=True, **common)
    return Pair(codes.toarray().T, D.T)


def _spams() -> Any:
    """Load SPAMS; its own BLAS is an old one, which may need what the others run better without."""
    kept = {key: os.environ[KEPT + key] for key in SLOWING if KEPT + key in os.environ}
    os.environ.update(kept)
    import spams

    for key in kept:
        del os.environ[key]
    return spams


LACONIC, CD, MU, TORCH, SPAMS = "laconic", "scikit-learn cd", "scikit-learn mu", "torchnmf", "SPAMS trainDL"
CONTENDERS: dict[str, Callable[..., Pair]] = {
    LACONIC: by_laconic,
    CD: partial(by_sklearn, "cd"),
    MU: partial(by_sklearn, "mu"),
    TORCH: by_torchnmf,
    SPAMS: by_spams,
}


def unavailable(name: str, case: Case) -> str | None:
    module = {TORCH: "torchnmf", SPAMS: "spams"}.get(name)
    if module and find_spec(module) is None:
        return "not installed"
    return "takes no sparse matrix" if name == SPAMS and scipy.sparse.issparse(case.X) else None


@dataclass(frozen=True)
class Timing:
    """Seconds of a call by the clock and of the processor, and the objective that it has reached."""

    wall: float
    processor: float
    error: float


# Iterations to the target -------------------------------------------------------------------------------------------


class Enough(Exception):  # noqa: N818, no error: the target is reached
    pass


def by_ticks(case: Case, target: float) -> int | None:
    """Return the least number of iterations whose whole fit reaches the target, from what the fit says of itself."""
    share, last = target / case._energy(), 0

    def watch(tick: Any) -> None:
        nonlocal last
        last = tick.iteration
        if tick.objective <= share:
            raise Enough

    try:
        by_laconic(case, case.start, MOST, watch)
        return None
    except Enough:
        return least(lambda n: case.error(by_laconic(case, case.start, n)) <= target, 0, last + 5)


def by_steps(run: Callable[..., Pair], case: Case, target: float, patience: float) -> int | None:
    """Return it for a method without memory: stopping and going on is as good as having gone on."""
    pair, done, begun, stride = case.start, 0, time.perf_counter(), 10
    while done < MOST and time.perf_counter() - begun < patience:
        new = run(case, pair, stride)
        if case.error(new) <= target and stride == 1:
            return done + 1
        if case.error(new) <= target:
            stride = 1
        else:
            pair, done = new, done + stride
    return None


def by_doubling(run: Callable[..., Pair], case: Case, target: float, patience: float) -> int | None:
    """Return it, within a tenth, for a method that has to begin anew each time."""
    n, begun = 10, time.perf_counter()
    while case.error(run(case, case.start, n)) > target:
        n *= 2
        if time.perf_counter() - begun > patience:
            return None
    return least(lambda m: case.error(run(case, case.start, m)) <= target, n // 2, n, max(1, n // 20))


def least(good: Callable[[int], bool], low: int, high: int, near: int = 1) -> int:
    """Return the least number above `low`, and up to `high`, that is good, by bisection; `high` counts as good."""
    while high - low > near:
        middle = (low + high) // 2
        low, high = (low, middle) if good(middle) else (middle, high)
    return high


def iterations(name: str, case: Case, target: float, patience: float) -> int | None:
    if name == LACONIC:
        return by_ticks(case, target)
    return (by_doubling if name == SPAMS else by_steps)(CONTENDERS[name], case, target, patience)


# One process: a data set and a number of threads --------------------------------------------------------------------


def worker(options: argparse.Namespace) -> dict[str, Any] | None:
    case = CASES[options.worker](options.data, options.smoke)
    if case is None:
        return None
    found, target = {}, {}
    for name in (CD, MU):
        target[name] = timed(case, name, TARGET_ITERATIONS)
    best = min(target, key=lambda name: target[name].error)
    goal, patience = target[best].error * (1 + case.slack), max(1.0, PATIENCE * target[best].wall)
    names = {name: unavailable(name, case) for name in CONTENDERS}
    for name in (name for name, why in names.items() if why is None):
        found[name] = iterations(name, case, goal, patience)
    found[best] = found[best] or TARGET_ITERATIONS  # the target is what it has reached by then
    runs = [{name: timed(case, name, n) for name, n in found.items() if n} for _ in range(options.rounds)]
    return {
        "case": case.words,
        "near": case.slack == NEAR,
        "threads": options.threads[0],
        "kernels": sorted({str(one.get("architecture")) for one in threadpool_info() if one["user_api"] == "blas"}),
        "target_by": best,
        "target_relative_error": case.relative(goal),
        "rows": [row(case, name, why, found.get(name), runs, goal, patience) for name, why in names.items()],
    }


def timed(case: Case, name: str, n: int) -> Timing:
    """Time a whole call."""
    begun = time.perf_counter(), time.process_time()
    pair = CONTENDERS[name](case, case.start, n)
    wall, processor = time.perf_counter() - begun[0], time.process_time() - begun[1]
    return Timing(wall, processor, case.error(pair))


def row(
    case: Case, name: str, why: str | None, n: int | None, runs: list[Any], goal: float, patience: float
) -> dict[str, Any]:
    if n is None:
        return {"contender": name, "seconds": None, "why": why or f"not within {patience:.0f} s, or {MOST} iterations"}
    mine, faster = [run[name].wall for run in runs], [ratio(run, name, "wall") for run in runs]
    return {
        "contender": name,
        "iterations": n,
        "seconds": median(mine),
        "seconds_range": [min(mine), max(mine)],
        "processor_seconds": median(run[name].processor for run in runs),
        "times_faster": median(faster),
        "times_faster_range": [min(faster), max(faster)],
        "times_faster_processor": median(ratio(run, name, "processor") for run in runs),
        "reached": all(run[name].error <= goal for run in runs),
        "relative_error": case.relative(runs[-1][name].error),
    }


def ratio(run: dict[str, Timing], name: str, kind: str) -> float:
    """Return the time of the fastest peer over that of a contender in one turn."""
    return min((getattr(one, kind) for peer, one in run.items() if peer != LACONIC)) / getattr(run[name], kind)


def in_process(name: str, threads: int, options: argparse.Namespace) -> dict[str, Any] | None:
    """Run a worker with so many threads, and without what slows BLAS down."""
    environment = {key: value for key, value in os.environ.items() if key not in SLOWING}
    environment |= {KEPT + key: os.environ[key] for key in SLOWING if key in os.environ}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    command = [sys.executable, __file__, "--worker", name, "--threads", str(threads), "--rounds", str(options.rounds)]
    command += ["--data", str(options.data)] if options.data else []
    command += ["--smoke"] if options.smoke else []
    printed = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(printed.splitlines()[-1])


SLOWING, KEPT = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"), "KEPT_"


# Telling ------------------------------------------------------------------------------------------------------------


def markdown(result: dict[str, Any]) -> str:
    about = result["machine"]
    lines = [
        "# Non-negative matrix factorisation: time to a target",
        "",
        f"Seconds until |X - CD|^2 is what the better of scikit-learn's solvers reaches in {TARGET_ITERATIONS} "
        f"iterations, no penalty, whole calls; median of {result['rounds']} turns (least and most in brackets). All "
        "begin with the same dictionary, scikit-learn's nndsvda, and its codes. SPAMS takes no codes; it learns online "
        "from that dictionary, and its codes come from a pass at the end. Times faster: than the fastest "
        "peer, in the same turn; in processor seconds: the same of the time that all threads have worked.",
        "",
        f"`{result['command']}`, laconic {result['laconic']}, {result['date']}; {about['cpu']}, {about['cores']} "
        f"cores, Python {about['python']}, {result['versions']}; starts and data from seed 0; BLAS kernels "
        f"{', '.join(result['kernels'])}.",
        "",
        "| data | threads | contender | iterations | seconds | times faster | in processor seconds | relative error |",
        "|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    lines += [line(part, r) for part in result["parts"] for r in part["rows"]]
    lines += ["", *(f"Without {name}: its file is not in the data folder." for name in result["missing"])]
    return "\n".join([*lines, verdict(result), ""])


def line(part: dict[str, Any], r: dict[str, Any]) -> str:
    head = f"| {part['case']} | {part['threads']} | {r['contender']} |"
    if r["seconds"] is None:
        return f"{head} | {r['why']} | | | |"
    low, high = r["seconds_range"]
    faster = f"{r['times_faster']:.2f} ({r['times_faster_range'][0]:.2f} - {r['times_faster_range'][1]:.2f})"
    seconds = f"{r['seconds']:.3g} ({low:.3g} - {high:.3g})"
    processor = f"{r['times_faster_processor']:.2f} | {r['relative_error']:.5f}"
    return f"{head} {r['iterations']} | {seconds} | {faster} | {processor} |"


def verdict(result: dict[str, Any]) -> str:
    ours = [(part, r) for part in result["parts"] for r in part["rows"] if r["contender"] == LACONIC]
    ratios = [r["times_faster"] for part, r in ours if r["seconds"] is not None and not part["near"]]
    missed = sorted({part["case"] for part, r in ours if r["seconds"] is None})
    if not ratios:
        return ""
    met = "met" if min(ratios) >= 2 and not missed else "not met everywhere"
    words = f"Goal, laconic at least twice as fast as the fastest peer: {met}. Least where it came to the target: "
    return f"{words}{min(ratios):.2f}. {' '.join(f'It did not on {one}.' for one in missed)}".strip()


def main() -> None:
    options = arguments()
    warnings.simplefilter("ignore")
    if options.worker:
        print(json.dumps(worker(options)))
        return
    names = [name for name in CASES if not options.only or name in options.only]
    parts: list[tuple[str, Any]] = []
    for threads in [1] if options.smoke else options.threads:
        for name in names:
            parts.append((name, in_process(name, threads, options)))
            write(results(parts, options), options.out)
    print((options.out / "nmf_speed.md").read_text())


def results(parts: list[tuple[str, Any]], options: argparse.Namespace) -> dict[str, Any]:
    known = [name for name in ("scikit-learn", "torchnmf", "spams-bin", "torch", "numpy", "scipy") if installed(name)]
    return {
        "command": f"python benchmarks/nmf_speed.py --data FOLDER --rounds {options.rounds}",
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": ", ".join(f"{name} {version(name)}" for name in known),
        "rounds": options.rounds,
        "missing": sorted({name for name, part in parts if part is None}),
        "kernels": sorted({kernel for _, part in parts if part for kernel in part["kernels"]}),
        "parts": [part for _, part in parts if part],
    }


def write(result: dict[str, Any], folder: Path) -> None:
    """Write what there is so far."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nmf_speed.json").write_text(json.dumps(result, indent=1) + "\n")
    (folder / "nmf_speed.md").write_text(markdown(result))


def installed(name: str) -> bool:
    try:
        return bool(version(name))
    except ModuleNotFoundError:
        return False


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("LACONIC_DATA"), help="folder with faces_cbcl.npz")
    parser.add_argument("--only", nargs="*", choices=CASES, help="some of the data sets")
    parser.add_argument("--rounds", type=int, default=5, help="turns of all contenders (default 5)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="small data, one thread; give another --out")
    parser.add_argument("--worker", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--threads", nargs="*", type=int, default=[1, 2], help="numbers of threads (default 1 2)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
