"""An NVIDIA Jetson and its CPU as devices. Untested on real hardware."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import ClassVar

from devbench import Absent, Change, Check, Device, Peak, Place, RoundError, Traits
from devbench_jetson import board
from devbench_jetson.ask import ask
from devbench_jetson.checks import board_checks
from devbench_jetson.settings import changes_for, undo_of

_COOLS_WITHIN_S = 300
_LOOK_EVERY_S = 2.0
_POWER_METERS = ("ina3221", "tegrastats")


class _Board(Device):
    settings: ClassVar[tuple[str, ...]] = ("nvpmodel", "jetson_clocks", "cool_c")

    def discover(self) -> Iterable[Place | Absent]:
        """This machine, if it is a Jetson."""
        found = board.identity(board.tree())
        if not found:
            return [
                Absent(device=self.kind, reason="this machine is not a Jetson; to use one over ssh, add it to lab.yaml")
            ]
        return [Place(name="local", device=self.kind, facts=found)]

    def changes(self, place: Place) -> Iterable[Change]:
        """Power mode and clocks, where lab.yaml asks for them."""
        return changes_for(place)

    def undo(self, setting: str, was: Mapping[str, str]) -> tuple[str, ...]:
        """What puts power mode or clocks back."""
        return undo_of(setting, was)

    def remarks(self, facts: Mapping[str, str]) -> Iterable[str]:
        """That nothing is known of the board, where that is so."""
        if "board_unknown" in facts:
            yield f"The settings of the board are not known: {facts['board_unknown']}."

    def settle(self, place: Place) -> None:
        """Wait until no sensor is hotter than `cool_c`."""
        limit_c = place.settle.get("cool_c")
        if not isinstance(limit_c, int | float):
            return
        deadline_s = time.monotonic() + _COOLS_WITHIN_S
        while (hottest := ask(place, "heat")["hottest_c"]) is not None and hottest > limit_c:
            if time.monotonic() > deadline_s:
                raise RoundError(
                    f"{place.name}: still at {hottest:.1f} °C after {_COOLS_WITHIN_S} s, and cool_c is {limit_c}",
                    "Raise cool_c in lab.yaml, or cool the board.",
                    phase="settle",
                )
            time.sleep(_LOOK_EVERY_S)


class Jetson(_Board):
    """The board's GPU."""

    kind: ClassVar[str] = "jetson"
    runtimes: ClassVar[tuple[str, ...]] = ("tensorrt", "onnxruntime")
    traits: ClassVar[Traits] = Traits(processor="gpu", power_meters=_POWER_METERS)

    def peaks(self, facts: Mapping[str, str]) -> Iterable[Peak]:
        """Of its GPU and memory, by the board."""
        from devbench_jetson.peaks import gpu_peaks

        return gpu_peaks(facts)

    def checks(self) -> Iterable[Check]:
        """Power mode, clocks, throttling and fan of this machine, if it is a Jetson."""
        return board_checks(board.tree()) if board.identity(board.tree()) else ()


class JetsonCpu(_Board):
    """The board's own CPU."""

    kind: ClassVar[str] = "jetson-cpu"
    runtimes: ClassVar[tuple[str, ...]] = ("litert", "tflite-runtime", "onnxruntime")
    traits: ClassVar[Traits] = Traits(power_meters=_POWER_METERS)
