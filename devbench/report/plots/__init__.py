"""Plots of a comparison: latencies, speedups, drift over rounds, and the samples of every case."""

from devbench.report.plots.collect import case_plot, overview_plots, system_number
from devbench.report.plots.data import CaseTrace, Mark, RoundTrace, trace_of
from devbench.report.plots.files import write_plots
from devbench.report.plots.render import Plot, png, svg
from devbench.report.plots.themes import DARK, LIGHT, Theme

__all__ = [
    "DARK",
    "LIGHT",
    "CaseTrace",
    "Mark",
    "Plot",
    "RoundTrace",
    "Theme",
    "case_plot",
    "overview_plots",
    "png",
    "svg",
    "system_number",
    "trace_of",
    "write_plots",
]
