"""What all formats of suites and lab files have in common: strict types, and the names that the plugins know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError

from devbench.domain.case import Option
from devbench.domain.model import PRECISIONS
from devbench.domain.option import OptionSpec
from devbench.suites.names import nearest


class Strict(BaseModel):
    """A mapping of such a file: no other keys, and no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


@dataclass(frozen=True, kw_only=True)
class KnownNames:
    """What the loaded plugins know: models, precisions, runtimes by device, options by runtime as declared, converters.

    wrong_option: why a runtime's option cannot have a value, with both; "" if it can.
    """

    models: tuple[str, ...] = ()
    precisions: tuple[str, ...] = PRECISIONS
    devices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Option | OptionSpec]] = field(default_factory=dict)
    converters: tuple[str, ...] = ()
    wrong_option: Callable[[str, str, Option], str] = lambda _runtime, _name, _value: ""


def known_in(info: ValidationInfo) -> KnownNames:
    """What the names of a file are held against: the context of its validation."""
    known: KnownNames = info.context or KnownNames()
    return known


def refuse_unknown(what: str, name: str, known: tuple[str, ...]) -> None:
    """Raise the mistake that a name is, unless it is one of those known."""
    if name not in known:
        # Names go in as context: a brace in one must not be taken for a placeholder.
        raise PydanticCustomError(
            "unknown_name",
            "unknown {what} '{name}'{nearest}",
            {"what": what, "name": name, "nearest": nearest(name, known)},
        )


def one_or_several(value: Any) -> Any:
    """A text alone as the list that it stands for."""
    return [value] if isinstance(value, str) else value
