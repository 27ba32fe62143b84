"""Other rules on the same nights: which changes they report, and what the same fresh sessions say of these."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.lab.noise import Floats, Lab, measured_again
from benchmarks.lab.rules import conbench, perfherder
from devbench.stats.candidates import MOST_SESSIONS
from devbench.stats.changes import LAST_NIGHTS, levels
from devbench.stats.sessions import judge, pulled
from devbench.stats.step import NIGHTS_BEFORE

OURS_ANEW: dict[str, Callable[[Floats], list[int]]] = {"Conbench, z 5": conbench, "Perfherder": perfherder}
LIBRARIES = ("Otava, defaults", "Otava, p 1e-6, 1 %", "ruptures, 1 %", "asv, 2 %")
_SAME_NIGHTS = 3
_SERIES = 600  # that are watched: what the sessions need is the same as for devbench's own


class Peers:
    """The libraries, in an interpreter of their own."""

    def __init__(self, python: str) -> None:
        worker = Path(__file__).with_name("peers_worker.py")
        self._process = subprocess.Popen(
            [python, str(worker)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def reported(self, method: str, values: Floats, begin: int) -> list[list[int]]:
        """What `method` reports of one series, for each night from `begin` on."""
        assert self._process.stdin and self._process.stdout
        asked = {"method": method, "values": [float(one) for one in np.exp(values)], "begin": begin}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"the process of {method} ended with {self._process.wait()}")
        found: list[list[int]] = json.loads(answer)
        return found


def reported(method: str, values: Floats, begin: int, peers: Peers | None) -> list[tuple[int, int]]:
    """Each change once: the night in which it was first reported, and its own first night.

    Contaminated nights (NaN) are left out. What is reported later than 14 nights after it happened does not count.
    """
    known = np.flatnonzero(np.isfinite(values))
    start = int(np.searchsorted(known, begin))
    kept = values[known]
    if method in OURS_ANEW:
        nights = [OURS_ANEW[method](np.exp(kept[: end + 1])) for end in range(start, len(kept))]
    else:
        assert peers
        nights = peers.reported(method, kept, start)
    found: list[tuple[int, int]] = []
    for end, points in enumerate(nights, start):
        for point in points:
            fresh = all(abs(point - before) > _SAME_NIGHTS for _, before in found)
            if fresh and end - point < LAST_NIGHTS:
                found.append((end, point))
    return [(int(known[end]), int(known[point])) for end, point in found]


def is_there(
    lab: Lab, series: int, values: Floats, night: int, first: int, step: Floats, rng: np.random.Generator
) -> bool:
    """Whether fresh sessions in `night` confirm a change of one series that began in the night `first`."""
    begin = max(first - NIGHTS_BEFORE, 0)
    before, errors = values[None, begin:first], lab.errors[None, series, begin:first]
    mean, of_mean, spread = levels(before, errors)
    claimed = float(np.nanmean(values[first : night + 1]) - mean[0])
    of_night = float(np.median(errors)) ** 2 + float(spread[0]) ** 2
    unreal = pulled(claimed, float(of_mean[0]), of_night, night - first + 1)
    differences, variances = [], []
    for _ in range(MOST_SESSIONS):
        off, error = measured_again(lab, np.array([series]), night, rng)
        if not np.isfinite(off[0]):
            continue
        differences.append(float(lab.level[series] + off[0] + step[night] - mean[0]))
        variances.append(float(error[0] ** 2 + spread[0] ** 2))
        shape = before[0] - mean[0]
        verdict = judge(differences, variances, float(of_mean[0]), claimed, 0.01, _SERIES, unreal, shape).verdict
        if verdict != "waiting":
            return verdict == "confirmed"
    return False


def methods(peers: Peers | None) -> Sequence[str]:
    """Those that can be asked here."""
    return (*(LIBRARIES if peers else ()), *OURS_ANEW)
