import io

import pytest
from report.fake_metrics import fake_metrics
from rich.console import Console

from laconic.cli import table


def test_markdown_is_one_line_a_method_and_aligned():
    lines = table.markdown_table(fake_metrics()).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [line.split()[1] for line in lines[2:]] == ["dense", "kronecker", "hybrid", "lowrank", "pruned", "small"]
    assert "|  4,152 |  4.05 KB |" in lines[3]


@pytest.mark.parametrize(("width", "all_columns"), [(60, False), (120, True)])
def test_a_terminal_shows_what_there_is_room_for(width, all_columns, monkeypatch):
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    monkeypatch.setattr(table, "Console", lambda: console)
    table.print_table(fake_metrics())
    text = console.file.getvalue()
    assert ("MACs" in text) == all_columns
    assert all(words in text for words in ("kronecker", "4,152", "11.03x", "97.37"))
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width


def test_elsewhere_it_is_markdown(capsys):
    table.print_table(fake_metrics())
    assert capsys.readouterr().out == table.markdown_table(fake_metrics())
