"""Finds the shortest way from what is there to what a runtime loads, in the precision asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from devbench.plugin.calls import KnownConverter

FLOAT = "float32"
_LONGEST = 4  # source, float, quantized, and one more for a runtime with a format of its own


@dataclass(frozen=True, kw_only=True)
class Form:
    """A format and the precision of the network in it."""

    format: str
    precision: str

    @property
    def ending(self) -> str:
        """How the name of its file ends: `onnx-symmetric` is ONNX, too."""
        return self.format.partition("-")[0]

    def __str__(self) -> str:
        return f"{self.format} ({self.precision})"


@dataclass(frozen=True, kw_only=True)
class Way:
    """Converters in their order, and the form after each; none where the source is right as it is."""

    converters: tuple[KnownConverter, ...] = ()
    forms: tuple[Form, ...] = ()


def ways(start: Form, formats: Sequence[str], precision: str, converters: Iterable[KnownConverter]) -> list[Way]:
    """Every way, shortest first, then by the order of `formats` and of the converters; none if there is none.

    precision: "" is the one that the source has.
    """
    known = list(converters)
    wanted = precision or start.precision
    found = [
        way
        for way in _from(start, (), (start,), known)
        if _last(way, start).format in formats and _last(way, start).precision == wanted
    ]
    return sorted(found, key=lambda way: (len(way.converters), formats.index(_last(way, start).format)))


def _last(way: Way, start: Form) -> Form:
    return way.forms[-1] if way.forms else start


def _from(
    form: Form, taken: tuple[KnownConverter, ...], passed: tuple[Form, ...], known: Sequence[KnownConverter]
) -> Iterator[Way]:
    """The ways that go on from `form`, which is the last that was passed; the first is the source."""
    yield Way(converters=taken, forms=passed[1:])
    if len(taken) == _LONGEST:
        return
    for one in known:
        for after in _after(form, one):
            if after not in passed:
                yield from _from(after, (*taken, one), (*passed, after), known)


def _after(form: Form, converter: KnownConverter) -> Iterator[Form]:
    """What it makes of a network in `form`."""
    if form.format not in converter.takes:
        return
    if converter.quantizes and form.precision == FLOAT:
        yield from (Form(format=converter.gives, precision=one) for one in converter.precisions)
    elif not converter.quantizes and form.precision in converter.precisions:
        yield Form(format=converter.gives, precision=form.precision)
