"""Checksums inside run.json, of each case and of the rest: against damage and careless edits, not against forgery.

A seal is the SHA-256 of a value as canonical JSON, so a file that was only formatted again keeps its checksums.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

SEAL = "sha256"  # the key that holds it, in each case and in the run


def seal_of(value: Any) -> str:
    """The seal of a JSON value; what it says under the key of the seal itself does not count."""
    told = {key: one for key, one in value.items() if key != SEAL} if isinstance(value, dict) else value
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def seal_of_run(document: Mapping[str, Any]) -> str:
    """The seal of a whole run.json: of its cases it covers which there are, by their seals, and in which order."""
    return seal_of({**document, "cases": [case[SEAL] for case in document["cases"]]})


def broken_seals(document: Mapping[str, Any]) -> Iterator[str]:
    """What was changed in a run.json since devbench wrote it, by its seals; nothing if all hold."""
    cases = document["cases"]
    unsealed = [case for case in cases if SEAL not in case]
    for case in cases:
        if SEAL not in case or case[SEAL] != seal_of(case):
            yield f"the record of {case['id']}"
    if not unsealed and document.get(SEAL) != seal_of_run(document):
        yield "the record of the run"
