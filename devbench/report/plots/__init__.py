"""Plots of an overview: latencies, speedups, drift over rounds, and the samples of every case."""

from devbench.report.plots.collect import Plots, case_plot, overview_plots
from devbench.report.plots.data import CaseTrace, Mark, RoundTrace, SeriesStyle, trace_of
from devbench.report.plots.files import write_plots
from devbench.report.plots.layout import NARROW, WIDE, Layout
from devbench.report.plots.marks import looks_of
from devbench.report.plots.render import Plot, png, svg
from devbench.report.plots.themes import DARK, LIGHT, Theme

__all__ = [
    "DARK",
    "LIGHT",
    "NARROW",
    "WIDE",
    "CaseTrace",
    "Layout",
    "Mark",
    "Plot",
    "Plots",
    "RoundTrace",
    "SeriesStyle",
    "Theme",
    "case_plot",
    "looks_of",
    "overview_plots",
    "png",
    "svg",
    "trace_of",
    "write_plots",
]
