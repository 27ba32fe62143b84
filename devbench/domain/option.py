"""What a suite may set for a runtime: which values an option takes, and why it does not take another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from devbench.domain.case import Option

_MOST_THREADS = 1024


@dataclass(frozen=True, kw_only=True)
class OptionSpec:
    """An option of a runtime. Its type is that of its default; write one where there is more to say.

    default: what it is where the suite does not set it. A default of "" beside choices or bounds means "not set".
    choices: the values that it takes; empty for all of its type.
    least, most: the bounds of a number, both of them allowed; None where there is none. A number is a whole one if
        default and bounds are.
    """

    default: Option
    choices: tuple[Option, ...] = ()
    least: int | float | None = None
    most: int | float | None = None

    def problem(self, value: object) -> str:
        """Why it cannot be `value`, to follow its name: "must be a whole number, not 'two'"; "" if it can."""
        if _same(value, self.default):
            return ""
        return self._unfit(value)

    @property
    def mistake(self) -> str:
        """What is wrong with the declaration itself, to follow the option's name; "" if nothing is."""
        bounds = [one for one in (self.least, self.most) if one is not None]
        if isinstance(self.choices, str):
            return f"has the text {self.choices!r} for choices: write a tuple"
        if self.choices and bounds:
            return "has choices and bounds: one of them is enough"
        if any(not _is_number(one) for one in bounds):
            return "has a bound that is not a finite number"
        if self.least is not None and self.most is not None and self.least > self.most:
            return f"has bounds that leave nothing: {self.least} to {self.most}"
        if bounds and self.default != "" and not _is_number(self.default):
            return f"has bounds, and its default {shown(self.default)} is not a number"
        if (self.choices or bounds) and _same(self.default, ""):
            return ""
        return self._unfit(self.default)

    def _unfit(self, value: object) -> str:
        if self.choices:
            fits = any(_same(value, one) for one in self.choices)
            return "" if fits else f"must be {_listed([shown(one) for one in self.choices])}, not {shown(value)}"
        bounds = (self.default, self.least, self.most)
        if numbers := [one for one in bounds if isinstance(one, int | float) and not isinstance(one, bool)]:
            return self._unfit_number(value, whole=all(isinstance(one, int) for one in numbers))
        if isinstance(self.default, bool):
            return "" if isinstance(value, bool) else f"must be true or false, not {shown(value)}"
        return "" if isinstance(value, str) else f"must be text, not {shown(value)}"

    def _unfit_number(self, value: object, *, whole: bool) -> str:
        if not _is_number(value) or (whole and not isinstance(value, int)):
            return f"must be a {'whole ' if whole else ''}number, not {shown(value)}"
        assert isinstance(value, int | float)
        low = self.least is None or value >= self.least
        high = self.most is None or value <= self.most
        return "" if low and high else f"must be {self._range()}, not {shown(value)}"

    def _range(self) -> str:
        if self.least is None or self.most is None:
            return f"{self.least} or more" if self.most is None else f"{self.most} or less"
        return f"from {self.least} to {self.most}"


def spec_of(name: str, declared: Option | OptionSpec) -> OptionSpec:
    """What a runtime declares of the option `name`: a default says the type. `threads` are 1 or more."""
    if isinstance(declared, OptionSpec):
        return declared
    if name == "threads" and isinstance(declared, int) and not isinstance(declared, bool):
        return OptionSpec(default=declared, least=1, most=_MOST_THREADS)
    return OptionSpec(default=declared)


def options_problem(specs: Mapping[str, OptionSpec], given: Mapping[str, object]) -> str:
    """The first of the values `given` that its option does not take, with its name; "" if all are taken."""
    for name, value in given.items():
        if name in specs and (why := specs[name].problem(value)):
            return f"'{name}' {why}"
    return ""


def shown(value: object) -> str:
    """The value as a suite has it, in short."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _same(one: object, other: object) -> bool:
    """True is not 1 here."""
    return type(one) is type(other) and one == other


def _listed(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
