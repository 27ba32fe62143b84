"""Asks for work and peaks, and hands both to the arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from devbench.domain.figure import Figure
from devbench.domain.limits import DeviceLimit, Limit, Peak, Streamed
from devbench.limits.walls import limit_of
from devbench.limits.work import whole, work_of_features, work_of_figure
from devbench.models.features import read_features
from devbench.plugin.calls import KnownDevice
from devbench.stats import Interval

HOW_TO_MEASURE = "Measure them there: `devbench doctor --peaks`."
_OTHERS = "Nobody has measured the peaks of that machine with devbench."


class Limits:
    """devices: by kind. measured: the peaks that `doctor --peaks` has stored of the machine with these facts.

    streamed: what a model file has sent to an accelerator each time, by its kind; None where nobody says.
    """

    def __init__(
        self,
        devices: Mapping[str, KnownDevice],
        measured: Callable[[Mapping[str, str]], Sequence[Peak]],
        streamed: Callable[[str, Path], Streamed | None] = lambda _kind, _path: None,
    ) -> None:
        self._devices = devices
        self._measured = measured
        self._streamed = streamed

    def of(self, figure: Figure) -> Limit | None:
        """The limit of a figure; None of one without a time or rate."""
        if not figure.has_value:
            return None
        work, why = work_of_figure(figure)
        facts = _facts(figure)
        peaks = self._peaks(figure["device"], facts)
        if work is None:
            return Limit(unknown=(why,))
        time_ms = figure.latency_ms or _time_of_rate(figure)
        threads = whole(figure["threads"]) or 0
        batched = figure.latency_ms is None and figure.batch is None
        found = limit_of(work, peaks, time_ms, threads=threads, batched=batched)
        if batched:
            text = "a rate whose batch is not stated: its inputs may have shared what the weights take"
            found = replace(found, assumed=(*found.assumed, text))
        if not any(peak.wall == "compute" for peak in peaks):
            found = replace(found, unknown=(*found.unknown, self._no_peaks(figure["device"], ours=figure.ours)))
        return found

    def of_file(self, path: Path) -> list[DeviceLimit]:
        """The limits of the .tflite file at `path` on every device whose peaks are known. Raises a `ModelError`."""
        features = read_features(path)
        found = []
        for kind in self._devices:
            peaks = self._peaks(kind, {})
            work = work_of_features(features, str(path), self._streamed(kind, path))
            for of in dict.fromkeys(peak.of for peak in peaks) or [""]:
                limit = limit_of(work, [peak for peak in peaks if peak.of == of])
                if not any(peak.wall == "compute" for peak in peaks):
                    limit = replace(limit, unknown=(*limit.unknown, self._no_peaks(kind, ours=True)))
                found.append(DeviceLimit(device=kind, of=of, limit=limit))
        return found

    def known_peaks(self) -> dict[str, list[Peak]]:
        """The peaks of every kind of device, as far as anything is known without one at hand."""
        return {kind: self._peaks(kind, {}) for kind in self._devices}

    def _peaks(self, kind: str, facts: Mapping[str, str]) -> list[Peak]:
        device = self._devices.get(kind)
        if device is None:
            return []
        found = device.peaks(facts)
        if device.traits.processor == "cpu":
            found += self._measured({**facts, "device": kind})
        return found

    def _no_peaks(self, kind: str, *, ours: bool) -> str:
        device = self._devices.get(kind)
        if device is None:
            return f"No plugin here brings {kind}, so its peaks are not known."
        if device.traits.processor != "cpu":
            return f"The peaks of this {kind} are not known: its plugin has none for what is known of it."
        return f"The peaks of this CPU are not known. {HOW_TO_MEASURE}" if ours else f"{_OTHERS} {HOW_TO_MEASURE}"


def _facts(figure: Figure) -> dict[str, str]:
    """What is known of the device: the cells of the row, and what the worker saw."""
    case = figure.case
    seen = case.rounds[0].facts if case and case.rounds else {}
    return {**seen, **{name: cell for name, cell in figure.row.items() if cell}}


def _time_of_rate(figure: Figure) -> Interval | None:
    rate = figure.throughput_per_s
    if rate is None or rate.low <= 0:
        return None
    return replace(rate, low=1000 / rate.high, estimate=1000 / rate.estimate, high=1000 / rate.low)
