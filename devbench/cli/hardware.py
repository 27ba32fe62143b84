"""What is known of the hardware: the peaks of the plugins' devices, and those that were measured on this machine."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from devbench.domain.limits import Streamed
from devbench.errors import DevbenchError
from devbench.limits import Limits
from devbench.plugin.manager import Plugins
from devbench.store.peaks import PeakStore


def hardware_limits(plugins: Plugins) -> Limits:
    """Asked for the limit of a figure or of a file."""
    registry = plugins.registry

    def streamed(kind: str, path: Path) -> Streamed | None:
        """By the first runtime of the device that knows."""
        for name in registry.devices[kind].runtimes:
            runtime = registry.runtimes.get(name)
            if runtime and (found := runtime.streamed(path)):
                return found
        return None

    return Limits(registry.devices, peak_store().of_machine, streamed)


def peak_store() -> PeakStore:
    """The peaks that were measured on this machine, and on others that share its cache."""
    from devbench.models.cache import cache_folder
    from devbench.worker.facts import machine

    return PeakStore(cache_folder() / "peaks", machine())


def measure_and_keep_peaks(*, as_json: bool) -> int:
    """`doctor --peaks`: measure, print, keep. 1 if there is something that could not be measured."""
    from devbench.cli.setup import machine_root, open_context
    from devbench.run.peaks import measure_peaks
    from devbench.run.progress import Progress

    context, rounds = open_context(Progress())
    found = measure_peaks(context.plugins.registry, rounds, context.cache, _tell, machine_root())
    for problem in found.problems:
        print(f"warning: {problem}", file=sys.stderr)
    if found.busy:
        print(f"warning: the machine was busy, so these peaks may be too low: {found.busy}", file=sys.stderr)
    if not found.peaks or not found.facts:
        raise DevbenchError("no peak could be measured", "See `devbench doctor`.")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        file = peak_store().write(found.facts, found.peaks, now)
    except OSError as error:
        raise DevbenchError(
            f"{error.filename}: the peaks cannot be kept: {error.strerror}", "Set DEVBENCH_CACHE to another folder."
        ) from error
    if as_json:
        print(json.dumps([asdict(peak) for peak in found.peaks], indent=2))
    else:
        from devbench.report.limits import peak_text

        for peak in found.peaks:
            print(peak_text(peak))
        print(f"Kept in {file} for `devbench limits`.")
    return 1 if found.problems else 0


def _tell(text: str) -> None:
    print(f"peaks: {text}", file=sys.stderr, flush=True)
