"""The peaks that `devbench doctor --peaks` has measured, a file for each machine; checked whenever one is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from devbench.domain.limits import Peak
from devbench.files import make_folder, read_regular, write_whole

SCHEMA = 1
_LARGEST_BYTES = 1 << 20
_IDENTITY = ("machine_id", "cpu", "cpus")


@dataclass(frozen=True, kw_only=True)
class MeasuredPeaks:
    """The peaks of one machine. machine: the facts that tell it from others. measured_utc: when."""

    schema: int
    machine: Mapping[str, str]
    measured_utc: str
    peaks: tuple[Peak, ...]


_FILE: TypeAdapter[MeasuredPeaks] = TypeAdapter(MeasuredPeaks)


class PeakStore:
    """The peaks in `folder`. this_machine: the facts of the machine that is meant where none are given."""

    def __init__(self, folder: Path, this_machine: Mapping[str, str]) -> None:
        self._folder = folder
        self._here = this_machine

    def of_machine(self, facts: Mapping[str, str]) -> Sequence[Peak]:
        """The peaks of the machine with these facts, of this one where they name none; () where none were measured."""
        named = any(facts.get(name) for name in (*_IDENTITY, "host", "place"))
        found = self.read(facts if named else self._here)
        return found.peaks if found else ()

    def read(self, facts: Mapping[str, str]) -> MeasuredPeaks | None:
        """What is stored of the machine with these facts; a file that is damaged counts as none."""
        if not facts.get("machine_id"):
            return None  # a name alone does not tell one machine from another
        try:
            found = _FILE.validate_json(read_regular(self._file(facts), _LARGEST_BYTES))
        except (OSError, ValidationError):
            return None
        return found if found.schema == SCHEMA else None

    def write(self, facts: Mapping[str, str], peaks: Sequence[Peak], measured_utc: str) -> Path:
        """Keep the peaks of the machine with these facts, instead of earlier ones. Raises OSError."""
        make_folder(self._folder)
        kept = MeasuredPeaks(schema=SCHEMA, machine=_identity(facts), measured_utc=measured_utc, peaks=tuple(peaks))
        file = self._file(facts)
        write_whole(file, (json.dumps(asdict(kept), indent=1) + "\n").encode())
        return file

    def _file(self, facts: Mapping[str, str]) -> Path:
        key = json.dumps(list(_identity(facts).values()))
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.json"


def _identity(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: facts.get(name, "") for name in _IDENTITY}
