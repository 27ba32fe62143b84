"""One execution of a suite: what run.json holds. The samples themselves stand in samples.parquet beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, ClassVar, Literal

from devbench.domain.accuracy import Accuracy
from devbench.domain.between_runs import BetweenRuns
from devbench.domain.case import Option
from devbench.domain.measure import Measure
from devbench.domain.model import Quantization, TensorSpec
from devbench.domain.outcome import Outcome, RoundFacts
from devbench.domain.place import Absent
from devbench.domain.ranges import Count, Int64, Positive, Time, TimeOrEmpty

SCHEMA = 2  # 1 had no checksums
SIDES = ("old", "new")  # what the ids of cases begin with that are measured in turns
# A number that is not finite is written as it is, and then not read: it must not become null unseen.
_NUMBERS: dict[str, Any] = {"ser_json_inf_nan": "constants", "allow_inf_nan": False}


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A case whose rounds are not all done: in a finished run there is none."""

    status: Literal["pending"] = "pending"


@dataclass(frozen=True, kw_only=True)
class ArtifactRecord:
    """What a result must say of the file that was executed."""

    sha256: str
    size_bytes: Count
    format: str
    source: str
    weights: str
    precision: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    quantization: Quantization = "unknown"
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CaseRecord:
    """One case of a run: what it is, what was executed, each round's facts, and what became of it.

    remarks: what its device has to say of the result.
    accuracy: how often it answered rightly; None where no pictures were asked.
    between_runs: how much its place varies from run to run, as far as was known when it was measured; None before.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _NUMBERS

    id: str
    model: str
    precision: str
    device: str
    place: str = ""
    runtime: str = ""
    options: Mapping[str, Option] = field(default_factory=dict)
    measure: Measure | None = None
    region: str = ""
    input: str = ""
    artifact: ArtifactRecord | None = None
    rounds: tuple[RoundFacts, ...] = ()
    outcome: Outcome | Pending = field(default_factory=Pending)
    remarks: tuple[str, ...] = ()
    between_runs: BetweenRuns | None = None
    accuracy: Accuracy | None = None

    @property
    def counting(self) -> tuple[RoundFacts, ...]:
        """The rounds that count: all but those that were measured again."""
        return tuple(about for about in self.rounds if not about.superseded)

    @property
    def energy_mj(self) -> float | None:
        """Of one inference above the idle baseline: the median of the rounds that count and know it."""
        known = [about.energy_mj for about in self.counting if about.energy_mj is not None]
        return median(known) if known else None


@dataclass(frozen=True, kw_only=True)
class Compare:
    """Which ratios the suite asks for: over which device, and between which models (slow one first)."""

    baseline: str = ""
    between_models: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked of `devbench run`, kept so that `--resume` asks the same again.

    places: device and name of those to measure at; all that there are, if none is named.
    night: the night of a laboratory that it is a part of; "" outside of one.
    purpose: why it was measured there: `again` to see whether a change is real, `gold` to see whether a place is
        healthy; "" for the suites themselves.
    """

    suite_text: str
    suite_dir: str
    devices: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    profile: str = ""
    seed: int | None = None
    budget_s: Positive | None = None
    places: tuple[tuple[str, str], ...] = ()
    night: str = ""
    purpose: Literal["", "again", "gold"] = ""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of a suite, complete or not.

    order: the rounds as case ids, one after the other, as far as they are planned. extended: whether the rounds that
        were doubtful have been replaced, which is done once.
    budget_s: seconds for all rounds; None where there is no budget.
    beside: places (device and name) whose rounds went on side by side, those that took turns in one group; () where no
        round had another beside it.
    files: SHA-256 of each file that holds samples or outputs, by its path in the run folder. Schema 1 has none.
    doubts: what speaks against run.json itself, found when it was read; never written.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _NUMBERS

    schema: int = SCHEMA
    id: str
    suite: str
    suite_sha256: str
    started_utc: Time
    finished_utc: TimeOrEmpty = ""
    devbench_version: str
    seed: Int64
    request: Request
    compare: Compare
    order: tuple[str, ...]
    extended: bool = False
    budget_s: Positive | None = None
    beside: tuple[tuple[tuple[str, str], ...], ...] = ()
    host: Mapping[str, str]
    absent: tuple[Absent, ...]
    cases: tuple[CaseRecord, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = field(default=(), compare=False)

    @property
    def in_turns(self) -> bool:
        """Whether it is of two sides, by `compare --measure`: it cannot be gone on with, as only one was kept."""
        return bool(self.cases) and all(case.id.partition(": ")[0] in SIDES for case in self.cases)

    def case(self, case_id: str) -> CaseRecord:
        """The record of the case with this id."""
        return next(case for case in self.cases if case.id == case_id)

    def with_case(self, changed: CaseRecord) -> Run:
        """This run with one case's record replaced."""
        return replace(self, cases=tuple(changed if case.id == changed.id else case for case in self.cases))
