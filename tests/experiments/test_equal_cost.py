"""Rivals at equal cost take no more than the reference, and the next larger ones do."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("arm-none-eabi-gcc", "qemu-system-arm", "make"))), reason="needs Arm tools"
)


@pytest.fixture
def found(tmp_path, monkeypatch):
    from laconic.rnn.study import Study

    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "experiments" / "equal_cost"))
    monkeypatch.delitem(sys.modules, "rivals", raising=False)
    import rivals

    task = rivals.Task(Study(cell="lstm", hidden=12, budget=1100), 6, 5, 3)
    return rivals, task, rivals.rivals(task, "kronecker", 12, str(tmp_path)), str(tmp_path)


def test_no_rival_takes_more(found):
    rivals, task, chosen, folder = found
    reference, dense_bytes, low_bytes, dense, low = chosen
    assert max(one.candidate.account.bytes_after for one in (reference, dense_bytes, low_bytes)) <= task.study.budget
    assert max(dense.instructions, low.instructions) <= reference.instructions
    assert rivals.measured(task, dense.candidate, folder) == (dense.instructions, dense.weights)
    account = rivals.candidates(replace(task.study, hidden=dense.candidate.hidden + 1, methods=()), 5, 3)[0][0]
    wider = replace(account, method="small")
    assert rivals.measured(task, wider, folder)[0] > reference.instructions or wider.hidden > task.study.hidden
