"""The `nights:` of lab.yaml as types: what a night is to do, until when, and whom it tells."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from devbench.domain.lab import Gold, Nights, Recovery
from devbench.domain.notice import Notice
from devbench.suites.durations import seconds_of
from devbench.suites.programs import Command, TextPath, path_at, words_at
from devbench.suites.strict import Strict, known_in, one_or_several, refuse_unknown

_HOUR_MIN = 60
_DAY_MIN = 24 * 60


def _clock(value: Any) -> Any:
    """YAML reads 22:00 without quotes as the number of minutes that it is."""
    if type(value) is not int:
        return value
    return f"{value // 60:02d}:{value % 60:02d}" if _HOUR_MIN <= value < _DAY_MIN else str(value)


def _time_of_day(value: str) -> str:
    if not re.fullmatch(r"([01]?[0-9]|2[0-3]):[0-5][0-9]", value):
        raise PydanticCustomError(
            "bad_name", '{value} is not a time of the clock: write "06:00", in quotes', {"value": repr(value)}
        )
    return value


def _duration(value: str) -> str:
    try:
        seconds_of(value)
    except ValueError as error:
        raise PydanticCustomError("bad_name", "{problem}", {"problem": str(error)}) from error
    return value


TimeOfDay = Annotated[str, BeforeValidator(_clock, json_schema_input_type=str), AfterValidator(_time_of_day)]
Duration = Annotated[str, AfterValidator(_duration)]


class GoldFormat(Strict):
    """The gold case: a model of the catalogue, or any name with the `source` it comes from."""

    model: str
    precision: str = Gold.precision
    source: TextPath | None = None
    runtime: str = Gold.runtime
    slower: Annotated[float, Field(gt=0, le=10)] = Gold.slower

    @model_validator(mode="after")
    def _names_are_known(self, info: ValidationInfo) -> Self:
        known = known_in(info)
        wanted = (
            ("model", self.model if self.source is None else "", known.models),
            ("precision", self.precision, known.precisions),
            ("runtime", self.runtime, tuple(known.options)),
        )
        for what, name, names in wanted:
            if name:
                refuse_unknown(what, name, names)
        return self


class RecoveryFormat(Strict):
    """What may be done in one night to get one place back; `wait` is for it to answer."""

    reboots: Annotated[int, Field(ge=0, le=10)] = Recovery.reboots
    power_cycles: Annotated[int, Field(ge=0, le=10)] = Recovery.power_cycles
    wait: Duration = "5 min"


class NoticeFormat(Strict):
    """One entry of `notify`: exactly one of these, and how long a command may take."""

    junit: TextPath | None = None
    github: str | None = None
    page: TextPath | None = None
    prometheus: TextPath | None = None
    command: Command | None = None
    limit_s: Annotated[float, Field(gt=0, le=3600)] = Notice.limit_s

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [name for name in ("junit", "github", "page", "prometheus", "command") if getattr(self, name)]
        if len(given) != 1:
            raise PydanticCustomError(
                "bad_name", "an entry of notify is one of junit, github, page, prometheus and command"
            )
        if self.github not in (None, "summary"):
            raise PydanticCustomError("bad_name", "'github' can only be summary")
        return self


class NightsFormat(Strict):
    """What every night does."""

    suites: Annotated[list[TextPath], Field(min_length=1), BeforeValidator(one_or_several)]
    gold: GoldFormat | None = None
    until: TimeOfDay | None = None
    folder: TextPath = "nights"
    history: TextPath = "history"
    notify: list[NoticeFormat] = Field(default=[])
    recovery: RecoveryFormat = RecoveryFormat()
    good_nights: Annotated[int, Field(ge=1, le=100)] = Nights.good_nights
    wait: Duration | None = None
    pause: Duration = "15 min"

    @model_validator(mode="after")
    def _suites_are_several(self) -> Self:
        stems = [Path(name).stem for name in self.suites]
        if twice := next((stem for stem in stems if stems.count(stem) > 1), ""):
            raise PydanticCustomError("bad_name", "two of the suites are called '{name}'", {"name": twice})
        return self


NIGHT_KEYS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("nights",): tuple(NightsFormat.model_fields),
    ("gold",): tuple(GoldFormat.model_fields),
    ("recovery",): tuple(RecoveryFormat.model_fields),
    ("notify",): tuple(NoticeFormat.model_fields),
}


def nights_of(nights: NightsFormat, base: Path) -> Nights:
    """The same as a domain type; paths start at `base`."""
    gold, recovery = nights.gold, nights.recovery
    return Nights(
        suites=tuple(path_at(base, name) for name in nights.suites),
        folder=path_at(base, nights.folder),
        history=path_at(base, nights.history),
        gold=None
        if gold is None
        else Gold(
            model=gold.model,
            precision=gold.precision,
            source=_source(gold.source, base) if gold.source else "",
            runtime=gold.runtime,
            slower=gold.slower,
        ),
        until=time.fromisoformat(nights.until.zfill(5)) if nights.until else None,
        notify=tuple(_notice(one, base) for one in nights.notify),
        recovery=Recovery(
            reboots=recovery.reboots, power_cycles=recovery.power_cycles, wait_s=seconds_of(recovery.wait)
        ),
        good_nights=nights.good_nights,
        wait_s=seconds_of(nights.wait) if nights.wait else 0.0,
        pause_s=seconds_of(nights.pause),
    )


def _source(source: str, base: Path) -> str:
    return source if "://" in source else str(path_at(base, source))


def _notice(one: NoticeFormat, base: Path) -> Notice:
    if one.command:
        return Notice(kind="command", command=words_at(base, one.command), limit_s=one.limit_s)
    if one.junit:
        return Notice(kind="junit", path=path_at(base, one.junit))
    if one.page:
        return Notice(kind="page", path=path_at(base, one.page))
    if one.prometheus:
        return Notice(kind="prometheus", path=path_at(base, one.prometheus))
    return Notice(kind="github")
