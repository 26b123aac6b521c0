"""Sparse non-negative codes in pictures: coefficients with intervals, evidence, maps, spectra with predictive bands."""

from laconic.report.codes.digest import Digest, read_codes
from laconic.report.codes.plots import plot_codes, plot_evidence, plot_maps, plot_signal, plot_support
from laconic.report.codes.records import Codes, Example, Image, Map
from laconic.report.codes.section import codes_section

__all__ = [
    "Codes",
    "Digest",
    "Example",
    "Image",
    "Map",
    "codes_section",
    "plot_codes",
    "plot_evidence",
    "plot_maps",
    "plot_signal",
    "plot_support",
    "read_codes",
]
