"""Reads lab.yaml: the places of one laboratory, how each is reached and kept going, and what its nights do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from devbench.domain.lab import Lab, PlaceKey, Upkeep
from devbench.domain.place import Place, Ssh
from devbench.errors import SuiteError
from devbench.ownership import check_ours, sudo_caller
from devbench.suites.cluster import CLUSTER_KEYS, ClusterFormat, cluster_of
from devbench.suites.mistakes import note_mistakes
from devbench.suites.nights import NIGHT_KEYS, NightsFormat, nights_of
from devbench.suites.programs import Command, path_at, program_at, words_at
from devbench.suites.shared import all_shared, check_shared
from devbench.suites.strict import KnownNames, Strict, known_in, one_or_several, refuse_unknown
from devbench.suites.yaml_file import YamlFile, read_yaml


def _for_every_runtime(value: Any) -> Any:
    return {"": value} if isinstance(value, str) else value


def _host_alone(value: Any) -> Any:
    return {"host": value} if isinstance(value, str) else value


def _shared_name(value: str) -> str:
    if not value or not value.isprintable() or any(letter.isspace() for letter in value):
        raise PydanticCustomError(
            "bad_name", "{name} is not the name of something shared: write a word such as hub-1", {"name": repr(value)}
        )
    return value


class SshFormat(Strict):
    """How to reach a place over ssh; the words are those of `Ssh`."""

    host: str
    config: str | None = None
    cache: str = Ssh.cache
    cache_mib: Annotated[int, Field(ge=1, le=1 << 20)] = Ssh.cache_mib

    @field_validator("host")
    @classmethod
    def _host_is_one_word(cls, host: str) -> str:
        """A host that begins with a dash would be an option of ssh; one with a space or line end is a mistake."""
        if not host or host.startswith("-") or any(letter.isspace() or not letter.isprintable() for letter in host):
            raise PydanticCustomError(
                "bad_name",
                "{host} is not an ssh host: write a name such as attic or mendel@attic",
                {"host": repr(host)},
            )
        return host


_BY_LABGRID = "labgrid"


def _by_labgrid(value: Any) -> Any:
    return {"off": value, "on": value} if value == _BY_LABGRID else value


SharedNames = Annotated[
    list[Annotated[str, AfterValidator(_shared_name)]],
    BeforeValidator(one_or_several, json_schema_input_type=str | list[str]),
]


class PowerFormat(Strict):
    """Two commands that are run here; both are `labgrid` where that switches the power."""

    off: Command
    on: Command


class PlaceFormat(Strict):
    """One place. python: an interpreter, or one for each runtime; relative paths start at lab.yaml.

    settle: settings that are made before it is measured and undone after; each device has its own.
    shares: names of what it shares with others; they take turns. labgrid, power, reboot: see `Upkeep`.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)]
    device: str
    python: Annotated[
        dict[str, str], BeforeValidator(_for_every_runtime, json_schema_input_type=str | dict[str, str])
    ] = Field(default={})
    ssh: Annotated[SshFormat | None, BeforeValidator(_host_alone, json_schema_input_type=str | SshFormat)] = None
    options: dict[str, str] = Field(default={})
    settle: dict[str, bool | int | float | str] = Field(default={})
    shares: SharedNames = Field(default=[])
    labgrid: Annotated[str, Field(min_length=1)] | None = None
    power: Annotated[
        PowerFormat | None,
        BeforeValidator(_by_labgrid, json_schema_input_type=PowerFormat | Literal["labgrid"] | None),
    ] = None
    reboot: Annotated[str, Field(min_length=1)] | None = None

    @field_validator("device")
    @classmethod
    def _device_is_known(cls, name: str, info: ValidationInfo) -> str:
        refuse_unknown("device", name, tuple(known_in(info).devices))
        return name

    @field_validator("python")
    @classmethod
    def _runtimes_are_known(cls, python: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        for name in filter(None, python):  # "" is every other one
            refuse_unknown("runtime", name, tuple(known_in(info).options))
        return python


class LabgridFormat(Strict):
    """Where labgrid's coordinator is, and the program that asks it; by default as labgrid's own environment says."""

    coordinator: str = Lab.labgrid_coordinator
    client: Annotated[str, Field(min_length=1)] = Lab.labgrid_client


class LabFormat(Strict):
    """The whole file. shares: of something that is shared, what it hangs on itself, as a hub on another hub."""

    places: list[PlaceFormat] = Field(default=[])
    shares: dict[str, SharedNames] = Field(default={})
    labgrid: LabgridFormat = LabgridFormat()
    nights: NightsFormat | None = None
    cluster: ClusterFormat | None = None
    converters: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        default={}, description="The interpreter of each converter that needs an environment of its own."
    )

    @field_validator("converters")
    @classmethod
    def _converters_are_known(cls, converters: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        for name in converters:
            refuse_unknown("converter", name, known_in(info).converters)
        return converters


_HINT = "docs/lab.md shows what a lab file looks like."
_KEYS: dict[tuple[str, ...], tuple[str, ...]] = {
    (): tuple(LabFormat.model_fields),
    ("places",): tuple(PlaceFormat.model_fields),
    ("ssh",): tuple(SshFormat.model_fields),
    ("power",): tuple(PowerFormat.model_fields),
    ("labgrid",): tuple(LabgridFormat.model_fields),
    **NIGHT_KEYS,
    **CLUSTER_KEYS,
}


def read_lab(path: Path, known: KnownNames, hint: str = "") -> list[Place]:
    """The places in the file at `path`; a `SuiteError` lists every mistake with line and column.

    hint: what to do where the file cannot be read.
    """
    return list(read_lab_file(path, known, hint).places)


def read_lab_file(path: Path, known: KnownNames, hint: str = "") -> Lab:
    """All of the file at `path`; a `SuiteError` lists every mistake with line and column."""
    _refuse_others(path)
    file = read_yaml(path, hint or _HINT)
    if isinstance(file.data, dict) and {"models", "devices"} <= set(file.data):
        raise SuiteError(f"{path}: this is a suite, and not a lab file", hint or _HINT)
    try:
        lab = LabFormat.model_validate(file.data, context=known)
    except ValidationError as error:
        note_mistakes(file, error, _KEYS)
        file.raise_mistakes()
        raise
    _refuse_twins(file, lab)
    check_shared(file, {index: place.shares for index, place in enumerate(lab.places)}, lab.shares)
    base = path.absolute().parent
    places = tuple(_place(place, base, _shared(place, lab)) for place in lab.places)
    for config in {place.ssh.config for place in places if place.ssh and place.ssh.config}:
        _refuse_others(config)
    return Lab(
        path=path.absolute(),
        places=places,
        upkeep=dict(_upkeep(place, base) for place in lab.places),
        nights=nights_of(lab.nights, base) if lab.nights else None,
        labgrid_client=program_at(base, lab.labgrid.client),
        labgrid_coordinator=lab.labgrid.coordinator,
        cluster=cluster_of(lab.cluster, base) if lab.cluster else None,
    )


def read_converters(path: Path, known: KnownNames, hint: str = "") -> dict[str, str]:
    """The interpreter of each converter that the file at `path` names; mistakes as `read_lab` tells them."""
    read_lab(path, known, hint)
    lab = LabFormat.model_validate(read_yaml(path, hint or _HINT).data, context=known)
    return _interpreters(lab.converters, path.absolute().parent)


def _refuse_others(path: Path) -> None:
    """Such a file names programs that are run: it is code, and nobody else may write what this user runs."""
    try:
        check_ours(path, trusted=sudo_caller())
    except OSError as error:
        where = "" if error.filename == str(path) else f": {error.filename}"
        raise SuiteError(
            f"{path}: is not read{where}: {error.strerror}",
            "It names programs that devbench runs as you. If you trust it, make it yours (chown), and let nobody else "
            "write it or its folders (chmod go-w): docs/lab.md.",
        ) from error


def _refuse_twins(file: YamlFile, lab: LabFormat) -> None:
    seen = set()
    for index, place in enumerate(lab.places):
        if (place.device, place.name) in seen:
            file.complain(("places", index, "name"), f"there is a {place.device} called '{place.name}' already")
        seen.add((place.device, place.name))
    file.raise_mistakes()


def _shared(place: PlaceFormat, lab: LabFormat) -> tuple[str, ...]:
    """What it shares with others. What is one board in labgrid is one board."""
    board = (f"labgrid {place.labgrid}",) if place.labgrid else ()
    return (*all_shared(place.shares, lab.shares), *board)


def _place(place: PlaceFormat, base: Path, shares: tuple[str, ...]) -> Place:
    return Place(
        name=place.name,
        device=place.device,
        python=place.python if place.ssh else _interpreters(place.python, base),
        ssh=_ssh(place.ssh, base) if place.ssh else None,
        settle=place.settle,
        options=place.options,
        shares=shares,
    )


def _upkeep(place: PlaceFormat, base: Path) -> tuple[PlaceKey, Upkeep]:
    by_labgrid = place.power is not None and place.power.off == place.power.on == _BY_LABGRID
    switched = None if by_labgrid else place.power
    return (place.device, place.name), Upkeep(
        labgrid=place.labgrid or "",
        power_off=words_at(base, switched.off) if switched else (),
        power_on=words_at(base, switched.on) if switched else (),
        power_by_labgrid=by_labgrid,
        reboot=place.reboot or "",
    )


def _ssh(ssh: SshFormat, base: Path) -> Ssh:
    config = path_at(base, ssh.config) if ssh.config else None
    return Ssh(host=ssh.host, config=config, cache=ssh.cache, cache_mib=ssh.cache_mib)


def _interpreters(python: Mapping[str, str], base: Path) -> dict[str, str]:
    return {runtime: program_at(base, name) for runtime, name in python.items()}
