"""What cases are called: by what they are, never by taking their ids apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from devbench.domain.run import CaseRecord


def what_and_where(case: CaseRecord) -> tuple[str, str]:
    """`mobilenet_v1 int8`, and `desktop-cpu local litert threads=1`."""
    return f"{case.model} {case.precision}".rstrip(), " ".join(part for part in _where(case) if part)


def short_case_names(cases: Sequence[CaseRecord]) -> Mapping[str, str]:
    """By id: the model, and no more than it takes to tell the case from the others, as in `a on coral-usb`."""
    found = {case.id: case.model for case in cases}
    if len({case.precision for case in cases}) > 1:
        found = {case.id: f"{case.model} {case.precision}".rstrip() for case in cases}
    if len({case.device for case in cases}) > 1:
        found = {case.id: f"{found[case.id]} on {case.device}" for case in cases}
    counts = Counter(found.values())
    rest = {case.id: _where(case)[1:] for case in cases if counts[found[case.id]] > 1}
    most = max(map(len, rest.values()), default=0)
    for at in range(most):
        parts = {key: one[at] if at < len(one) else "" for key, one in rest.items()}
        if len(set(parts.values())) > 1:
            found |= {key: f"{found[key]} {part}".rstrip() for key, part in parts.items()}
    return found


def _where(case: CaseRecord) -> list[str]:
    return [case.device, case.place, case.runtime, *(f"{name}={value}" for name, value in case.options.items())]
