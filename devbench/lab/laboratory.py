"""What a night works with, and how anything is measured in it: an ordinary run in a folder of its own."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from devbench.domain.lab import Lab, Nights, PlaceKey
from devbench.domain.outcome import Failed, Skipped
from devbench.domain.place import Place
from devbench.domain.run import Request, Run
from devbench.errors import DevbenchError
from devbench.lab.gold import gold_request
from devbench.models.artifact import is_file_source
from devbench.plugin.methods import LOOK
from devbench.plugin.registry import Registry
from devbench.run.changes import Hold
from devbench.run.context import RunContext
from devbench.run.from_context import maker_of
from devbench.run.measure_both import Side, measure_both
from devbench.run.plan import plan_suite
from devbench.run.progress import Progress
from devbench.run.resume import resume_run
from devbench.run.round import RoundRunner
from devbench.run.side_by_side import Looks
from devbench.run.start import known_names, start_run
from devbench.store.folder import RunFolder
from devbench.store.results_file import write_results
from devbench.store.results_rows import rows_of
from devbench.suites.suite import parse_suite, read_suite
from devbench.suites.yaml_file import read_yaml

_THRESHOLD = 0.01  # a difference that is looked for in turns
_PLAIN = re.compile(r"[A-Za-z0-9._+@-]{1,80}")


# Measures a request, of this name, in a folder, for a group, in so many seconds at most.
Elsewhere = Callable[[Request, str, Path, str, float], Run]


@dataclass(frozen=True, kw_only=True)
class Laboratory:
    """A lab.yaml with all that its nights need.

    hold_of: makes the settings of one group, with a file of its own for undoing them. tell: a line for who looks on.
    elsewhere: measures at places over ssh from another machine; None where all is measured from this one.
    """

    lab: Lab
    nights: Nights
    context: RunContext
    runner: RoundRunner
    hold_of: Callable[[str], Hold]
    tell: Callable[[str], None]
    elsewhere: Elsewhere | None = None

    def place(self, key: PlaceKey) -> Place:
        """The place that lab.yaml calls so."""
        return next(one for one in self.lab.places if (one.device, one.name) == key)

    @property
    def keys(self) -> tuple[PlaceKey, ...]:
        """Of all places."""
        return tuple((one.device, one.name) for one in self.lab.places)

    def requests(self) -> dict[str, Request]:
        """What each suite asks for, by its name; every mistake in them is found here. Raises a `SuiteError`."""
        known, found = known_names(self.context.plugins), {}
        for path in self.nights.suites:
            read_suite(path, known)
            found[path.stem] = Request(suite_text=read_yaml(path).text, suite_dir=str(path.resolve().parent))
        return found

    def places_without_gold(self) -> set[PlaceKey]:
        """The places that cannot run the gold case by their nature. A `DevbenchError` if none of them can."""
        gold = self.nights.gold
        if gold is None:
            return set(self.keys)
        reasons: dict[PlaceKey, str] = {}
        known = self.context.plugins.registry
        unseen = {
            kind: replace(one, written=tuple(name for name in one.written if name != LOOK.name))
            for kind, one in known.devices.items()
        }
        for key in self.keys:
            if why := self._why_no_gold(key, replace(known, devices=unseen)):
                reasons[key] = why
        if reasons and len(reasons) == len(self.keys):
            why = "; ".join(dict.fromkeys(reasons.values()))
            raise DevbenchError(
                f"{self.lab.path}: nights: gold: no place can run {gold.model}: {why}",
                "Choose a model that most of the places can load, or leave `gold` out.",
            )
        return set(reasons)

    def _why_no_gold(self, key: PlaceKey, registry: Registry) -> str:
        """By the plan alone, as if every runtime were there: what is missing tonight is another matter."""
        assert self.nights.gold
        base = self.lab.path.parent
        name = f"{self.lab.path}: nights: gold"
        suite = parse_suite(
            gold_request(self.nights.gold, key, base).suite_text, name, known_names(self.context.plugins)
        )
        maker, measure = maker_of(self.context), suite.measure.settings()
        plan = plan_suite(suite, base, registry, self.lab.places, measure, 0, _is_there, maker, only=(key,))
        reasons = [why.error if isinstance(why, Failed) else why.reason for _, why in plan.skips]
        reasons += [one.reason for one in plan.absent]
        if not plan.cases:
            return "; ".join(dict.fromkeys(reasons))
        source = self.nights.gold.source
        is_gone = source and is_file_source(source) and not (base / source).exists()
        return f"{base / source}: there is no such file" if is_gone else ""

    def measure(
        self,
        request: Request,
        name: str,
        folder: Path,
        *,
        group: str,
        until_end_s: Callable[[], float] | None = None,
    ) -> Run:
        """The run of `request` in `folder`, begun or gone on with, at the places of `request` alone.

        group: whose settings and notes these are.
        Raises a `DevbenchError`; a `NothingMeasuredError` where the suite has nothing for these places.
        """
        until_end_s = until_end_s or self.context.until_end_s
        if self.elsewhere and request.places and all(self.place(key).ssh for key in request.places):
            return self.elsewhere(request, name, folder, group, until_end_s())
        context = self._context(group, until_end_s)
        run_folder = RunFolder(folder)
        if run_folder.exists:
            run = resume_run(run_folder, context, request.places)
        else:
            run = start_run(request, name, run_folder, context)
        self._close(run, run_folder)
        return run

    def measure_in_turns(
        self, old: Request, new: Request, folder: Path, *, pythons: Mapping[tuple[str, str, str], str], budget_s: float
    ) -> None:
        """Two requests in one run, the rounds of old and new in turns. Raises a `DevbenchError`.

        pythons: the interpreters of the old one that are not those of now, by device, place and runtime.
        """
        context = self._context("again", self.context.until_end_s)
        sides = Side(request=old, name="suite of the night before", pythons=pythons), Side(request=new, name="suite")
        found = measure_both(
            sides, RunFolder(folder), context, lambda pairs: Looks(pairs, _THRESHOLD, budget_s, self.tell)
        )
        self._close(found.run, RunFolder(folder))

    def _context(self, group: str, until_end_s: Callable[[], float]) -> RunContext:
        return replace(
            self.context,
            lab=self.lab.places,
            progress=_GroupProgress(group, self.tell),
            hold=self.hold_of(group),
            until_end_s=until_end_s,
        )

    def _close(self, run: Run, folder: RunFolder) -> None:
        folder.write("results.csv", write_results(rows_of(run)).encode())
        self.context.plugins.run_finished(run)


class _GroupProgress(Progress):
    """What somebody who looks on wants to know of one group; not each round."""

    def __init__(self, group: str, tell: Callable[[str], None]) -> None:
        self._group = group
        self._tell = tell

    def note(self, text: str) -> None:
        """See `Progress`."""
        self._tell(f"{self._group}: {text}")

    def case_failed(self, case_id: str, error: str) -> None:
        """See `Progress`."""
        self._tell(f"{self._group}: {case_id} failed: {error}")


def _is_there(_place: Place, _runtime: str) -> Skipped | None:
    return None


def slug(key: PlaceKey) -> str:
    """A place as a part of a file name: unique, and readable where its name is a plain word."""
    text = f"{key[1]}@{key[0]}"
    if _PLAIN.fullmatch(text) and text.count("@") == 1:
        return text
    plain = re.sub(r"[^A-Za-z0-9._+-]+", "-", key[1]).strip("-")[:40]
    return f"{plain}-{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:8]}@{key[0]}"
