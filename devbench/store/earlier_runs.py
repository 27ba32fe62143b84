"""Figures of earlier runs, kept for each machine and place: what the spread between runs is learned from.

It is a convenience, not a record: the run folders are. A file that is gone or damaged costs precision, never a run; and
`problems` says what of it was not used.
"""

from __future__ import annotations

import hashlib
import json
import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import TypeAdapter, ValidationError

from devbench.domain.between_runs import BetweenRuns
from devbench.domain.outcome import Measured, Nanoseconds
from devbench.domain.run import CaseRecord
from devbench.files import make_folder, read_regular, write_whole
from devbench.stats import RoundMedian, round_medians
from devbench.stats.between_runs import RunEstimate, Spread, spread_between_runs
from devbench.stats.interval import log_estimate

DEFAULT_SD = {"yes": 0.05, "": 0.05, "no": 0.02}
"""What is assumed of a place without earlier runs, by whether its machine is virtual; "" is unknown."""

_MOST_RUNS = 40
_LAST_RUNS = 5  # a spread of rounds is that of the hour
_LARGEST_BYTES = 4 << 20
_LONGEST_WAIT_S = 10.0

LogTime = Annotated[float, Ge(0.0), Le(math.log(2**63))]  # from 1 ns to the largest that is timed; refuses nan
Variance = Annotated[float, Ge(0.0), Le(1e4)]


@dataclass(frozen=True, kw_only=True)
class EarlierEstimate:
    """One case of one run: logarithms of nanoseconds, with the variance that the run itself shows of them.

    contaminated: it says how much contaminated figures vary here, and nothing of the others. rounds: that counted; 0 in
    lines that were kept before this was.
    """

    run: str
    case: str
    log_median: LogTime
    log_fastest: LogTime
    variance: Variance
    contaminated: bool = False
    rounds: Annotated[int, Ge(0), Le(1_000_000)] = 0


_LINE: TypeAdapter[EarlierEstimate] = TypeAdapter(EarlierEstimate)


class EarlierRuns:
    """The figures of earlier runs in `folder`: a file for each place of each machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def between_runs(self, case: CaseRecord, run: str) -> BetweenRuns:
        """What the runs other than `run` at the place of `case` say; a default where there are fewer than two.

        Of a contaminated case, contaminated runs say it too: it is measured again on a machine as busy as this.
        """
        return self.at_place(case.device, case.place, _facts(case), run, contaminated=_is_contaminated(case))

    def at_place(
        self, device: str, place: str, facts: Mapping[str, str], run: str = "", *, contaminated: bool = False
    ) -> BetweenRuns:
        """The same of a place by its name and by what a worker sees of its machine."""
        by_case: dict[str, list[EarlierEstimate]] = {}
        for one in self._read(_file_of(device, place, facts)):
            if one.run != run and (contaminated or not one.contaminated):
                by_case.setdefault(one.case, []).append(one)
        default = DEFAULT_SD.get(facts.get("virtual", ""), DEFAULT_SD[""])
        medians = _spread(by_case, "log_median", default)
        return BetweenRuns(
            median_sd=medians.log_sd,
            fastest_sd=_spread(by_case, "log_fastest", default).log_sd,
            degrees_of_freedom=medians.degrees_of_freedom,
            runs=medians.runs,
        )

    def variance_of_rounds(self, case: CaseRecord, run: str) -> float | None:
        """How much the log medians of rounds of `case`, which has one or more, varied in the last runs before `run`.

        Those of its place where it was not measured before; None where nothing was.
        """
        known = [one for one in self._read(_place_of(case)) if one.run != run and one.rounds > 1]
        own = [one for one in known if one.case == _name_of(case)]
        last = list(dict.fromkeys(one.run for one in own or known))[-_LAST_RUNS:]
        found = [one.variance * one.rounds for one in own or known if one.run in last]
        return statistics.median(found) if found else None

    def problems(self, case: CaseRecord) -> list[str]:
        """Why earlier runs that are there do not count for the spread between runs at the place of `case`."""
        path = self._path(_place_of(case))
        try:
            lines, others = self._lines(path), list(self._folder.glob(f"{_name_part(case.device, case.place)}-*.jsonl"))
        except OSError as error:
            return [f"the earlier runs of this place cannot be read, so a default spread stands for them: {error}"]
        if others and path not in others:
            about = "another id, processor, number of cores or board"
            return [
                f"the earlier runs at '{case.place}' are of another machine of that name ({about}): they do not count"
            ]
        damaged = sum(_checked(line) is None for line in lines)
        if not damaged:
            return []
        return [f"{damaged} of {len(lines)} figures of earlier runs are damaged and were left out ({path})"]

    def add(self, run: str, cases: Mapping[str, tuple[CaseRecord, list[Nanoseconds]]]) -> None:
        """Keep the figures of a run: each case with the rounds that count.

        run: no other run of this place may have it, however its folder is called. Raises OSError.
        """
        from filelock import FileLock  # `devices` opens this too, and adds nothing

        by_place: dict[str, list[EarlierEstimate]] = {}
        for case, rounds in cases.values():
            if isinstance(case.outcome, Measured):
                by_place.setdefault(_place_of(case), []).append(_figure(run, case, round_medians(rounds)))
        for place, found in by_place.items():
            make_folder(self._folder)
            with FileLock(self._folder / f"{place}.lock", timeout=_LONGEST_WAIT_S):  # its Timeout is an OSError
                kept = _newest([one for one in self._read(place) if one.run != run] + found)
                lines = "".join(json.dumps(asdict(one)) + "\n" for one in kept)
                write_whole(self._path(place), lines.encode())

    def _path(self, place: str) -> Path:
        return self._folder / f"{place}.jsonl"

    def _read(self, place: str) -> list[EarlierEstimate]:
        try:
            lines = self._lines(self._path(place))
        except OSError:
            return []
        return [one for line in lines if (one := _checked(line))]

    def _lines(self, path: Path) -> list[str]:
        """Those of a file that may not be there yet. Raises OSError."""
        try:
            return read_regular(path, _LARGEST_BYTES).decode(errors="replace").splitlines()
        except FileNotFoundError:
            return []


def _checked(line: str) -> EarlierEstimate | None:
    try:
        return _LINE.validate_json(line, strict=True)
    except ValidationError:
        return None


def _newest(figures: list[EarlierEstimate]) -> list[EarlierEstimate]:
    """Those of the last runs: a machine is not what it was a hundred runs ago. So many of either kind."""
    runs = [
        runs
        for kind in (False, True)
        for runs in list(_runs(one for one in figures if one.contaminated is kind))[-_MOST_RUNS:]
    ]
    return [one for one in figures if (one.run, one.contaminated) in runs]


def _runs(figures: Iterable[EarlierEstimate]) -> dict[tuple[str, bool], None]:
    return dict.fromkeys((one.run, one.contaminated) for one in figures)


def _spread(by_case: Mapping[str, Iterable[EarlierEstimate]], name: str, default: float) -> Spread:
    """Of the medians or of the fastest percent. What a run explains is kept of its medians: of the rest, nothing is."""
    cases = [
        [RunEstimate(getattr(one, name), one.variance if name == "log_median" else 0.0) for one in figures]
        for figures in by_case.values()
    ]
    return spread_between_runs(cases, default)


def _figure(run: str, case: CaseRecord, medians: list[RoundMedian]) -> EarlierEstimate:
    estimate = log_estimate(medians)
    fastest = sorted(math.log(one.fastest_ns) for one in medians)[: len(medians) // 2 + 1]
    return EarlierEstimate(
        run=run,
        case=_name_of(case),
        log_median=estimate.value,
        log_fastest=sum(fastest) / len(fastest),
        variance=max(estimate.variance, estimate.inside_variance),
        contaminated=_is_contaminated(case),
        rounds=len(medians),
    )


def _is_contaminated(case: CaseRecord) -> bool:
    """As its verdict says, or will say: it is asked for before there is an outcome."""
    if isinstance(case.outcome, Measured):
        return case.outcome.verdict.status == "contaminated"
    return any(reason.severity == "contaminated" for about in case.counting for reason in about.reasons)


def _place_of(case: CaseRecord) -> str:
    return _file_of(case.device, case.place, _facts(case))


def _file_of(device: str, place: str, facts: Mapping[str, str]) -> str:
    """A file name for the place: the first part for its name, the second for its machine."""
    machine = json.dumps([facts.get(name, "") for name in ("machine_id", "cpu", "cpus", "board")])
    return f"{_name_part(device, place)}-{hashlib.sha256(machine.encode()).hexdigest()[:12]}"


def _name_part(device: str, place: str) -> str:
    return hashlib.sha256(json.dumps([device, place]).encode()).hexdigest()[:12]


def _name_of(case: CaseRecord) -> str:
    """What must be the same for two figures to be of the same work done in the same way."""
    artifact = case.artifact.sha256 if case.artifact else ""
    data = case.input.partition(",")[0]  # another seed of random numbers is the same work
    parts = [case.model, artifact, case.runtime, _facts(case).get("runtime_version", ""), case.region, data]
    key = json.dumps([*parts, sorted(map(str, case.options.items()))])
    return hashlib.sha256(key.encode()).hexdigest()[:20]


def _facts(case: CaseRecord) -> Mapping[str, str]:
    return case.rounds[0].facts if case.rounds else {}
