"""Wrappers around a round, such as power meters: what they add, and that their failure never costs the round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from devbench.domain.case import Case
from devbench.domain.outcome import Round, RoundFacts
from devbench.domain.place import Place
from devbench.errors import DevbenchError
from devbench.plugin.methods import ABANDON, BEGIN, FINISH
from devbench.plugin.plugin import Plugin

Measure = Callable[[Case, Place], Round]


def wrapped(wrappers: Sequence[Plugin], case: Case, place: Place, measure: Measure) -> Round:
    """The round that `measure` gives, with what each wrapper adds; the first one is the outermost."""
    if not wrappers:
        return measure(case, place)
    plugin, inner = wrappers[0], wrappers[1:]
    try:
        number: int = plugin.ask(BEGIN, case, place)
    except DevbenchError as error:
        plugin.pass_over(error)
        return _with_trouble(wrapped(inner, case, place, measure), plugin, error)
    try:
        done = wrapped(inner, case, place, measure)
    except BaseException as error:
        _abandon(plugin, number, error)
        raise
    try:
        return _with_added(done, plugin.ask(FINISH, number, done))
    except DevbenchError as error:
        plugin.pass_over(error)
        return _with_trouble(done, plugin, error)


def _abandon(plugin: Plugin, number: int, error: BaseException) -> None:
    try:
        plugin.ask(ABANDON, number, error)
    except DevbenchError as other:
        plugin.pass_over(other)


def _with_added(done: Round, about: RoundFacts) -> Round:
    """What a wrapper may add: energy, throttling, further facts. All else is as it was measured."""
    conditions = done.about.conditions
    if conditions and about.conditions:
        conditions = replace(conditions, throttles=about.conditions.throttles)
    facts = {**about.facts, **done.about.facts}
    return replace(done, about=replace(done.about, energy_mj=about.energy_mj, conditions=conditions, facts=facts))


def _with_trouble(done: Round, plugin: Plugin, error: DevbenchError) -> Round:
    facts = {**done.about.facts, f"trouble_{plugin.owner.plugin}": plugin.named(error)}
    return replace(done, about=replace(done.about, facts=facts))
