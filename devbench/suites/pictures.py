"""What a suite says of pictures: how they are prepared, which are fed, calibrated with, tested and learned from."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from devbench.domain.making import Channels, Preparation
from devbench.suites.strict import Strict


def _address(value: str) -> str:
    """A path, or an address that a download can begin with: what no server could be asked for is refused here."""
    try:
        address = urlsplit(value)
        whole = address.scheme not in ("http", "https") or (address.hostname and address.port != 0)
    except ValueError:
        whole = False
    if not whole:
        raise PydanticCustomError("bad_address", "an address is https://host/path")
    if address.scheme in ("http", "https") and not re.fullmatch("[!-~]+", value):
        raise PydanticCustomError("bad_address", "in an address, write spaces and other characters as %20 and the like")
    return value


FilePath = Annotated[str, Field(min_length=1)]
Source = Annotated[str, Field(min_length=1), AfterValidator(_address)]


def _channels(value: Any) -> Channels:
    """A number for all channels of a picture, or a list with one for each."""
    if isinstance(value, list) and value:
        if len(value) > _MOST_CHANNELS:
            raise PydanticCustomError("channels", "a picture has at most {most} channels", {"most": _MOST_CHANNELS})
        return tuple(map(_number, value))
    return _number(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticKnownError("float_type")
    return float(value)


def _deviations(value: Any) -> Channels:
    found = _channels(value)
    if min(found if isinstance(found, tuple) else (found,)) <= 0:
        raise PydanticKnownError("greater_than", {"gt": 0})
    return found


_MOST_CHANNELS = 3
Mean = Annotated[Channels, PlainValidator(_channels, json_schema_input_type=float | list[float])]
Std = Annotated[Channels, PlainValidator(_deviations, json_schema_input_type=float | list[float])]


class PrepareFormat(Strict):
    """How a pixel (0 to 255) becomes what the network takes: (pixel - mean) / std; one value, or one a channel."""

    mean: Mean = 127.5
    std: Std = 127.5

    @model_validator(mode="after")
    def _as_many_of_each(self) -> Self:
        counts = {len(one) for one in (self.mean, self.std) if isinstance(one, tuple)}
        if len(counts) > 1:
            raise PydanticCustomError("counts", "'mean' and 'std' have a different number of channels")
        return self

    @property
    def preparation(self) -> Preparation:
        """The same as a domain type."""
        return Preparation(mean=self.mean, std=self.std)


class ImageFormat(PrepareFormat):
    """An image to feed. A pixel becomes (pixel - mean) / std before it is quantized."""

    image: FilePath


class CalibrateFormat(Strict):
    """Pictures that show a quantizer which values occur: `count` of those that there are, chosen by `seed`."""

    images: Source
    count: Annotated[int, Field(ge=1, le=10_000)] = 100
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


class EndsFormat(Strict):
    """The ends of a network, where its file leaves them open: sizes of inputs by name, names of outputs."""

    inputs: dict[str, list[Annotated[int, Field(ge=1, le=2**31 - 1)]]] = Field(default={})
    outputs: list[str] = Field(default=[])


def _image(value: Any) -> Any:
    return {"image": value} if isinstance(value, str) else value


Image = Annotated[ImageFormat | None, BeforeValidator(_image, json_schema_input_type=str | ImageFormat | None)]


class TestFormat(Strict):
    """Pictures to measure accuracy on: one folder for each class; or pictures alone, for agreement with the source.

    limit: at most so many, evenly from the classes. against: another model of the suite, whose float32 answers count as
    those of the source.
    """

    __test__ = False  # for pytest

    images: Source
    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    against: str = ""


class QualityFormat(Strict):
    """How many points of accuracy may be lost against the source; without labels, of agreement with it."""

    drop: Annotated[float, Field(ge=0, le=100)]


class LearnFormat(Strict):
    """Pictures that `devbench learn` learns the last layer from: one folder for each class, as in `test`.

    pictures: of each class. draws: how often they are drawn anew, each in a process of its own.
    """

    images: Source
    pictures: Annotated[list[Annotated[int, Field(ge=1, le=100_000)]], Field(min_length=1, max_length=20)] = Field(
        default=[1, 5, 10, 20]
    )
    draws: Annotated[int, Field(ge=1, le=100)] = 3


def _images(value: Any) -> Any:
    return {"images": value} if isinstance(value, str) else value


Calibrate = Annotated[
    CalibrateFormat | None, BeforeValidator(_images, json_schema_input_type=str | CalibrateFormat | None)
]
Test = Annotated[TestFormat | None, BeforeValidator(_images, json_schema_input_type=str | TestFormat | None)]


Learn = Annotated[LearnFormat | None, BeforeValidator(_images, json_schema_input_type=str | LearnFormat | None)]
