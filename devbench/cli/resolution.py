"""`devbench doctor --resolution`: what this machine can show now."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from devbench.cli.setup import open_context
from devbench.domain.between_runs import BetweenRuns, spread_of
from devbench.domain.check import Check
from devbench.machine.resolution import Resolution, measure_resolution
from devbench.models.cache import cache_folder
from devbench.report.resolution import checks
from devbench.run.context import RunContext
from devbench.run.progress import Progress
from devbench.run.slots import find_places
from devbench.store.resolutions import EarlierResolution, Resolutions
from devbench.worker import facts


def find_resolution() -> tuple[Resolution, list[Check]]:
    """Measure, and keep what was found for other hours. Raises DevbenchError."""
    context, _ = open_context(Progress())
    here = facts.machine()
    known = Resolutions(cache_folder() / "resolution", here)
    earlier = known.read()
    print("measuring for about a minute; leave the machine alone", file=sys.stderr, flush=True)
    found = measure_resolution(spread_of(_between_runs(context, here)))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        known.add(EarlierResolution(at_utc=now, run=found.run, others_cores=found.others_cores))
    except OSError as error:
        print(f"not remembered for other hours: {error}", file=sys.stderr)
    return found, checks(found, earlier)


def _between_runs(context: RunContext, here: dict[str, str]) -> BetweenRuns:
    """That of the place on this machine which most runs are known of."""
    names = {
        (place.device, place.name)
        for device in context.plugins.registry.devices.values()
        for place in find_places(device, context.lab)[0]
        if not place.ssh
    }
    known = [context.earlier.at_place(device, name, here) for device, name in sorted(names)]
    return max(known, key=lambda one: one.runs, default=context.earlier.at_place("", "", here))
