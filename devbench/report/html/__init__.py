"""report.html: everything about a run, or about published figures, in one file that opens without a network."""

from devbench.report.html.page import html_report

__all__ = ["html_report"]
