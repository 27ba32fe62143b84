"""Figures of earlier runs, kept for each machine and place: what the spread between runs is learned from.

It is a convenience, not a record: the run folders are. A file that is gone or damaged costs some precision only.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from devbench.domain.between_runs import BetweenRuns
from devbench.domain.outcome import Measured, Nanoseconds
from devbench.domain.ranges import NotNegative
from devbench.domain.run import CaseRecord
from devbench.files import make_folder, read_regular, write_whole
from devbench.stats import RoundMedian, round_medians
from devbench.stats.between_runs import RunEstimate, Spread, spread_between_runs
from devbench.stats.interval import log_estimate

DEFAULT_SD = {"yes": 0.05, "": 0.05, "no": 0.02}
"""What is assumed of a place without earlier runs, by whether its machine is virtual; "" is unknown."""

_MOST_RUNS = 40
_LARGEST_BYTES = 4 << 20


@dataclass(frozen=True, kw_only=True)
class EarlierEstimate:
    """One case of one run: logarithms of nanoseconds, with the variance that the run itself shows of them."""

    run: str
    case: str
    log_median: float
    log_fastest: float
    variance: NotNegative


_LINE: TypeAdapter[EarlierEstimate] = TypeAdapter(EarlierEstimate)


class EarlierRuns:
    """The figures of earlier runs in `folder`: a file for each place of each machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def between_runs(self, case: CaseRecord, run_id: str) -> BetweenRuns:
        """What the runs before `run_id` at the place of `case` say; a default where there are fewer than two."""
        return self.at_place(case.device, case.place, case.rounds[0].facts if case.rounds else {}, run_id)

    def at_place(self, device: str, place: str, facts: Mapping[str, str], run_id: str = "") -> BetweenRuns:
        """The same of a place by its name and by what a worker sees of its machine."""
        by_case: dict[str, list[EarlierEstimate]] = {}
        for one in self._read(_file_of(device, place, facts)):
            if one.run != run_id:
                by_case.setdefault(one.case, []).append(one)
        default = DEFAULT_SD.get(facts.get("virtual", ""), DEFAULT_SD[""])
        medians = _spread(by_case, "log_median", default)
        return BetweenRuns(
            median_sd=medians.log_sd,
            fastest_sd=_spread(by_case, "log_fastest", default).log_sd,
            degrees_of_freedom=medians.degrees_of_freedom,
            runs=medians.runs,
        )

    def add(self, run_id: str, cases: Mapping[str, tuple[CaseRecord, list[Nanoseconds]]]) -> None:
        """Keep the figures of a run: each case with the rounds that count. Contaminated ones say nothing of a place.

        Raises OSError.
        """
        from filelock import FileLock  # `devices` opens this too, and adds nothing

        by_place: dict[str, list[EarlierEstimate]] = {}
        for case, rounds in cases.values():
            if isinstance(case.outcome, Measured) and case.outcome.verdict.status != "contaminated":
                by_place.setdefault(_place_of(case), []).append(_figure(run_id, case, round_medians(rounds)))
        for place, found in by_place.items():
            make_folder(self._folder)
            with FileLock(self._folder / f"{place}.lock"):
                kept = _newest([one for one in self._read(place) if one.run != run_id] + found)
                lines = "".join(json.dumps(asdict(one)) + "\n" for one in kept)
                write_whole(self._folder / f"{place}.jsonl", lines.encode())

    def _read(self, place: str) -> list[EarlierEstimate]:
        try:
            text = read_regular(self._folder / f"{place}.jsonl", _LARGEST_BYTES).decode(errors="replace")
        except OSError:
            return []
        return [one for line in text.splitlines() if (one := _checked(line))]


def _checked(line: str) -> EarlierEstimate | None:
    try:
        return _LINE.validate_json(line)
    except ValidationError:
        return None


def _newest(figures: list[EarlierEstimate]) -> list[EarlierEstimate]:
    """Those of the last runs: a machine is not what it was a hundred runs ago."""
    runs = list(dict.fromkeys(one.run for one in figures))[-_MOST_RUNS:]
    return [one for one in figures if one.run in runs]


def _spread(by_case: Mapping[str, Iterable[EarlierEstimate]], name: str, default: float) -> Spread:
    cases = [[RunEstimate(getattr(one, name), one.variance) for one in figures] for figures in by_case.values()]
    return spread_between_runs(cases, default)


def _figure(run_id: str, case: CaseRecord, medians: list[RoundMedian]) -> EarlierEstimate:
    estimate = log_estimate(medians)
    fastest = sorted(math.log(one.fastest_ns) for one in medians)[: len(medians) // 2 + 1]
    return EarlierEstimate(
        run=run_id,
        case=_name_of(case),
        log_median=estimate.value,
        log_fastest=sum(fastest) / len(fastest),
        variance=max(estimate.variance, estimate.inside_variance),
    )


def _place_of(case: CaseRecord) -> str:
    return _file_of(case.device, case.place, case.rounds[0].facts if case.rounds else {})


def _file_of(device: str, place: str, facts: Mapping[str, str]) -> str:
    """A file name for the place: another machine of the same name is another place."""
    machine = [facts.get(name, "") for name in ("machine_id", "cpu", "cpus", "board")]
    key = json.dumps([device, place, *machine])
    return hashlib.sha256(key.encode()).hexdigest()[:20]


def _name_of(case: CaseRecord) -> str:
    """What must be the same for two figures to be of the same work done in the same way."""
    artifact = case.artifact.sha256 if case.artifact else ""
    parts = [case.model, artifact, case.runtime, _fact(case, "runtime_version"), case.region, case.input]
    key = json.dumps([*parts, sorted(map(str, case.options.items()))])
    return hashlib.sha256(key.encode()).hexdigest()[:20]


def _fact(case: CaseRecord, name: str) -> str:
    return case.rounds[0].facts.get(name, "") if case.rounds else ""
