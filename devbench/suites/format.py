"""The suite format as types: what a suite may hold, and what it must not. The JSON schema is made from these."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import PurePath
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from devbench.domain.case import Option
from devbench.domain.measure import DEFAULT_PROFILE, PROFILES, Measure
from devbench.domain.model import PRECISION, PRECISIONS
from devbench.domain.option import OptionSpec
from devbench.domain.run import Compare
from devbench.stats import minimum_samples
from devbench.suites.durations import seconds_of
from devbench.suites.names import nearest
from devbench.suites.pictures import (
    Calibrate,
    CalibrateFormat,
    EndsFormat,
    FilePath,
    Image,
    ImageFormat,
    Learn,
    LearnFormat,
    PrepareFormat,
    QualityFormat,
    Source,
    Strict,
    Test,
    TestFormat,
)


@dataclass(frozen=True, kw_only=True)
class KnownNames:
    """What the loaded plugins know: models, precisions, runtimes by device, options by runtime as declared, converters.

    wrong_option: why a runtime's option cannot have a value, with both; "" if it can.
    """

    models: tuple[str, ...] = ()
    precisions: tuple[str, ...] = PRECISIONS
    devices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Option | OptionSpec]] = field(default_factory=dict)
    converters: tuple[str, ...] = ()
    wrong_option: Callable[[str, str, Option], str] = lambda _runtime, _name, _value: ""


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _unknown(what: str, name: str, known: tuple[str, ...]) -> PydanticCustomError:
    # Names go in as context: a brace in one must not be taken for a placeholder.
    return PydanticCustomError(
        "unknown_name",
        "unknown {what} '{name}'{nearest}",
        {"what": what, "name": name, "nearest": nearest(name, known)},
    )


def _word(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", value):
        raise PydanticCustomError(
            "bad_name",
            "'{value}' is not a name: it may have letters, digits, '.', '_', '+' and '-', and begins with one of the"
            " first two",
            {"value": value},
        )
    return value


def _precision(value: str, info: ValidationInfo) -> str:
    known: KnownNames = info.context or KnownNames()
    if value not in known.precisions:
        raise PydanticCustomError(
            "unknown_name",
            "'precision' cannot be '{name}'{nearest}",
            {"name": value, "nearest": nearest(value, known.precisions)},
        )
    return value


Precision = Annotated[str, AfterValidator(_precision), Field(json_schema_extra={"pattern": f"^{PRECISION.pattern}$"})]


Precisions = Annotated[
    list[Precision],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=Precision | list[Precision]),
]


class ModelFormat(Strict):
    """A model: a name of the catalogue, or any name with the `source` it comes from.

    compiled: the same network compiled for an accelerator; runtimes that take such files load it instead.
    prepare: how pictures are prepared for it; by default what its file says, else mean and std 127.5.
    calibrate: the pictures to quantize it with. ends: what its file leaves open.
    """

    name: str
    source: Source | None = None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    git_blob: Annotated[str, Field(pattern="^[0-9a-f]{40}$")] | None = None
    compiled: Source | None = None
    precision: Precisions | None = None
    weights: Literal["random", "imagenet", "published"] | None = None
    input: Image = None
    labels: FilePath | None = None
    prepare: PrepareFormat | None = None
    calibrate: Calibrate = None
    ends: EndsFormat | None = None
    test: Test = None
    quality: QualityFormat | None = None
    learn: Learn = None

    @model_validator(mode="after")
    def _name_is_known(self, info: ValidationInfo) -> Self:
        if self.source is None and PurePath(self.name).suffix in _MODEL_FILES:
            entry = f"{{name: mine, source: {self.name}}}"
            context = {"name": self.name, "entry": entry}
            raise PydanticCustomError("bad_name", "'{name}' looks like a file: write {entry}", context)
        _word(self.name)
        known: KnownNames = info.context or KnownNames()
        if self.source is None and self.name not in known.models:
            raise _unknown("model", self.name, known.models)
        return self


class DeviceFormat(BaseModel):
    """A device kind, with the runtimes to use and their options; a list of values is a matrix.

    runtime: names, or `all`: every runtime of the device that works there.
    precision: in which to measure models there that say none themselves, instead of the suite's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    runtime: Annotated[list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str])] | None = None
    precision: Precisions | None = None
    options: dict[str, list[Option]] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _device_is_known(cls, name: str, info: ValidationInfo) -> str:
        known: KnownNames = info.context or KnownNames()
        if name not in known.devices:
            raise _unknown("device", name, tuple(known.devices))
        return name


_MODEL_FILES = (".tflite", ".onnx", ".keras", ".h5", ".pb", ".pt2", ".zip")
_DAY_S = 86_400
_MOST_RUNS = 10**9
_MOST_ROUNDS = 1000
_LIMIT_OVER_CAPS = 2  # the rest is for the worker's start and the loading, and for a second region


def _budget(value: str) -> str:
    try:
        seconds_of(value)
    except ValueError as error:
        raise PydanticCustomError("bad_time", "{problem}", {"problem": str(error)}) from error
    return value


Budget = Annotated[
    str, AfterValidator(_budget), Field(json_schema_extra={"pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*(s|min|h)\s*$"})
]


class MeasureFormat(Strict):
    """A profile, and the settings that differ from it."""

    profile: Literal["quick", "normal", "publish"] = DEFAULT_PROFILE  # type: ignore[assignment]
    rounds: Annotated[int, Field(ge=1, le=100)] | None = None
    max_rounds: Annotated[int, Field(ge=1, le=_MOST_ROUNDS)] | None = None
    warmup_runs: Annotated[int, Field(ge=1, le=_MOST_RUNS)] | None = None
    warmup_s: Annotated[float, Field(ge=0, le=_DAY_S)] | None = None
    warmup_cap_s: Annotated[float, Field(ge=0, le=_DAY_S)] | None = None
    min_runs: Annotated[int, Field(ge=1, le=_MOST_RUNS)] | None = None
    min_s: Annotated[float, Field(ge=0, le=_DAY_S)] | None = None
    cap_s: Annotated[float, Field(gt=0, le=_DAY_S)] | None = None
    precision: Annotated[float, Field(gt=0, lt=1)] | None = None
    budget: Budget | None = None
    percentiles: list[Literal[90, 99]] | None = None
    time_limit_s: Annotated[float, Field(gt=0, le=_DAY_S)] | None = None

    @property
    def budget_s(self) -> float | None:
        """Seconds for all rounds of the run, if a budget is set."""
        return seconds_of(self.budget) if self.budget else None

    def settings(self, profile: str = "", *, budgeted: bool = False) -> Measure:
        """The settings, over `profile` if that is given (it comes from the command line).

        budgeted: whether the run has a budget, which takes the place of the profile's own precision and `max_rounds`.

        A minimum raises its maximum where that is not set: `rounds` the `max_rounds`, the seconds their caps,
        and the caps the time limit. `precision: null` asks for none.
        """
        left_out = ("profile", "budget")
        own: dict[str, Any] = {name: value for name, value in self if name not in left_out and value is not None}
        if budgeted:
            own = {"precision": None, "max_rounds": _MOST_ROUNDS, **own}
        if self.percentiles is not None:
            own["percentiles"] = tuple(self.percentiles)
        if "precision" in self.model_fields_set:
            own["precision"] = self.precision
        base = PROFILES[profile or self.profile]
        if "rounds" in own:
            own.setdefault("max_rounds", max(base.max_rounds if self.rounds != 1 else 1, own["rounds"]))
        for least, most in (("warmup_s", "warmup_cap_s"), ("min_s", "cap_s")):
            if least in own:
                own.setdefault(most, max(getattr(base, most), own[least]))
        measure = replace(base, **own)
        if self.time_limit_s is None:
            limit_s = max(base.time_limit_s, _LIMIT_OVER_CAPS * _loops_s(measure))
            measure = replace(measure, time_limit_s=limit_s)
        return measure


def _loops_s(measure: Measure) -> float:
    """Warm-up and timed loop, at most."""
    return max(measure.warmup_cap_s, measure.warmup_s) + measure.cap_s


def contradictions(measure: Measure) -> list[tuple[str, str]]:
    """Settings that cannot both hold: the key to blame, and why."""
    rules = [
        ("cap_s", measure.cap_s, "min_s", measure.min_s),
        ("max_rounds", measure.max_rounds, "rounds", measure.rounds),
        ("time_limit_s", measure.time_limit_s, "warm-up and cap_s", _loops_s(measure)),
    ]
    if measure.warmup_cap_s:
        rules.append(("warmup_cap_s", measure.warmup_cap_s, "warmup_s", measure.warmup_s))
    found = [
        (more, f"{more} ({most:g}) is less than {less} ({least:g})")
        for more, most, less, least in rules
        if most < least
    ]
    samples = measure.rounds * measure.min_runs
    for percent in measure.percentiles:
        needed = minimum_samples(percent)
        if samples < needed:
            text = f"p{percent} needs {needed} samples, and rounds × min_runs are {samples}"
            found.append(("percentiles", text))
    return found


class CompareFormat(Strict):
    """The ratios that the table shows."""

    baseline: str = ""
    between_models: list[str] = Field(default_factory=list, max_length=20)

    def wanted(self) -> Compare:
        """The same as a domain type."""
        return Compare(baseline=self.baseline, between_models=tuple(self.between_models))


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def device_entry(value: Any) -> Any:
    """`coral-usb`, `{coral-usb: {runtime: ..., threads: [1, 2]}}` and `{name: coral-usb, ...}` are the same to us."""
    if isinstance(value, dict) and len(value) == 1 and "name" not in value:
        ((name, settings),) = value.items()
        value = {"name": name, **settings} if isinstance(settings, dict) else {"name": name}
    value = _named(value)
    if not isinstance(value, dict):
        return value
    own = {key: value[key] for key in ("name", "runtime", "precision") if key in value}
    return {**own, "options": {key: _listed(value[key]) for key in value if key not in own}}


def measure_entry(value: Any) -> Any:
    """`quick` and `{profile: quick}` are the same to us."""
    return {"profile": value} if isinstance(value, str) else value


class Suite(Strict):
    """Which models, on which devices, measured how. Never where: that is lab.yaml."""

    name: str
    models: Annotated[
        list[Annotated[ModelFormat, BeforeValidator(_named, json_schema_input_type=str | ModelFormat)]],
        Field(min_length=1),
    ]
    devices: Annotated[
        list[
            Annotated[
                DeviceFormat,
                BeforeValidator(device_entry, json_schema_input_type=str | dict[str, Any]),
            ]
        ],
        Field(min_length=1),
    ]
    precision: Precisions = Field(default=["int8"])
    weights: Literal["random", "imagenet", "published"] | None = None
    input: Image = None
    labels: FilePath | None = None
    test: Test = None
    quality: QualityFormat | None = None
    learn: Learn = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    measure: Annotated[MeasureFormat, BeforeValidator(measure_entry, json_schema_input_type=str | MeasureFormat)] = (
        MeasureFormat()
    )
    compare: CompareFormat = CompareFormat()
    references: list[FilePath] = Field(default=[], description="Published results CSVs to show beside the figures.")

    @field_validator("name")
    @classmethod
    def _name_is_a_word(cls, name: str) -> str:
        return _word(name)

    @field_validator("references")
    @classmethod
    def _references_have_names_of_their_own(cls, paths: list[str]) -> list[str]:
        counts = Counter(PurePath(path).name for path in paths)
        if twice := next((name for name, count in counts.items() if count > 1), ""):
            raise PydanticCustomError("twice", "two of the references are called '{name}'", {"name": twice})
        return paths


KEYS = {
    (): tuple(Suite.model_fields),
    ("models",): tuple(ModelFormat.model_fields),
    ("measure",): tuple(MeasureFormat.model_fields),
    ("compare",): tuple(CompareFormat.model_fields),
    ("input",): tuple(ImageFormat.model_fields),
    ("prepare",): tuple(PrepareFormat.model_fields),
    ("calibrate",): tuple(CalibrateFormat.model_fields),
    ("ends",): tuple(EndsFormat.model_fields),
    ("test",): tuple(TestFormat.model_fields),
    ("quality",): tuple(QualityFormat.model_fields),
    ("learn",): tuple(LearnFormat.model_fields),
}
assert {item.name for item in fields(Measure)} == set(MeasureFormat.model_fields) - {"budget"}, "no suite can set it"
