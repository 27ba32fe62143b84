"""What places share: names that hang on other names, as a USB hub hangs on another; and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from devbench.suites.names import nearest
from devbench.suites.yaml_file import YamlFile, YamlPath

HangsOn = Mapping[str, Sequence[str]]


def all_shared(names: Sequence[str], hangs_on: HangsOn) -> tuple[str, ...]:
    """`names`, and all that these hang on, each once."""
    found: dict[str, None] = {}
    todo = list(names)
    while todo:
        name = todo.pop(0)
        if name not in found:
            found[name] = None
            todo += hangs_on.get(name, ())
    return tuple(found)


def check_shared(file: YamlFile, places: Mapping[int, Sequence[str]], hangs_on: HangsOn) -> None:
    """Complain of names that are given twice or unknown, and of circles. places: what each shares, by its index.

    Where `shares` at the top lists the names, others are unknown. Where it is not there, a name that nobody else has is
    one only if it is another one written differently, as `hub1` for `hub-1`.
    """
    counts = Counter(name for names in places.values() for name in set(names))
    listed = {*hangs_on, *(name for names in hangs_on.values() for name in names)}
    for index, names in places.items():
        for at, name in enumerate(names):
            path: YamlPath = ("places", index, "shares", at)
            twin = next((one for one in counts if one != name and _bare(one) == _bare(name)), "")
            if name in names[:at]:
                file.complain(path, f"'{name}' is given twice")
            elif listed and name not in listed:
                file.complain(path, f"'{name}' is not among the names in 'shares'{nearest(name, sorted(listed))}")
            elif not listed and twin and counts[name] == 1:
                file.complain(path, f"no other place shares '{name}'; did you mean '{twin}'?")
    for name in hangs_on:
        if name in all_shared(hangs_on[name], hangs_on):
            file.complain(("shares", name), f"'{name}' hangs on itself: {_circle(name, hangs_on)}")
    file.raise_mistakes()


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _circle(name: str, hangs_on: HangsOn) -> str:
    """The shortest way from a name back to it."""
    ways = [[name, one] for one in hangs_on[name]]
    while ways:
        way = ways.pop(0)
        if way[-1] == name:
            return " → ".join(way)
        ways += [[*way, one] for one in hangs_on.get(way[-1], ()) if one == name or one not in way]
    return name
