"""A night of a laboratory for people and programs: the morning page, JUnit, GitHub, Prometheus, JSON, the terminal."""

from devbench.report.night.renderers import renderers
from devbench.report.night.words import headline, terminal_text

__all__ = ["headline", "renderers", "terminal_text"]
