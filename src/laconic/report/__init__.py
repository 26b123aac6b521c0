"""Reports to look at: one self-contained HTML file, with figures, that can be forwarded as it is.

`render_compression` turns what `laconic compress` measured into such a page; `write_report` writes a page of
several `Section`s, such as the stops of `laconic tour`. `plot_codes`, `plot_evidence`, `plot_atoms`, `plot_code_map`,
`plot_linked_atoms` and the other plots draw what the sparse solvers, factorisations and dictionaries return.
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
from laconic.report.deployment import deployment_section, plot_flash, plot_instructions
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
from laconic.report.planning import network_name, planning_section, plot_front
from laconic.report.ranks import plot_approximation, plot_spectra
from laconic.report.records import Epoch, MethodRow
from laconic.report.section import Cell, Column, Figure, Part, Section, Table, TableRow, Term
from laconic.report.seeds import plot_seeds, seeds_section
from laconic.report.sensors import (
    Accuracy,
    Sample,
    Sensor,
    SensorsSummary,
    plot_linked_atoms,
    plot_missing,
    plot_noise,
    plot_reconstructed_images,
    plot_reconstructions,
    plot_sensor_accuracy,
    plot_sensor_codes,
    plot_use,
    read_sensors,
    sensors_section,
)

__all__ = [
    "Accuracy",
    "Cell",
    "Codes",
    "Column",
    "Epoch",
    "Figure",
    "Image",
    "MethodRow",
    "NMFSummary",
    "Part",
    "Sample",
    "Section",
    "Sensor",
    "SensorsSummary",
    "Table",
    "TableRow",
    "Term",
    "codes_section",
    "compression_section",
    "deployment_section",
    "network_name",
    "nmf_section",
    "planning_section",
    "plot_approximation",
    "plot_atoms",
    "plot_code_map",
    "plot_codes",
    "plot_evidence",
    "plot_flash",
    "plot_front",
    "plot_instructions",
    "plot_linked_atoms",
    "plot_maps",
    "plot_missing",
    "plot_noise",
    "plot_objective",
    "plot_profiles",
    "plot_rank",
    "plot_reconstructed_images",
    "plot_reconstructions",
    "plot_seeds",
    "plot_sensor_accuracy",
    "plot_sensor_codes",
    "plot_signal",
    "plot_spectra",
    "plot_stability",
    "plot_support",
    "plot_top_features",
    "plot_use",
    "read_codes",
    "read_nmf",
    "read_sensors",
    "render_compression",
    "render_report",
    "seeds_section",
    "sensors_section",
    "write_report",
]
