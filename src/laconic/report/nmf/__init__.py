"""Factorisations in pictures: parts as images, curves or their largest features, codes, and the course of the fit."""

from laconic.report.nmf.codes import plot_code_map
from laconic.report.nmf.course import plot_objective, plot_rank, plot_stability
from laconic.report.nmf.parts import plot_atoms, plot_profiles, plot_top_features
from laconic.report.nmf.records import NMFSummary, read_nmf
from laconic.report.nmf.section import nmf_section

__all__ = [
    "NMFSummary",
    "nmf_section",
    "plot_atoms",
    "plot_code_map",
    "plot_objective",
    "plot_profiles",
    "plot_rank",
    "plot_stability",
    "plot_top_features",
    "read_nmf",
]
