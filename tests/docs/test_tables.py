"""The tables of the reference say what the library's own tables say."""

import re
from pathlib import Path

from laconic.factorize import SOLVERS
from laconic.priors import PRIORS, PROMISES
from laconic.sbl import ESTEPS
from laconic.sbl.coupling import COUPLINGS
from laconic.sbl.noise import NOISE_RULES

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def rows(page: str, first: str) -> list[list[str]]:
    """Return the rows below the table's head whose first word is `first`, cell by cell, without backticks."""
    text = (REFERENCE / page).read_text("utf-8")
    table = re.search(rf"^\| {first} \|.*\n\| ---.*\n((?:\|.*\n)+)", text, flags=re.MULTILINE)
    assert table is not None, f"{page} has no table that begins with {first}"
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def test_priors_are_those_there_are_and_promise_what_the_page_says():
    table = rows("priors.md", "prior")
    assert [(name, kind) for name, kind, *_ in table] == [(name, kind.__name__) for name, kind in PRIORS.items()]
    for name, _, _, *said in table:
        assert said == ["yes" if name in PROMISES[family] else "no" for family in ("type I", "type II")]


def test_e_steps_are_those_there_are():
    expected = [[name, kind.__name__, kind.summary] for name, kind in ESTEPS.items()]
    assert [row[:3] for row in rows("sbl.md", "e_step")] == expected


def test_noise_rules_are_those_there_are():
    table = dict(rows("sbl.md", "noise"))
    assert {name: table[name] for name in NOISE_RULES} == {name: rule.__name__ for name, rule in NOISE_RULES.items()}


def test_solvers_of_factorisations_are_those_there_are():
    expected = [[name, kind.__name__, kind.summary] for name, kind in SOLVERS.items()]
    assert rows("factorize.md", "solver") == expected


def test_couplings_of_modalities_are_those_there_are():
    assert dict(rows("sbl.md", "coupling")) == {name: kind.__name__ for name, kind in COUPLINGS.items()}
