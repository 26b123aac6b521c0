"""Reports to look at: one self-contained HTML file, with figures, that can be forwarded as it is.

`render_compression` turns what `laconic compress` measured into such a page; `write_report` writes a page of
several `Section`s, such as the stops of `laconic tour`. `plot_codes`, `plot_evidence`, `plot_atoms`, `plot_code_map`
and the other plots draw what the sparse solvers and factorisations return.
"""

from laconic.report.codes import (
    Codes,
    Image,
    codes_section,
    plot_codes,
    plot_evidence,
    plot_maps,
    plot_signal,
    plot_support,
    read_codes,
)
from laconic.report.compression import compression_section
from laconic.report.html import render_compression, render_report, write_report
from laconic.report.nmf import (
    NMFSummary,
    nmf_section,
    plot_atoms,
    plot_code_map,
    plot_objective,
    plot_profiles,
    plot_rank,
    plot_stability,
    plot_top_features,
    read_nmf,
)
from laconic.report.records import Epoch, MethodRow
from laconic.report.section import Cell, Column, Figure, Part, Section, Table, TableRow, Term

__all__ = [
    "Cell",
    "Codes",
    "Column",
    "Epoch",
    "Figure",
    "Image",
    "MethodRow",
    "NMFSummary",
    "Part",
    "Section",
    "Table",
    "TableRow",
    "Term",
    "codes_section",
    "compression_section",
    "nmf_section",
    "plot_atoms",
    "plot_code_map",
    "plot_codes",
    "plot_evidence",
    "plot_maps",
    "plot_objective",
    "plot_profiles",
    "plot_rank",
    "plot_signal",
    "plot_stability",
    "plot_support",
    "plot_top_features",
    "read_codes",
    "read_nmf",
    "render_compression",
    "render_report",
    "write_report",
]
