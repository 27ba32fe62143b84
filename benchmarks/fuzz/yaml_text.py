"""Mutations of YAML: of its bytes, of its values as JSON (which YAML reads too), and of its grammar."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from random import Random

import yaml

from benchmarks.fuzz.mutate import mutated_bytes, mutated_json

PIECES = (
    '!!int ""', "!!int x", "!!bool x", "!!timestamp x", "!!float ''", "!!null x", "!!binary x", "!!set {a}", "!!str",
    "!!omap [a: b]", "!!merge a", "!!python/name:os.system x", "!<tag:x> y", "!%1b y", "! x", '"\\ud800"', '"\\0"',
    '"\\x1b[2J"', '"\\UFFFFFFFF"', '"\\x4', "'", '"', "|", ">", "|9\n", "&a", "*a", "&a [*a]", "<<: {a: b}", "<<: 1",
    "? a", "? [a]", "? {a: b}\n: c", "- ", "-", ":", ": :", "{", "}", "[", "]", ",", "#", "%YAML 9.9\n---\n", "\n---\n",
    "\n...\n", "\t", "\r", "\x85", "\u2028", "\ufeff", "~", "null", "yes", "on", "0b_", "0x_", "0o8", "1_0", "1:30:99",
    "190:20:30.15", "1e999", "-.inf", ".nan", "1e-999", "2024-99-99", "2024-01-01T99:00:00Z", "=", "''", "1", "-1",
    "0.5", "true", "[[]]", "{}", "[]", "{a: {b: {c: d}}}", "a\nb", "..", "/", "~no-such-user/x", "http://[",
    "http://h/a b", "http://h:x/", "https://", "file:///dev/zero", "/dev/zero", "x" * 300, "a/" * 2000,
)  # fmt: skip
LARGE = (
    "0x" + "f" * 4000, "9" * 5000, "1." + "0" * 5000, "[" * 5000, "{a: " * 2000, "- " * 5000, "? " * 3000, "&a " * 3000,
    "[" + "a, " * 9000 + "]", "{" + ", ".join(f"k{k}: 1" for k in range(4000)) + "}", "x" * 60_000,
    "%YAML 1." + "9" * 5000, "!" * 5000, "'" * 20_000, '"' + "\\x41" * 10_000 + '"', "#" * 60_000,
    "\n" * 60_000, ": " * 20_000,
)  # fmt: skip
_VALUE = re.compile(r"(?<=[:,\[{-] )[^\s,\[\]{}#]+")


def mutated_yaml(random: Random, texts: Sequence[str]) -> bytes:
    """A mutation of one of these documents, half of them of the grammar."""
    text = random.choice(texts)
    match random.randrange(4):
        case 0:
            return mutated_bytes(random, text.encode())
        case 1:
            return json.dumps(mutated_json(random, yaml.safe_load(text))).encode()
        case _:
            return _mutated_grammar(random, text).encode("utf-8", "surrogatepass")


def _mutated_grammar(random: Random, text: str) -> str:
    """One to three values replaced by a piece of YAML, or a piece put in between."""
    for _ in range(random.randint(1, 3)):
        piece = random.choice(LARGE if random.random() < 0.05 else PIECES)
        found = list(_VALUE.finditer(text))
        if found and random.random() < 0.7:
            at = random.choice(found)
            text = text[: at.start()] + piece + text[at.end() :]
        else:
            where = random.randrange(len(text) + 1)
            text = text[:where] + piece + text[where:]
    return text
