"""What measured a figure before it changed, as far as it is still there: model files, and interpreters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from devbench.domain.history import Again
from devbench.domain.lab import PlaceKey
from devbench.domain.outcome import Skipped
from devbench.domain.place import Place
from devbench.domain.run import CaseRecord, Request, Run
from devbench.errors import DevbenchError
from devbench.history.columns import keys_of
from devbench.lab.artifacts import as_before
from devbench.ownership import check_ours
from devbench.run.prepare import Look
from devbench.store.folder import RunFolder


@dataclass(frozen=True, kw_only=True)
class Before:
    """What measured before. request: the suite of then, None where it asked for the same, in the same files.

    python: the interpreter of then, "" where it was the same. gone: what cannot be measured any more; "" if all can.
    """

    request: Request | None
    python: str
    gone: str

    @property
    def in_turns(self) -> bool:
        """Whether there is something to measure beside the new one."""
        return self.request is not None or bool(self.python)


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """Looks for what was there before. nights: their folder. look: what a worker sees at a place."""

    nights: Path
    place: Callable[[PlaceKey], Place]
    look: Look

    def of(self, one: Again, run: Run) -> Before:
        """What measured `one` in the run that is to be compared with `run`."""
        old = run_in(one.beside) if one.beside else None
        if old is None:
            return Before(request=None, python="", gone="")
        request = as_before(suite_of(old), old.cases, self.nights)
        same = request == as_before(suite_of(run), run.cases, self.nights)
        python, gone = self._python(one, _case_of(old, one), _case_of(run, one))
        return Before(request=None if same else request, python=python, gone=gone)

    def _python(self, one: Again, old: CaseRecord | None, new: CaseRecord | None) -> tuple[str, str]:
        """The interpreter that still has the runtime of then, where it was another one; or what is gone."""
        before, now = _facts(old), _facts(new)
        version = before.get("runtime_version", "")
        if not version or version == now.get("runtime_version"):
            return "", ""
        gone = f"{one.key.runtime} {version}"
        python = before.get("python_path", "")
        same = bool(before.get("machine_id")) and before.get("machine_id") == now.get("machine_id")
        if not python or not same or python == now.get("python_path"):
            return "", gone
        try:
            check_ours(Path(one.beside))  # the record names a program: nobody else may have written it
        except OSError:
            return "", gone
        place = replace(self.place((one.key.device, one.key.place)), python={"": python})
        seen = self.look(place, one.key.runtime)
        still = not isinstance(seen, Skipped) and seen.get("runtime_version") == version
        return (python, "") if still else ("", gone)


def run_in(folder: str) -> Run | None:
    """The run there; None if it is not there any more."""
    try:
        return RunFolder(Path(folder)).load()
    except DevbenchError:
        return None


def suite_of(run: Run) -> Request:
    """The suite that was asked for, whole."""
    asked = run.request
    return Request(suite_text=asked.suite_text, suite_dir=asked.suite_dir, profile=asked.profile)


def _case_of(run: Run, one: Again) -> CaseRecord | None:
    found = dict(zip(keys_of(run.cases), run.cases, strict=True))
    return found.get(one.key)


def _facts(case: CaseRecord | None) -> Mapping[str, str]:
    return case.rounds[0].facts if case and case.rounds else {}
