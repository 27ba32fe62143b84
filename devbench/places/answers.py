"""What a worker and its receiver may answer. Every message is checked here, and only here, before anything uses it.

A worker can be old, broken or hostile. So types are strict, numbers are finite and in range, texts, lists and their
number have limits, and nothing can make a run unreadable that stores the answer. Fields that are not known are
ignored: a newer worker may have more of them.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from devbench.worker.outputs import MOST_KEPT_VALUES, SAMPLED_VALUES

LARGEST_OUTPUT_BYTES = 1 << 20
MOST_IN_A_LIST = 10_000
MOST_VALUES = 100_000  # in one message: two snapshots of 25,000 processes
_LONGEST_ERROR = 300
_LARGEST = 10**15  # in nanoseconds eleven days, in bytes a petabyte
# What would steer a terminal or hide in a text: C0, C1, and what changes the direction of writing.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def without_controls(text: str) -> str:
    """`text` on one line, with its control characters replaced."""
    return _CONTROLS.sub("\ufffd", re.sub(r"[\t\n\r]+", " ", text))


def _decoded(data: object) -> object:
    return base64.b64decode(data, validate=True) if isinstance(data, str) else data


Text = Annotated[str, Field(max_length=10_000), AfterValidator(without_controls)]
Name = Annotated[str, Field(max_length=300), AfterValidator(without_controls)]
Path = Annotated[str, Field(max_length=4096)]  # goes back as it is
Word = Annotated[str, Field(pattern=r"^[a-z_]{1,40}\z")]
Facts = Annotated[
    dict[Name, Annotated[str, Field(max_length=2000), AfterValidator(without_controls)]], Field(max_length=300)
]
Nanoseconds = Annotated[int, Field(gt=0, le=_LARGEST)]
Count = Annotated[int, Field(ge=0, le=_LARGEST)]
Looks = Annotated[list[Count], Field(min_length=1, max_length=100)]
Seconds = Annotated[float, Field(ge=0, le=1e12)]
Gauge = Annotated[float, Field(ge=-1e12, le=1e12)]
Counters = dict[Name, Seconds]
Item = TypeVar("Item")
Few = Annotated[list[Item], Field(max_length=100)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\z")]


class Message(BaseModel):
    """One message."""

    # A schema is built when it is first needed: most commands hear no more than a hello.
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)


class Missing(Message):
    """The receiver's first message: positions of the files that it lacks."""

    event: Literal["missing"]
    files: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=1000)]


class Stored(Message):
    """Where the receiver has the files."""

    event: Literal["stored"]
    paths: Annotated[list[Path], Field(max_length=1000)]


class Refused(Message):
    """Why the receiver cannot have the files, and what to do about it."""

    event: Literal["refused"]
    error: Text
    hint: Text


class Hello(Message):
    """A worker's first message. problem: why its engine could not be imported; empty if it was."""

    event: Literal["hello"]
    protocol: int
    problem: Text
    facts: Facts


class Phase(Message):
    """What the worker is doing from now on."""

    event: Literal["phase"]
    phase: Word


class Failure(Message):
    """The engine has raised."""

    event: Literal["failed"]
    phase: Word
    kind: Name
    error: Text


class Built(Message):
    """What the engine has built at the place. path: "" where the artifact itself is what the rounds load."""

    event: Literal["built"]
    path: Path
    facts: Facts


class Classes(Message):
    """The best classes of each picture of a batch, best first, with their scores. outputs: how many there are."""

    event: Literal["answers"]
    outputs: Annotated[int, Field(ge=0, lt=2**31)]
    classes: Annotated[list[Few[Annotated[int, Field(ge=0, lt=2**31)]]], Field(max_length=MOST_IN_A_LIST)]
    scores: Annotated[list[Few[Annotated[float, Field(ge=-1e300, le=1e300)]]], Field(max_length=MOST_IN_A_LIST)]

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if [len(one) for one in self.classes] != [len(one) for one in self.scores]:
            raise ValueError("not a score for each class")
        if any(one >= self.outputs for several in self.classes for one in several):
            raise ValueError("a class that the network does not have")
        return self


class Extracted(Message):
    """How long each picture of a batch took: the network, and what imprinting does with its embedding."""

    event: Literal["extracted"]
    extract_ns: Annotated[list[Nanoseconds], Field(max_length=MOST_IN_A_LIST)]
    learn_ns: Annotated[list[Count], Field(max_length=MOST_IN_A_LIST)]


class Head(Message):
    """A last layer that was learned from so many pictures of each class, and what that took."""

    method: Literal["imprinting", "regression"]
    each: Annotated[int, Field(ge=1, le=1_000_000)]
    learn_ns: Count
    usable_ns: Count


class Learned(Message):
    """All that was learned."""

    event: Literal["learned"]
    heads: Annotated[list[Head], Field(max_length=100)]
    dimensions: Annotated[int, Field(ge=1, lt=2**31)]
    load_ns: Count


class Recognized(Message):
    """What each last layer makes of the pictures of a batch: a list of classes for each."""

    event: Literal["recognized"]
    classes: Annotated[
        list[Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], Field(max_length=MOST_IN_A_LIST)]],
        Field(max_length=100),
    ]


class Answered(Message):
    """All pictures are answered."""

    event: Literal["answered"]
    facts: Facts


class Samples(Message):
    """Some of the samples of one phase, in nanoseconds per inference."""

    event: Literal["samples"]
    phase: Literal["warmup", "steady", "compute"]
    ns: Annotated[list[Nanoseconds], Field(max_length=MOST_IN_A_LIST)]


class Output(Message):
    """One output of an inference. second: with the second input. data: its bytes, of many a sample, or none."""

    event: Literal["output"]
    second: bool = False
    name: Name
    dtype: Annotated[str, Field(max_length=40), AfterValidator(without_controls)]
    shape: Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], Field(max_length=32)]
    sha256: Sha256
    data: Annotated[bytes, BeforeValidator(_decoded), Field(max_length=LARGEST_OUTPUT_BYTES)]
    scale: Annotated[float, Field(ge=0, le=1e30)] = 0.0
    zero_point: Annotated[int, Field(ge=-_LARGEST, le=_LARGEST)] = 0

    @model_validator(mode="after")
    def _holds_what_it_says(self) -> Self:
        values, itemsize = math.prod(self.shape), _itemsize(self.dtype)
        kept = values if values <= MOST_KEPT_VALUES else SAMPLED_VALUES
        if self.data and len(self.data) != itemsize * kept:
            raise ValueError("type and shape do not fit the number of bytes")
        if self.data and kept == values and hashlib.sha256(self.data).hexdigest() != self.sha256:
            raise ValueError("the bytes have another hash")
        return self


class Snapshot(Message):
    """What the worker sees of the machine at one moment; what cannot be seen there is left out."""

    at_s: Seconds
    processes: dict[Annotated[str, Field(pattern=r"^[0-9]{1,10}\z")], tuple[Name, Seconds]] = Field(default={})
    busy_s: Seconds | None = None
    own_s: Seconds | None = None
    tick_s: Seconds = 0.0
    steal_s: Counters = Field(default={})
    quota_s: Counters = Field(default={})
    stall_cpu_s: Seconds | None = None
    stall_memory_s: Seconds | None = None
    stall_io_s: Seconds | None = None
    frequency_mhz: Seconds | None = None
    temperature_c: Gauge | None = None
    throttles: Count | None = None
    load_1min: Seconds | None = None


class Canary(Message):
    """How long the reference workload took."""

    total_ns: Count
    best_ns: Count


class Check(Message):
    """What was looked at outside of the timed loop: see `worker/engine_check.py`. Lists have an item for each look."""

    fed_ns: Looks
    fed_cpu_ns: Looks
    outputs_ns: Looks
    outputs_cpu_ns: Looks
    feed_ns: Looks
    feed_cpu_ns: Looks
    output_bytes: Count
    after_cpu_ns: Count
    pause_ns: Count
    late: bool
    silent: bool
    shapes: Text


class Result(Message):
    """Everything about a measured case but its samples and outputs, which have come before."""

    event: Literal["result"]
    load_ns: Count
    first_ns: Count
    inferences_per_sample: Annotated[int, Field(ge=1, le=1_000_000)]
    settled: bool
    stopped_by: Literal["counts", "precision", "plateau", "cap"]
    cpu_ns_per_inference: Count
    involuntary_switches: Count
    peak_memory_bytes: Count
    around: tuple[Snapshot, Snapshot]
    loop_s: tuple[Seconds, Seconds]
    canaries: tuple[Canary, Canary]
    facts: Facts
    voluntary_switches: Count = 0
    grown_bytes: Count = 0
    check: Check | None = None

    @model_validator(mode="after")
    def _goes_forward(self) -> Self:
        if self.around[1].at_s <= self.around[0].at_s or self.loop_s[1] <= self.loop_s[0]:
            raise ValueError("the timed loop ends before it begins")
        return self


RECEIVING: TypeAdapter[Missing | Refused] = TypeAdapter(Annotated[Missing | Refused, Field(discriminator="event")])
STORING: TypeAdapter[Stored | Refused] = TypeAdapter(Annotated[Stored | Refused, Field(discriminator="event")])
GREETING: TypeAdapter[Hello] = TypeAdapter(Hello)
BUILDING: TypeAdapter[Phase | Failure | Built] = TypeAdapter(
    Annotated[Phase | Failure | Built, Field(discriminator="event")]
)
MEASURING: TypeAdapter[Phase | Failure | Samples | Output | Result] = TypeAdapter(
    Annotated[Phase | Failure | Samples | Output | Result, Field(discriminator="event")]
)


ANSWERING: TypeAdapter[Phase | Failure | Classes | Answered] = TypeAdapter(
    Annotated[Phase | Failure | Classes | Answered, Field(discriminator="event")]
)


LEARNING: TypeAdapter[Phase | Failure | Extracted | Learned | Recognized | Answered] = TypeAdapter(
    Annotated[Phase | Failure | Extracted | Learned | Recognized | Answered, Field(discriminator="event")]
)


class InvalidAnswerError(Exception):
    """What is wrong with an answer, in a few words that can be shown."""


T = TypeVar("T")


def checked(line: bytes, expected: TypeAdapter[T]) -> T:
    """The message in `line`, if it is one of those expected; else an `InvalidAnswerError`."""
    if line.count(b",") > MOST_VALUES:  # each costs a hundred times its length here, so they are counted first
        raise InvalidAnswerError("the worker's answer is not valid: it has too many values")
    try:
        return expected.validate_json(line)
    except ValidationError as error:
        raise InvalidAnswerError(_what_is_wrong(line, error)) from None


def _what_is_wrong(line: bytes, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if not line.lstrip().startswith(b"{"):
        return f"the worker's stdout has invalid data: {line[:200]!r}"
    if "event" in first["loc"] or first["type"].startswith("union_tag"):
        return f"the worker answered out of turn: {line[:200]!r}"
    where = without_controls(".".join(str(part) for part in first["loc"]))
    what = first["msg"].removeprefix("Value error, ")
    return f"the worker's answer is not valid: {where[:_LONGEST_ERROR]}{': ' if where else ''}{what[:_LONGEST_ERROR]}"


def _itemsize(dtype: str) -> int:
    """Bytes of one number of this type; 0 for what is not a number."""
    if dtype == "bool":
        return 1
    found = re.fullmatch(r"(?:u?int(?=8|16|32|64)|float(?=16|32|64)|complex(?=64|128))(8|16|32|64|128)", dtype)
    return int(found[1]) // 8 if found else 0
