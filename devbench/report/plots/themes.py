"""Colours, markers and hatches: told apart on paper, in grey and by the colour-blind, on light and on dark."""

from __future__ import annotations

from dataclasses import dataclass

from devbench.report.plots.data import SeriesStyle


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours as `#rrggbb`, no two alike, so that a page can put its own in their place.

    series: one per device, in order; after Okabe and Ito, darkened or lightened to stand out from `paper`
        by 3 to 1 or more.
    """

    paper: str
    ink: str
    muted: str
    grid: str
    warm: str
    series: tuple[str, ...]

    def colour_of(self, look: SeriesStyle) -> str:
        """The device's colour."""
        return self.series[look.colour % len(self.series)]

    def named(self) -> dict[str, str]:
        """Every colour by its name on a page: `plot-ink`, `plot-1`..."""
        found = {f"plot-{name}": getattr(self, name) for name in ("paper", "ink", "muted", "grid", "warm")}
        return found | {f"plot-{number}": colour for number, colour in enumerate(self.series, 1)}


LIGHT = Theme(
    paper="#ffffff",
    ink="#1b2126",
    muted="#59636c",
    grid="#dfe4e8",
    warm="#f4e3c1",
    series=("#0072b2", "#c85200", "#00855f", "#a8457f", "#a06a00", "#3b4cc0"),
)
DARK = Theme(
    paper="#12171b",
    ink="#e8ecef",
    muted="#a3afb9",
    grid="#2c353d",
    warm="#453716",
    series=("#56b4e9", "#ff8f4d", "#2fc49a", "#e69ccb", "#e6b450", "#a3b1ff"),
)

# Of other lengths than the colours, so that a pair comes again only after all have been used.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "//", "..", "\\\\", "xx", "--", "++")
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 3)))


def marker_of(look: SeriesStyle) -> str:
    """The device's marker."""
    return MARKERS[(look.colour + look.shape) % len(MARKERS)]


def hatch_of(look: SeriesStyle) -> str:
    """The device's hatch."""
    return HATCHES[(look.colour + look.shape) % len(HATCHES)]
