"""What a board on another machine may answer: its answers are input like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

_MOST_FACTS = 100
Number = Annotated[str, Field(pattern=r"^[0-9]{1,9}\z")]
Text = Annotated[str, Field(max_length=2000)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _Settings(_Answer):
    superuser: bool
    power_mode: tuple[Number, Text] | None
    power_modes: dict[Number, Text]
    nvpmodel_says: Text


class _Heat(_Answer):
    hottest_c: float | None


class _Events(BaseModel):
    overcurrent_events: Number = "0"


_FACTS = TypeAdapter(Annotated[dict[Text, Text], Field(max_length=_MOST_FACTS)])


def checked(what: str, answer: str) -> Mapping[str, Any]:
    """The answer to `what` in JSON; a ValueError where it is not one that `board.py` gives."""
    if what == "settings":
        return _Settings.model_validate_json(answer).model_dump()
    if what == "heat":
        return _Heat.model_validate_json(answer).model_dump()
    facts = _FACTS.validate_json(answer, strict=True)
    _Events.model_validate(facts)
    return facts
