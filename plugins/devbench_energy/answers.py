"""What a meter may answer: over ssh, it comes from a machine that is trusted no more than any other input."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

_Text = Annotated[str, Field(max_length=200, pattern=r"^[\x20-\x7e]*\z")]
_Seconds = Annotated[float, Field(ge=0, le=1e12)]
_Value = Annotated[float, Field(ge=-1e12, le=1e12)]  # watts, or joules since some time


class _Readings(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    source: _Text
    parts: Annotated[list[_Text], Field(max_length=100)]
    counts: bool
    marks: Annotated[list[_Seconds], Field(max_length=100)]
    readings: Annotated[list[tuple[_Seconds, _Value]], Field(max_length=300_000)]


def checked(answer: str) -> dict[str, Any]:
    """The meter's answer in JSON; a ValueError where it is not one that `meter.py` gives."""
    return _Readings.model_validate_json(answer).model_dump()
