"""Names of contenders: a method, a rule for its shapes, units of its own."""

import pytest

pytest.importorskip("torch")
from laconic.core.checks import ParameterError
from laconic.rnn.contender import Contender
from laconic.rnn.study import Study, candidates, make_classifier

NAMES = {
    "kronecker": ("kronecker", None, None),
    "kronecker-paper": ("kronecker", "paper", None),
    "kronecker-auto-12": ("kronecker", "auto", 12),
    "lowrank-7": ("lowrank", None, 7),
    "small": ("small", None, None),
}


@pytest.mark.parametrize(("name", "parts"), NAMES.items())
def test_names(name, parts):
    found = Contender.parse("here", name)
    assert (found.method, found.shapes, found.hidden) == parts
    assert found.name == name


@pytest.mark.parametrize(
    "name", ["zip", "kronecker-best", "kronecker-0", "kronecker-3-paper", "lowrank-paper", "small-3", ""]
)
def test_names_of_nothing(name):
    with pytest.raises(ParameterError, match="here: methods must be one of .*'lowrank-32'"):
        Contender.parse("here", name)


def test_contenders_of_one_method_stand_side_by_side():
    """A layer of 40 units has the papers' shapes; in one of 32 a product of the largest rank keeps the same budget."""
    names = ("kronecker-paper", "kronecker-32", "kronecker")
    study = Study(hidden=40, budget=4157, methods=names)
    (dense, paper, narrow, twin), skipped = candidates(study, 28, 10)
    assert not skipped
    assert [one.name for one in (paper, narrow, twin)] == list(names)
    assert [one.account.max_rank for one in (dense, paper, narrow)] == [40, 20, 32]
    assert [one.hidden for one in (dense, paper, narrow)] == [40, 40, 32]
    assert (paper.same_as, narrow.same_as, twin.same_as) == ("", "", "kronecker-paper")
    built = [make_classifier(study, one).get_params() for one in (paper, narrow)]
    assert [one["hidden_size"] for one in built] == [40, 32]
    assert [one["shapes"] for one in built] == ["paper", "auto"]
    assert all(one["method"] == "kronecker" for one in built)
