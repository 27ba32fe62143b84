"""What plots are drawn from: plain values."""

from __future__ import annotations

from dataclasses import dataclass

from devbench.compare.traces import RoundsInPhase, RoundTrace, Trace, trace_of_rounds
from devbench.domain.run import CaseRecord

__all__ = ["CaseTrace", "Mark", "RoundTrace", "RoundsInPhase", "SeriesStyle", "trace_of"]


@dataclass(frozen=True)
class SeriesStyle:
    """What a device is drawn with, in every plot. shape: above 0 for another source of the same device."""

    colour: int
    shape: int = 0


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One figure in a plot: milliseconds in the plot of latencies, times faster in the plot of speedups.

    model, device: its row. low, high: its interval; the value itself where there is none.
    published: drawn hollow. rounds: the same figure of each round, if known.
    text: what is written beside it: the figure as tables write it, and a word or two on how far to trust it.
    undecided: nothing follows from it, since a figure that it is made of is contaminated.
    fastest: no other of its model is as fast, and that is shown. row_text: which device is the fastest of its model.
    """

    model: str
    device: str
    look: SeriesStyle
    value: float
    low: float
    high: float
    text: str
    published: bool = False
    rounds: tuple[float, ...] = ()
    undecided: bool = False
    fastest: bool = False
    row_text: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseTrace(Trace):
    """The trace of a case, and how plots show it. look: of its device."""

    model: str
    device: str
    look: SeriesStyle


def trace_of(case: CaseRecord, model: str, device: str, look: SeriesStyle, rounds: RoundsInPhase) -> CaseTrace | None:
    """The trace of a case's rounds; None if there are none. model, device, look: how plots show it."""
    found = trace_of_rounds(case, rounds)
    return CaseTrace(**vars(found), model=model, device=device, look=look) if found else None
