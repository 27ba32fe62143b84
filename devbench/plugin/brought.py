"""What a plugin brings, as data: the attributes of its classes, and which of their methods it has written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from devbench.domain.case import Option
from devbench.domain.extend import Converter, Device, EngineFile, Runtime
from devbench.domain.install import Install
from devbench.domain.model import PRECISION, Model
from devbench.domain.option import OptionSpec, options_problem, spec_of
from devbench.domain.place import Traits
from devbench.plugin.methods import DEVICE_METHODS, RUNTIME_METHODS, Method
from devbench.printable import shortened


@dataclass(frozen=True, kw_only=True)
class DeviceData:
    """The attributes of a `Device`. written: the methods that it has of its own; the others do nothing."""

    kind: str
    runtimes: tuple[str, ...] = ()
    place_options: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    traits: Traits = field(default_factory=Traits)
    settle_limit_s: float = 0
    written: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RuntimeData:
    """The attributes of a `Runtime`.

    options: the defaults; option_specs: all that is declared of them.
    rules: names its `check`, which several may share; "" if it has none.
    """

    name: str
    devices: tuple[str, ...] = ()
    formats: tuple[str, ...]
    engine: EngineFile
    options: Mapping[str, Option] = field(default_factory=dict)
    option_specs: Mapping[str, OptionSpec] = field(default_factory=dict)
    makes: Mapping[str, tuple[str, Mapping[str, Option]]] = field(default_factory=dict)
    takes_compiled: bool = False
    prepare_limit_s: float = 0
    install: Install = field(default_factory=Install)
    written: tuple[str, ...] = ()
    rules: str = ""


@dataclass(frozen=True, kw_only=True)
class ConverterData:
    """The attributes of a `Converter`."""

    name: str
    takes: tuple[str, ...]
    gives: str
    precisions: tuple[str, ...]
    quantizes: bool = False
    program: Path
    parts: tuple[Path, ...] = ()
    packages: tuple[str, ...] = ()
    own_environment: bool = False
    limit_s: float = 0
    install: Install = field(default_factory=Install)


@dataclass(kw_only=True)
class Brought:
    """All that one plugin brings. hooks: those that it implements; wraps: whether it wraps each round.

    devices, runtimes, models, converters: DeviceData, RuntimeData, Model and ConverterData; not yet looked into where
    they come from another process.
    """

    devices: list[Any] = field(default_factory=list)
    runtimes: list[Any] = field(default_factory=list)
    models: list[Any] = field(default_factory=list)
    converters: list[Any] = field(default_factory=list)
    hooks: list[str] = field(default_factory=list)
    wraps: bool = False
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


SHELVES: dict[str, tuple[str, type]] = {
    "devbench_devices": ("devices", DeviceData),
    "devbench_runtimes": ("runtimes", RuntimeData),
    "devbench_models": ("models", Model),
    "devbench_converters": ("converters", ConverterData),
}


_MOVED = {"parts": "engine", "build_limit_s": "engine", "extra": "install", "packages": "install"}  # since 0.2


def device_data(item: type[Device]) -> DeviceData:
    """The attributes of a device's class."""
    return DeviceData(written=_written(item, Device, DEVICE_METHODS), **_attributes(item, DeviceData, Device))


def runtime_data(item: type[Runtime]) -> RuntimeData:
    """The attributes of a runtime's class."""
    written = _written(item, Runtime, RUNTIME_METHODS)
    for name, now in _MOVED.items():
        if hasattr(item, name):
            raise TypeError(f"{item.name}: '{name}' is now a part of `{now}` (docs/plugins.md)")
    rules = f"{item.check.__module__}.{item.check.__qualname__}" if "check" in written else ""
    attributes = _attributes(item, RuntimeData, Runtime)
    if isinstance(attributes["engine"], Path):
        attributes["engine"] = EngineFile(path=attributes["engine"])
    declared = attributes["options"]
    if isinstance(declared, Mapping):  # anything else is refused by its type
        attributes["options"] = {
            name: one.default if isinstance(one, OptionSpec) else one for name, one in declared.items()
        }
        attributes["option_specs"] = {
            name: spec_of(name, one) for name, one in declared.items() if isinstance(one, Option | OptionSpec)
        }
    return RuntimeData(written=written, rules=rules, **attributes)


def converter_data(item: type[Converter]) -> ConverterData:
    """The attributes of a converter's class."""
    return ConverterData(**_attributes(item, ConverterData, Converter))


_CALLED_ELSEWHERE = {  # what the members are called elsewhere, or might be
    "Device": {"name": "kind", "detect": "discover", "find": "discover", "places": "discover", "scan": "discover"},
    "Runtime": {"kind": "name", "engine_file": "engine", "convert": "prepare"},
    "Converter": {"formats": "takes", "engine": "program", "makes": "gives"},
}


def misspelt(item: type, base: type) -> list[str]:
    """Members that devbench does not know, with names like those of members that it knows."""
    return [
        f"{item.__name__}.{name} means nothing to devbench: is it `{meant}`?"
        for name, meant in _meant(item, base).items()
    ]


def lacking(item: type, base: type, names: Iterable[str]) -> str:
    """`kind (is it called name here?)`: what a class lacks, with the member that may be meant for it."""
    meant = {known: name for name, known in _meant(item, base).items()}
    return ", ".join(f"{name} (is it called {meant[name]} here?)" if name in meant else name for name in names)


def _meant(item: type, base: type) -> dict[str, str]:
    """The known member that each unknown one may be meant for."""
    known = [name for name in (*vars(base), *base.__annotations__) if not name.startswith("_")]
    strange = [name for name in dir(item) if not name.startswith("_") and name not in known]
    synonyms = _CALLED_ELSEWHERE[base.__name__]
    own = {name for one in item.__mro__ if one not in base.__mro__ for name in vars(one)}
    free = {name for name in synonyms if synonyms[name] not in own}  # a second name for what is there is no slip
    near = {name: get_close_matches(name, known, n=1, cutoff=0.75) for name in strange}
    return {name: synonyms[name] if name in free else near[name][0] for name in strange if name in free or near[name]}


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
FORMAT = re.compile(r"[A-Za-z0-9_+-]{1,20}")
_OPTION = re.compile(r"[a-z][a-z0-9_]{0,99}")
_NO_OPTIONS = ("name", "runtime", "precision")  # of a device in a suite: docs/suites.md


def device_problem(item: DeviceData) -> str:
    """What no device may say of itself; "" if all of it can be used."""
    return _no_names("runtimes", item.runtimes, NAME, "a name of a runtime")


def runtime_problem(item: RuntimeData) -> str:
    """What no runtime may say of itself; "" if all of it can be used."""
    lists = (
        _no_names("formats", item.formats, FORMAT, "the end of a file name without its dot, such as 'tflite'"),
        _no_names("devices", item.devices, NAME, "a kind of device"),
        _no_names("options", item.options, _OPTION, "a name of an option: small letters, digits and '_'"),
        _no_names("makes", item.makes, PRECISION, "a precision, such as 'bfloat16'"),
        _no_names("engine.place_options", item.engine.place_options, _OPTION, "a name of an option"),
    )
    if found := next(filter(None, lists), ""):
        return found
    if not item.formats:
        return "formats: it loads none"
    return _options_problem(item) or _makes_problem(item)


def _options_problem(item: RuntimeData) -> str:
    if set(item.options) != set(item.option_specs):
        return "options: not every option has a declaration"
    for name in item.options:
        if name in _NO_OPTIONS:
            return f"options: '{name}' of a device in a suite means something else"
        if name in item.engine.place_options:
            return f"options: '{name}' is an option of the place as well (engine.place_options)"
        if mistake := item.option_specs[name].mistake:
            return f"options: '{name}' {mistake}"
    return ""


def _makes_problem(item: RuntimeData) -> str:
    for precision, (source, options) in item.makes.items():
        if not PRECISION.fullmatch(source):
            return f"makes: {precision}: {shortened(repr(source))} is not a precision"
        if unknown := set(options) - set(item.options):
            return f"makes: {precision}: '{min(unknown)}' is not one of its options"
        if wrong := options_problem(item.option_specs, options):
            return f"makes: {precision}: {wrong}"
    return ""


def converter_problem(item: ConverterData) -> str:
    """What no converter may say of itself; "" if all of it can be used."""
    lists = (
        _no_names("takes", item.takes, FORMAT, "a format, such as 'keras'"),
        _no_names("gives", (item.gives,), FORMAT, "a format, such as 'tflite'"),
        _no_names("precisions", item.precisions, PRECISION, "a precision, such as 'int8'"),
        _no_names("packages", item.packages, NAME, "a name of a distribution"),
    )
    empty = "it takes no format" if not item.takes else "" if item.precisions else "precisions: it gives none"
    return next(filter(None, lists), "") or empty


def _no_names(what: str, names: Iterable[str], pattern: re.Pattern[str], meaning: str) -> str:
    if isinstance(names, str):
        return f"{what} is the text {shortened(repr(names))}: write a tuple, ({shortened(repr(names))},)"
    wrong = next((one for one in names if not (isinstance(one, str) and pattern.fullmatch(one))), None)
    return "" if wrong is None else f"{what}: {shortened(repr(wrong))} is not {meaning}"


def _attributes(item: type, data: type, base: type) -> dict[str, Any]:
    names = {one.name for one in fields(data)} & (set(vars(base)) | set(base.__annotations__))
    return {name: getattr(item, name) for name in names}


def _written(item: type, base: type, methods: tuple[Method, ...]) -> tuple[str, ...]:
    return tuple(one.name for one in methods if getattr(item, one.name) is not getattr(base, one.name))
