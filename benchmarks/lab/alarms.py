"""False alarms and power of devbench's watch over nights, and of others', on simulated laboratories.

    uv run python -m benchmarks.lab.alarms --seed 1
    uv run python -m benchmarks.lab.alarms --seed 1 --peers PEERS/bin/python

A laboratory has 20 boards with 30 cases each, for 70 nights; nothing changes in it, or something is planted. Every
night goes through devbench's own code: split, candidates, fresh sessions, what is told. `noise.py` describes the eight
kinds of noise, `rules.py` and `peers_worker.py` the others. Prints Markdown; the tables stand in docs/trust.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.lab.noise import KINDS, make
from benchmarks.lab.peers import Peers, is_there, methods, reported
from benchmarks.lab.watching import Watched, watch

NIGHTS, BEGIN, STEP_NIGHT = 70, 8, 40
WITHIN = (1, 3, 7, 14)
_POWER = ("noise, step", "planted", *(str(one) for one in WITHIN))
PARTS = ("false", "alone", "small", "power", "software", "others")
STEPS = (("quiet", 0.02), ("normal", 0.02), ("normal", 0.05), ("hetero", 0.02), ("noisy", 0.05))
STEPS_TOO = (("ar1", 0.02), ("bimodal", 0.02))  # for devbench
STEPS_ALONE = (("quiet", 0.02), ("normal", 0.02), ("normal", 0.05), ("ar1", 0.05))
SMALL, SMALL_KINDS = ((2, 2), (2, 10), (4, 2)), ("normal", "ar1", "bimodal", "trend")
SOFTWARE = (("quiet", 0.01), ("normal", 0.01), ("ar1", 0.01), ("normal", 0.005))


def main() -> None:
    """Print every table."""
    options = _options()
    peers = Peers(options.peers) if options.peers else None
    begun = time.monotonic()
    print(f"Seed {options.seed}.\n")
    if "false" in options.parts:
        false_alarms(options, begun)
    if "alone" in options.parts:
        alone(options)
    if "power" in options.parts:
        power(options)
    if "software" in options.parts:
        software(options)
    if "small" in options.parts:
        small(options)
    if "others" in options.parts:
        others(options, peers)
    print(f"\nTook {time.monotonic() - begun:.0f} s.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--boards", type=int, default=20)
    parser.add_argument("--cases", type=int, default=30)
    parser.add_argument("--nights", type=int, default=NIGHTS)
    parser.add_argument("--series-nights", type=int, default=60_000, help="of each kind, for devbench")
    parser.add_argument("--alone", type=int, default=12_000, help="the same, where each series is the only one")
    parser.add_argument("--small", type=int, default=6_000, help="the same, in small laboratories")
    parser.add_argument("--peer-nights", type=int, default=2_000, help="the same, for others")
    parser.add_argument("--peers", default="", help="the interpreter that has Otava, ruptures and asv")
    parser.add_argument("--trials", type=int, default=60, help="planted steps of each kind")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS, help="which tables")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no further laboratory after so long")
    return parser.parse_args()


def _rng(options: argparse.Namespace, *what: object) -> np.random.Generator:
    """Its own numbers for each part, whichever other parts are run."""
    text = " ".join(map(str, what)).encode()
    return np.random.default_rng([options.seed, *text])


def false_alarms(options: argparse.Namespace, begun: float) -> None:
    """Nothing changes: what is told all the same."""
    size = f"{options.boards} boards × {options.cases} cases"
    _head(
        f"False alarms per 1,000 series-nights, {size}, nothing having changed",
        *("noise", "series-nights", "candidates", "fresh sessions", "figures in them", "told", "which"),
    )
    for kind in options.kinds:
        found, labs, rng = Watched(), 0, _rng(options, "false", kind)
        while found.series_nights < options.series_nights and (
            not labs or time.monotonic() - begun < 60 * options.minutes
        ):
            lab = make(kind, options.boards, options.cases, options.nights, rng)
            found = _sum(found, watch(lab, rng, BEGIN))
            labs += 1
        parts = {part: sum(one.part == part for _, one in found.told) for part in ("kinds", "cases", "boards", "rest")}
        _row(
            kind,
            f"{found.series_nights:,}",
            _rate(found.candidates, found.series_nights),
            _rate(found.sessions, found.series_nights),
            _rate(found.figures, found.series_nights),
            _rate(len(found.told), found.series_nights, 3),
            ", ".join(f"{count} {part}" for part, count in parts.items() if count) or "–",
        )


def alone(options: argparse.Namespace) -> None:
    """The same, of series that have no others beside them."""
    _head("The same, each series the only one in its laboratory", "noise", "series-nights", "candidates", "told")
    for kind in options.kinds:
        rng = _rng(options, "alone", kind)
        series = -(-options.alone // (options.nights - BEGIN))
        found = watch(make(kind, series, 1, options.nights, rng), rng, BEGIN, alone=True)
        count = found.series_nights
        _row(kind, f"{count:,}", _rate(found.candidates, count), _rate(len(found.told), count, 3))
    _head("A series that is alone becomes slower: share told by night", *_POWER)
    for kind, size in STEPS_ALONE:
        rng = _rng(options, "alone power", kind, size)
        lab = make(kind, options.trials, 1, STEP_NIGHT + max(WITHIN), rng)
        step = np.broadcast_to(np.log1p(size) * (np.arange(lab.values.shape[1]) >= STEP_NIGHT), lab.values.shape)
        found = watch(lab, rng, STEP_NIGHT - 2, step, alone=True)
        nights = [_first(found, "rest", series) for series in range(options.trials)]
        _row(f"{kind} {100 * size:g} %", str(len(nights)), *_shares(nights))


def small(options: argparse.Namespace) -> None:
    """The same, of a team's first laboratory."""
    sizes = [f"{boards} boards × {cases} cases" for boards, cases in SMALL]
    _head(f"Told per 1,000 series-nights in small laboratories, {options.small:,} each or a few more", "noise", *sizes)
    for kind in [one for one in SMALL_KINDS if one in options.kinds]:
        told = []
        for boards, cases in SMALL:
            rng, found = _rng(options, "small", kind, boards, cases), Watched()
            while found.series_nights < options.small:
                found = _sum(found, watch(make(kind, boards, cases, options.nights, rng), rng, BEGIN))
            told.append(_rate(len(found.told), found.series_nights, 3))
        _row(kind, *told)


def power(options: argparse.Namespace) -> None:
    """One case on one board becomes slower: when it is told."""
    _head("One case on one board becomes slower: share told by night", *_POWER)
    for kind, size in STEPS + STEPS_TOO:
        rng, nights = _rng(options, "power", kind, size), []
        while len(nights) < options.trials:
            lab = make(kind, options.boards, options.cases, STEP_NIGHT + max(WITHIN), rng)
            planted = (
                np.arange(options.boards) * options.cases
                + rng.permutation(options.cases)[np.arange(options.boards) % options.cases]
            )
            step = np.zeros_like(lab.values)
            step[planted, STEP_NIGHT:] = np.log1p(size)
            found = watch(lab, rng, STEP_NIGHT - 2, step, enough=_all_told("rest", planted))
            nights += [_first(found, "rest", int(series)) for series in planted]
        _row(f"{kind} {100 * size:g} %", str(len(nights)), *_shares(nights))


def software(options: argparse.Namespace) -> None:
    """One case becomes slower on every board."""
    _head(f"The software of one case becomes slower, on {options.boards} boards: share told by night", *_POWER)
    for kind, size in SOFTWARE:
        rng, nights = _rng(options, "software", kind, size), []
        while len(nights) < options.trials:
            lab = make(kind, options.boards, options.cases, STEP_NIGHT + max(WITHIN), rng)
            planted = rng.permutation(options.cases)[: max(options.cases // 10, 1)]
            step = np.zeros_like(lab.values)
            step[np.ix_(np.isin(lab.case_of, planted), np.arange(step.shape[1]) >= STEP_NIGHT)] = np.log1p(size)
            found = watch(lab, rng, STEP_NIGHT - 2, step, enough=_all_told("cases", planted))
            nights += [_first(found, "cases", int(case)) for case in planted]
        _row(f"{kind} {100 * size:g} %", str(len(nights)), *_shares(nights))


def others(options: argparse.Namespace, peers: Peers | None) -> None:
    """Other rules, each series by itself."""
    _head(
        f"Others: reported, and of these confirmed by the same fresh sessions, per 1,000 of {options.peer_nights:,} "
        "series-nights",
        *("method", *options.kinds),
    )
    for method in methods(peers):
        _row(method, *(_false_of(options, method, kind, peers) for kind in options.kinds))
    _head(
        f"Others: share of steps reported within {', '.join(map(str, WITHIN))} nights",
        *("method", *(f"{kind} {100 * size:g} %" for kind, size in STEPS)),
    )
    for method in methods(peers):
        _row(method, *(_found_by(options, method, kind, size, peers) for kind, size in STEPS))


def _false_of(options: argparse.Namespace, method: str, kind: str, peers: Peers | None) -> str:
    rng = _rng(options, "others", kind)  # the same nights for every method
    series = -(-options.peer_nights // (options.nights - BEGIN))
    lab = make(kind, series, 1, options.nights, rng)
    values = np.where(lab.flagged, np.nan, lab.values)
    nothing, count, confirmed = np.zeros(options.nights), 0, 0
    for number in range(series):
        for night, first in reported(method, values[number], BEGIN, peers):
            count += 1
            confirmed += first > 1 and is_there(lab, number, values[number], night, first, nothing, rng)
    nights = int(np.isfinite(values[:, BEGIN:]).sum())
    return f"{_rate(count, nights)} / {_rate(confirmed, nights)}"


def _found_by(options: argparse.Namespace, method: str, kind: str, size: float, peers: Peers | None) -> str:
    rng = _rng(options, "others power", kind, size)
    lab = make(kind, options.trials, 1, STEP_NIGHT + max(WITHIN), rng)
    step = np.where(np.arange(lab.values.shape[1]) >= STEP_NIGHT, np.log1p(size), 0.0)
    values = np.where(lab.flagged, np.nan, lab.values + step)
    nights = []
    for number in range(options.trials):
        seen = [
            night
            for night, first in reported(method, values[number], STEP_NIGHT - 2, peers)
            if night >= STEP_NIGHT and abs(first - STEP_NIGHT) <= 3
        ]
        nights.append(min(seen) - STEP_NIGHT + 1 if seen else None)
    return "/".join(_shares(nights))


def _first(found: Watched, part: str, index: int) -> int | None:
    """In which night after the step it was told, from 1 on; None if it was not."""
    nights = [night - STEP_NIGHT + 1 for night, one in found.told if (one.part, one.index) == (part, index)]
    return min((night for night in nights if night > 0), default=None)


def _all_told(part: str, planted: Iterable[int]) -> Callable[[Watched], bool]:
    return lambda found: all(_first(found, part, int(one)) for one in planted)


def _shares(nights: Sequence[int | None]) -> list[str]:
    return [f"{sum(one is not None and one <= within for one in nights) / len(nights):.2f}" for within in WITHIN]


def _sum(one: Watched, other: Watched) -> Watched:
    return Watched(
        one.series_nights + other.series_nights,
        one.candidates + other.candidates,
        one.sessions + other.sessions,
        one.figures + other.figures,
        one.told + other.told,
    )


def _rate(count: int, of: int, digits: int = 2) -> str:
    return f"{1000 * count / of:.{digits}f}" if of else "–"


def _head(title: str, *header: str) -> None:
    print(f"\n### {title}\n")
    _row(*header)
    print(f"|---|{'--:|' * (len(header) - 1)}", flush=True)


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
