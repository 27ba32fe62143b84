"""A laboratory as lab.yaml describes it: its places, what keeps them going, and what a night is to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path

from devbench.domain.notice import Notice
from devbench.domain.place import Place

PlaceKey = tuple[str, str]  # device and place


@dataclass(frozen=True, kw_only=True)
class Upkeep:
    """How a place is reserved and brought back. Nothing is done that is not named here.

    labgrid: its name there, for reserving it; "" for a place that nobody else uses.
    power_off, power_on: commands that are run here; empty where its power cannot be switched.
    power_by_labgrid: labgrid switches it instead.
    reboot: a command that is run over there; empty if it must not be rebooted.
    """

    labgrid: str = ""
    power_off: tuple[str, ...] = ()
    power_on: tuple[str, ...] = ()
    power_by_labgrid: bool = False
    reboot: str = ""

    @property
    def has_power(self) -> bool:
        """Whether its power can be switched."""
        return self.power_by_labgrid or bool(self.power_on)


@dataclass(frozen=True, kw_only=True)
class Gold:
    """The case that tells whether a place is well: a model that everybody knows, never changed.

    source: where its file is; "" for a model of the catalogue. slower: by how much its time may grow above what the
    place's own history has, 0.1 is 10 %.
    """

    model: str
    precision: str = ""
    source: str = ""
    runtime: str = ""
    slower: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What may be done in one night to get one place back. wait_s: for it to answer, after each step."""

    reboots: int = 1
    power_cycles: int = 1
    wait_s: float = 300.0


@dataclass(frozen=True, kw_only=True)
class Nights:
    """What every night does. Paths are absolute.

    folder: of the nights, with the log of health beside them. gold: None where no gold case is wanted.
    until: by this time of the clock the night has ended; None: when all is measured.
    good_nights: after so many in a row a bad place returns. wait_s: for a place that somebody else has reserved.
    pause_s: before a change is measured again, so that it is another time of the night.
    """

    suites: tuple[Path, ...]
    folder: Path
    history: Path
    gold: Gold | None = None
    until: time | None = None
    notify: tuple[Notice, ...] = ()
    recovery: Recovery = field(default_factory=Recovery)
    good_nights: int = 3
    wait_s: float = 0.0
    pause_s: float = 900.0


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The scheduler of `distributed` that hands out what is measured. Without TLS, on the loopback, it has no files."""

    scheduler: str
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Lab:
    """One lab.yaml. upkeep: of the places that need any. nights: None where it names none.

    cluster: None where all is measured from this machine.
    """

    path: Path
    places: tuple[Place, ...]
    upkeep: Mapping[PlaceKey, Upkeep] = field(default_factory=dict)
    nights: Nights | None = None
    labgrid_client: str = "labgrid-client"
    labgrid_coordinator: str = ""
    cluster: Cluster | None = None

    def upkeep_of(self, place: Place) -> Upkeep:
        """What keeps `place` going."""
        return self.upkeep.get((place.device, place.name), Upkeep())
