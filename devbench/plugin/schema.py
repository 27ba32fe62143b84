"""What comes from a plugin's process is checked here, and nowhere else: types, finite numbers, lengths, depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Any, Union

from pydantic import ConfigDict, TypeAdapter, ValidationError

from devbench.domain.change import Change
from devbench.plugin.methods import RUN_ROUND, Method

_LONGEST_TEXT = 10_000
_CONFIG = ConfigDict(
    strict=True, allow_inf_nan=False, str_max_length=_LONGEST_TEXT, val_json_bytes="base64", ser_json_bytes="base64"
)


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A `Change` whose `refused` is over there, under this number."""

    setting: str
    text: str
    apply: tuple[tuple[str, ...], ...]
    was: Mapping[str, str]
    answer: str
    lasting: bool
    refused: int

    def __post_init__(self) -> None:
        if not (self.apply and all(self.apply)):
            raise ValueError("a change needs a program that makes it")


@dataclass(frozen=True, kw_only=True)
class Said:
    """An error in a plugin's process, as it was reported. kind: its class in `devbench.errors`."""

    kind: str
    message: str
    hint: str
    phase: str
    log_tail: str


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a plugin brings; each item is looked into alone, so that one which is wrong costs no other."""

    devices: list[Any]
    runtimes: list[Any]
    models: list[Any]
    converters: list[Any]
    hooks: list[str]
    wraps: bool
    problems: list[str]
    notes: list[str]


def decoded(kind: Any, data: bytes) -> Any:
    """The value of type `kind` in `data`; a ValueError says what is wrong with it, and where."""
    try:
        return _adapter(kind).validate_json(b"[%b]" % data)[0]
    except ValidationError as error:
        raise ValueError(_first(error)) from None


def decoded_answer(method: Method, data: bytes, refused: Callable[[int, str], str]) -> Any:
    """What a plugin answered to `method`. refused: asks whether a change was refused, by its number."""
    if not method.gives:
        return None
    kinds = method.types()
    if Change in kinds:
        return [_change(one, refused) for one in decoded(list[_Change], data)]
    if method is RUN_ROUND:
        from devbench.plugin.rounds import decoded_round

        return decoded_round(data)
    kind: Any = Union[tuple(one for one in kinds if one is not NoneType)]  # noqa: UP007 - of as many as there are
    kind = list[kind] if method.many else kind
    return decoded(kind | None if NoneType in kinds else kind, data)


def _change(one: _Change, refused: Callable[[int, str], str]) -> Change:
    return Change(**{**vars(one), "refused": lambda said: refused(one.refused, said)})


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(tuple[kind], config=_CONFIG)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
