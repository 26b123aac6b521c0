"""Reports to look at: one self-contained HTML file, with figures, that can be forwarded as it is.

`render_compression` turns what `laconic compress` measured into such a page; `write_report` writes a page of
several `Section`s, such as the stops of `laconic tour`.
"""

from laconic.report.compression import compression_section
from laconic.report.html import render_compression, render_report, write_report
from laconic.report.records import Epoch, MethodRow
from laconic.report.section import Cell, Column, Figure, Part, Section, Table, TableRow, Term

__all__ = [
    "Cell",
    "Column",
    "Epoch",
    "Figure",
    "MethodRow",
    "Part",
    "Section",
    "Table",
    "TableRow",
    "Term",
    "compression_section",
    "render_compression",
    "render_report",
    "write_report",
]
