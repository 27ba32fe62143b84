"""What makes the text of each notice, from a night, its cases and their history."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from devbench.domain.night import Night
from devbench.lab.cases import NightCase
from devbench.lab.notify import Renderers
from devbench.report.night.github import annotation_lines, summary
from devbench.report.night.junit import junit_xml
from devbench.report.night.prometheus import prometheus_text
from devbench.report.night.words import headline, terminal_text

if TYPE_CHECKING:
    from devbench.domain.history import Series


def renderers(cases: Sequence[NightCase] = (), series: Sequence[Series] = ()) -> Renderers:
    """Of a night with these cases. series: all that the history has of them, for the morning page."""

    def page(night: Night) -> str:
        from devbench.report.night.page import morning_page

        return morning_page(night, series)

    return Renderers(
        junit=lambda night: junit_xml(night, cases),
        summary=summary,
        annotations=annotation_lines,
        prometheus=lambda night: prometheus_text(night, cases),
        page=page,
        payload=lambda night: payload(night, cases),
    )


def payload(night: Night, cases: Sequence[NightCase]) -> str:
    """The whole night as JSON: `headline` and `text` for people, `night` as night.json has it, and its cases."""
    found = {
        "headline": headline(night),
        "text": terminal_text(night),
        "told": len(night.told),
        "unhealthy": len(night.unhealthy),
        "night": asdict(night),
        "cases": [asdict(one) for one in cases],
    }
    return json.dumps(found, ensure_ascii=False, allow_nan=False) + "\n"
