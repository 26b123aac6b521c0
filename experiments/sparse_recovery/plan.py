"""Which settings and methods each table asks for."""

from dataclasses import dataclass, replace

from cells import Setting

from laconic.datasets.designs import DESIGNS

E_STEPS = ["R-SBL diagonal", "R-SBL LMMSE", "R-SBL GAMP", "R-SBL EP", "R-SBL MCMC"]
OWN = [f"{name}, own marginals" for name in E_STEPS[:2]]
PEERS = ["scipy nnls", "NN-OMP, K known", "Lasso+, oracle"]
PRIORS = ["Student-t sparse NNLS", "GDP sparse NNLS"]
OTHERS = ["SPAMS Lasso+", "scikit-learn ARD (any sign)"]
NOISY = 20.0  # dB


@dataclass(frozen=True)
class Table:
    """A table: a title, its settings across and its methods down."""

    title: str
    settings: list[Setting]
    methods: list[str]


def noiseless(counts: list[int]) -> Table:
    settings = [Setting("iid", count, None) for count in counts]
    return Table("Noiseless, independent normal dictionary", settings, [*E_STEPS, *PEERS, OTHERS[1]])


def noisy(counts: list[int]) -> Table:
    settings = [Setting("iid", count, NOISY) for count in counts]
    return Table("20 dB, independent normal dictionary", settings, [*E_STEPS, *OWN, *PRIORS, *PEERS, *OTHERS])


def designs(n_nonzero: int, snr: float | None) -> Table:
    words = "noiseless" if snr is None else f"{snr:g} dB"
    settings = [Setting(design, n_nonzero, snr) for design in DESIGNS]
    with_noise = [] if snr is None else [*OWN, *PRIORS]  # a prior is weighed by the noise
    return Table(f"Six designs, K = {n_nonzero}, {words}", settings, [*E_STEPS, *with_noise, *PEERS])


def unknown_noise(counts: list[int]) -> Table:
    settings = [Setting(design, count, NOISY) for design in ("iid", "absolute", "ar") for count in counts]
    methods = [name + end for name in E_STEPS[:2] for end in ("", ", noise auto")]
    return Table("Noise known and noise estimated, 20 dB", settings, methods)


FULL = [
    noiseless(list(range(10, 55, 5))),
    noisy([10, 20, 30, 40, 50]),
    designs(40, None),
    designs(30, NOISY),
    unknown_noise([10, 30]),
]


def smoke() -> list[Table]:
    """The same tables, each with one small setting."""
    return [
        replace(table, settings=[replace(setting, n=16, m=32, n_nonzero=3) for setting in table.settings[-1:]])
        for table in FULL
    ]
