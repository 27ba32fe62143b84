"""The gold case at one place: reached, measured, tried again once, and judged."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from devbench.domain.lab import PlaceKey
from devbench.domain.night import GoldResult
from devbench.errors import DevbenchError, RoundError
from devbench.lab.gold import gold_request, judge_gold, keep_gold
from devbench.lab.laboratory import Laboratory, slug
from devbench.lab.recover import boot_id
from devbench.store.folder import RunFolder

TRIES = 2


def try_gold(laboratory: Laboratory, key: PlaceKey, folder: Path, night: str, *, tries: int = TRIES) -> GoldResult:
    """What the gold case says of a place, tried again once where it is not right.

    folder: for its runs. night: what was right is kept as that of this night; "" keeps nothing.
    """
    result = GoldResult(passed=None)
    for number in range(1, tries + 1):
        laboratory.tell(f"{' '.join(key)}: gold case{' again' if number > 1 else ''}")
        result = replace(_once(laboratory, key, folder, night), tries=number)
        if result.passed:
            break
        laboratory.runner.forget(laboratory.place(key))
    return result


def answers(laboratory: Laboratory, key: PlaceKey) -> GoldResult | None:
    """None if a place answers for which there is no gold case; what is in the way if it does not."""
    try:
        boot_id(laboratory.place(key))
    except (RoundError, OSError) as error:
        return GoldResult(passed=None, why=error.message if isinstance(error, RoundError) else str(error), tries=1)
    return None


def _once(laboratory: Laboratory, key: PlaceKey, folder: Path, night: str) -> GoldResult:
    nights, lab = laboratory.nights, laboratory.lab
    assert nights.gold
    path = _free(folder, slug(key))
    request = gold_request(nights.gold, key, lab.path.parent, night)
    try:
        run = laboratory.measure(request, f"{lab.path}: nights: gold", path, group=" ".join(key))
    except DevbenchError as error:
        return GoldResult(passed=None, why=error.message)
    result = judge_gold(run, RunFolder(path), nights.folder, nights.gold, key)
    if result.passed and night:
        with suppress(DevbenchError):
            keep_gold(run, RunFolder(path), nights.folder, key, night)
    return result


def _free(folder: Path, name: str) -> Path:
    number = 1
    while (folder / f"{name}-{number}").exists():
        number += 1
    return folder / f"{name}-{number}"
