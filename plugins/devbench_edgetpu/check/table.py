"""Prints the table of operations, limits and evidence as the page docs/edgetpu-operations.md.

uv run python -m devbench_edgetpu.check.table > docs/edgetpu-operations.md
"""

from __future__ import annotations

import sys

from devbench_edgetpu.check.evidence import Evidence, Fate, Limit, seen
from devbench_edgetpu.check.operations import OPERATIONS

_HEAD = """# What the Edge TPU maps, and how we know

Printed from the table that `devbench check` uses (`plugins/devbench_edgetpu/check/operations.py`). Issues are those of
github.com/google-coral/edgetpu.

| word | meaning |
|---|---|
| documented | in Coral's table of supported operations, or in its model requirements |
| seen mapped, seen left | in files that Google published before and after compiling |
| reported | in a public report, with the compiler's log |
| from memory | from memory, not from a source |

An operation beyond a limit stays on the CPU. Where that is not known, `devbench check` gives a range. An operation that
is not in this table stays on the CPU. “Seen mapped” counts different operations (kind, sizes, options), the files that
they are in, and the values of the largest tensor.

| operation | runtime | rests on | seen mapped | limits |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page, as Markdown."""
    return _HEAD + "".join(f"{_row(name)}\n" for name in OPERATIONS)


def _row(name: str) -> str:
    kind = OPERATIONS[name]
    found = seen().get(name)
    shown = f"{found.mapped} in {found.files} files, up to {found.largest:,}" if found and found.mapped else ""
    rests = f"{kind.evidence}: {kind.source}" + (
        "; not known whether it is mapped" if kind.fate is Fate.UNKNOWN else ""
    )
    limits = "; ".join(_limit(one) for one in kind.limits)
    since = f"{kind.since}" if kind.since else ""
    return f"| {name} | {since} | {rests} | {shown} | {limits} |"


def _limit(limit: Limit) -> str:
    source = "" if limit.evidence is Evidence.DOCUMENTED else f": {limit.source}"
    beyond = "; beyond it: not known" if limit.fate is Fate.UNKNOWN else ""
    return f"{limit.rule} ({limit.evidence}{source}{beyond})"


if __name__ == "__main__":
    sys.stdout.write(page())
