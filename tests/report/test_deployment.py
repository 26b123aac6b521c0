"""The section on a model in C: what it says, which columns it shows, and its pictures."""

from laconic.report import deployment_section, plot_flash, plot_instructions, render_report


def row(method, weights, **more):
    return {"method": method, "weight_bytes": weights, "state_bytes": 1048, "macs_per_step": 1280} | more


RUN = {"sequences": 64, "steps": 8, "code_bytes": 4692, "flash_bytes": 7676, "ram_bytes": 1352,
       "instructions_per_sequence": 84_880.0, "instructions_per_step": 10_610.0, "largest_difference": 1.9e-6,
       "accuracy": None}  # fmt: skip


def metrics(*rows, title="Cortex-M4"):
    return {"title": title, "target": "cortex-m4", "name": "tiny", "rows": list(rows), "date": "today"}


def test_a_run_is_told():
    section = deployment_section(metrics(row("kronecker-32", 2984, **RUN), row("dense", 22_312, **RUN)))
    assert section.title == "C for Cortex-M4"
    assert section.finding == (
        "Kronecker: 2.91 KB of weights and 1.02 KB of state, 10,610 instructions a step on Cortex-M4; "
        "dense 21.79 KB and 10,610 instructions."
    ).replace(" KB", "\N{NO-BREAK SPACE}KB")
    part = section.parts[0]
    headings = [column.title for column in part.table.columns]
    assert headings == ["Model", "Weights", "State", "Code", "Multiply-adds", "Instructions", "Difference"]
    assert [cell.text for cell in part.table.rows[0].cells][-2:] == ["10,610", "2e-06"]
    assert [line.cells[0].detail for line in part.table.rows] == ["32", ""]
    assert len(part.figures) == 2
    assert "64 sequences of 8 steps" in [term.text for term in section.parts[1].terms]


def test_whole_numbers_are_told_from_floats():
    rows = [row("kronecker-int8", 884, **RUN | {"largest_difference": 0.0}), row("kronecker", 2984, **RUN)]
    section = deployment_section(metrics(*rows, row("dense", 22_312, **RUN)))
    assert section.finding.startswith("Kronecker, int8: 884")
    assert "; in floats 2.91" in section.finding
    assert "; dense 21.79" in section.finding
    assert section.parts[0].table.rows[0].cells[-1].text == "0"
    labels = [text.get_text() for text in plot_flash(rows).axes[0].get_yticklabels()]
    assert labels == ["Kronecker, int8", "Kronecker"]


def test_what_was_not_run_is_left_out():
    section = deployment_section(metrics(row("lowrank", 2984)))
    assert [column.title for column in section.parts[0].table.columns] == ["Model", "Weights", "State", "Multiply-adds"]
    assert len(section.parts[0].figures) == 1
    assert "instructions" not in section.finding


def test_names_are_untrusted():
    page = render_report([deployment_section(metrics(row("<script>alert(1)</script>", 10), title="<b>here</b>"))])
    assert "<script>alert" not in page
    assert "<b>here" not in page


def test_bars_are_as_long_as_the_figures():
    rows = [row("kronecker", 3000, **RUN), row("dense", 22_000, **RUN)]
    weights, code = plot_flash(rows).axes[0].containers
    assert [bar.get_width() for bar in weights] == [3000, 22_000]
    assert [bar.get_x() + bar.get_width() for bar in code] == [7692, 26_692]
    assert [bar.get_width() for bar in plot_instructions(rows).axes[0].containers[0]] == [10_610, 10_610]
