"""Seeded mutations of bytes, text and JSON values, shared by the fuzzers in this folder.

A fuzzer makes one `random.Random(seed)` and passes it to every call, so that a seed always gives the same inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

INTERESTING_BYTES = (
    b"\x00",
    b"\xff",
    b"\n",
    b"\r\n",
    b"\x1b[2J",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b'"',
    b"{",
    b"[",
    b"NaN",
)


def hostile_values() -> list[Any]:
    """Values that a program which reads JSON is seldom ready for; made anew, as some are large."""
    numbers = [0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**30, 10**400, 0.5, -0.0, 1e308, 5e-324]
    not_finite = [float("nan"), float("inf"), float("-inf")]
    texts = ["", " ", "0", "nan", "a\0b", "\ud800", "\x1b[2J", "\u202eabc", "\x9b31m", "=1+1", "x" * 100_000]
    containers = [[], {}, [[]], {"": None}, [0] * 10_000, deep(300)]
    return [None, True, False, *numbers, *not_finite, *texts, *containers]


def deep(levels: int) -> Any:
    """Lists within lists."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def mutated_bytes(random: Random, data: bytes) -> bytes:
    """`data` with one to four changes: a bit, a byte, a piece removed, doubled, moved, or something put in."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        where = random.randrange(len(changed) + 1)
        piece = slice(where, where + random.choice((1, 2, 8, 64, 1024)))
        match random.randrange(6):
            case 0 if changed:
                changed[where % len(changed)] ^= 1 << random.randrange(8)
            case 1 if changed:
                changed[where % len(changed)] = random.randrange(256)
            case 2:
                del changed[piece]
            case 3:
                changed[where:where] = changed[piece]
            case 4:
                moved = changed[piece]
                del changed[piece]
                to = random.randrange(len(changed) + 1)
                changed[to:to] = moved
            case _:
                changed[where:where] = random.choice(INTERESTING_BYTES)
    return bytes(changed)


def mutated_text(random: Random, text: str) -> str:
    """`text` with mutated UTF-8 bytes; what is not UTF-8 any more becomes lone surrogates."""
    return mutated_bytes(random, text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def mutated_json(random: Random, value: Any) -> Any:
    """A copy of `value` in which one place holds something hostile, is missing, doubled, or has another's value."""
    root = [deepcopy(value)]
    holder, key = random.choice(list(_places(root)))
    match random.randrange(6):
        case 0 if isinstance(holder, dict):
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[random.choice(("", "extra", "__class__", str(key) + " "))] = holder.pop(key)
        case 2:
            other_holder, other_key = random.choice(list(_places(root)))
            holder[key] = deepcopy(other_holder[other_key])
        case 3 if isinstance(holder, list) and holder is not root:
            holder.extend([holder[key]] * random.choice((1, 10, 1000)))
        case _:
            holder[key] = random.choice(hostile_values())
    return root[0]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) below `value`."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])
