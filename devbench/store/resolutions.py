"""What `devbench doctor --resolution` found at earlier hours on this machine: whether another hour is better.

A convenience, as `earlier_runs.py` is: lines that cannot be read are left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from devbench.domain.ranges import NotNegative, Positive
from devbench.files import make_folder, read_regular, write_whole

_MOST = 200
_LARGEST_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class EarlierResolution:
    """run: half width of the interval of one case within a run, 0.02 is 2 %. others_cores: kept busy meanwhile."""

    at_utc: str
    run: Positive
    others_cores: NotNegative | None = None


_LINE: TypeAdapter[EarlierResolution] = TypeAdapter(EarlierResolution)


class Resolutions:
    """Those of one machine, in `folder`: another machine that shares the cache has a file of its own."""

    def __init__(self, folder: Path, facts: Mapping[str, str]) -> None:
        key = json.dumps([facts.get(name, "") for name in ("machine_id", "cpu", "cpus", "board")])
        self._path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.jsonl"

    def read(self) -> list[EarlierResolution]:
        """From the oldest to the newest; [] where there are none, or the file cannot be read."""
        try:
            text = read_regular(self._path, _LARGEST_BYTES).decode(errors="replace")
        except OSError:
            return []
        return [one for line in text.splitlines() if (one := _checked(line))]

    def add(self, one: EarlierResolution) -> None:
        """Keep one more. Raises OSError."""
        make_folder(self._path.parent)
        kept = [*self.read(), one][-_MOST:]
        write_whole(self._path, "".join(json.dumps(asdict(each)) + "\n" for each in kept).encode())


def _checked(line: str) -> EarlierResolution | None:
    try:
        return _LINE.validate_json(line, strict=True)
    except ValidationError:
        return None
