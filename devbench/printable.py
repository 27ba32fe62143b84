"""Makes text from outside printable: control characters, and marks that reorder or hide text, are spelled out."""

from __future__ import annotations

import re

# C0 and C1 controls, delete, soft hyphen, marks that reorder or hide text, line and paragraph separators, lone
# surrogates, non-characters, tags. Of the marks without a width the two joiners stay: some scripts
# need them.
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")

_LONGEST = 500


def printable(text: str) -> str:
    r"""`text` with every unfit character but tab and newline as `\u001b`: what JSON writes for the same one."""
    return _UNFIT.sub(_spelled, text)


def one_line(text: str) -> str:
    """The same, and on one line."""
    return printable(_BREAKS.sub(" ", text))


def shortened(text: str) -> str:
    """No more of it than a line can take, and nothing that a terminal would obey."""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:_LONGEST])
    return shown if len(text) <= _LONGEST else f"{shown}…"


def _spelled(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number < 1 << 16:
        return f"\\u{number:04x}"
    high, low = divmod(number - (1 << 16), 1 << 10)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
