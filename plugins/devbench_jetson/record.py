"""Adds to a round how the board was set, and what became of it meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from devbench import Place, Round, RoundError
from devbench_jetson.ask import ask

_MOVING = ("gpu_mhz", "cpu_mhz", "temperatures_c", "throttling", "overcurrent_events", "fan", "board_unknown")


def look(place: Place) -> Mapping[str, str]:
    """All that the board says of itself now; `board_unknown` where it says nothing: a round is worth more than that."""
    try:
        return ask(place, "facts")
    except RoundError as error:
        return {"board_unknown": error.message}


def with_facts(done: Round, before: Mapping[str, str], after: Mapping[str, str]) -> Round:
    """The round with what was seen before it, and with `_end` what was seen after it."""
    about = done.about
    ends = {f"{name}_end": after[name] for name in _MOVING if name in after}
    facts = {**about.facts, **before, **ends}
    throttles = _throttles(before, after)
    if about.conditions is not None and throttles is not None:
        conditions = replace(about.conditions, throttles=(about.conditions.throttles or 0) + throttles)
        about = replace(about, conditions=conditions)
    return replace(done, about=replace(about, facts=facts))


def _throttles(before: Mapping[str, str], after: Mapping[str, str]) -> int | None:
    """How often the board slowed down: by too much current, and once where it was hot before or after."""
    hot = int("throttling" in before or "throttling" in after)
    if "overcurrent_events" in before and "overcurrent_events" in after:
        return hot + int(after["overcurrent_events"]) - int(before["overcurrent_events"])
    return hot or None
