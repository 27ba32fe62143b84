"""The suite format as types: what a suite may hold, and what it must not. The JSON schema is made from these."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePath
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from devbench.domain.case import Option
from devbench.domain.model import PRECISION
from devbench.domain.run import Compare
from devbench.suites.measure import MeasureFormat, measure_entry
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
    Test,
    TestFormat,
)
from devbench.suites.strict import Strict, known_in, refuse_unknown


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


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
    known = known_in(info)
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
        if self.source is None:
            refuse_unknown("model", self.name, known_in(info).models)
        return self


class DeviceFormat(Strict):
    """A device kind, with the runtimes to use and their options; a list of values is a matrix.

    runtime: names, or `all`: every runtime of the device that works there.
    precision: in which to measure models there that say none themselves, instead of the suite's.
    """

    name: str
    runtime: Annotated[list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str])] | None = None
    precision: Precisions | None = None
    options: dict[str, list[Option]] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _device_is_known(cls, name: str, info: ValidationInfo) -> str:
        refuse_unknown("device", name, tuple(known_in(info).devices))
        return name


_MODEL_FILES = (".tflite", ".onnx", ".keras", ".h5", ".pb", ".pt2", ".zip")


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
