"""From work and peaks to the limit. Pure arithmetic.

Each wall alone is a lower bound of the time, whatever overlaps; so the highest of them is the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from devbench.domain.limits import WALLS, Limit, Peak, Wall, WallName, Work
from devbench.stats import Interval

_OPERATIONS_PER_MAC = 2
_MS = 1000.0
# The arithmetic of a file: unsigned bytes are computed as fast as signed ones.
_SAME = {"uint8": "int8", "bfloat16": "float16"}


def limit_of(
    work: Work, peaks: Sequence[Peak], time_ms: Interval | None = None, *, threads: int = 0, batched: bool = False
) -> Limit:
    """The limit of `work` on what has these peaks, and how near `time_ms` is to it.

    Where peaks are of several things that the device may be, it is taken to be the one that allows most.
    threads: how many the work may use; 0 if that is not known. batched: several inputs may share what the weights
    take, so that only the operations are held against the time.
    """
    kinds = list(dict.fromkeys(peak.of for peak in peaks))
    found = [_limit(work, [one for one in peaks if one.of == kind], threads=threads, batched=batched) for kind in kinds]
    with_walls = [one for one in found if one.walls]
    best = min(with_walls, key=lambda one: one.least_ms or 0, default=found[0] if found else Limit(work=work))
    if len(with_walls) > 1:
        names = " or ".join(kinds)
        several = f"whether it was {names} is not known; {best.walls[0].peak.of} allows most"
        best = replace(best, assumed=(*best.assumed, several))
    least_ms = best.least_ms
    if time_ms is None or least_ms is None or time_ms.estimate <= 0:
        return best
    return replace(
        best,
        time_ms=time_ms.estimate,
        share=least_ms / time_ms.estimate,
        below=time_ms.high < least_ms,
    )


def _limit(work: Work, peaks: Sequence[Peak], *, threads: int, batched: bool) -> Limit:
    names: tuple[WallName, ...] = ("compute",) if batched else WALLS
    walls = [wall for name in names if (wall := _wall(name, work, peaks, threads))]
    walls.sort(key=lambda one: -one.least_ms)
    return Limit(walls=tuple(walls), work=work, assumed=work.assumed, unknown=tuple(_unknown(work, peaks)))


def _wall(name: WallName, work: Work, peaks: Iterable[Peak], threads: int) -> Wall | None:
    own = [peak for peak in peaks if peak.wall == name]
    if name == "compute":
        return _compute(work, own, threads)
    walls = [wall for peak in own if (wall := _moving(name, work, peak))]
    return min(walls, key=lambda one: one.least_ms, default=None)


def _compute(work: Work, peaks: Sequence[Peak], threads: int) -> Wall | None:
    wanted = _SAME.get(work.precision, work.precision)
    fit = [peak for peak in peaks if not peak.precision or not wanted or peak.precision == wanted]
    if work.macs is None or not fit:
        return None
    if threads and all(peak.threads for peak in fit):
        best = min((_of_threads(peak, threads) for peak in fit), key=lambda peak: peak.per_s)
    else:
        best = max(fit, key=lambda peak: peak.per_s)
    return _passing("compute", _OPERATIONS_PER_MAC * work.macs, best)


def _of_threads(peak: Peak, threads: int) -> Peak:
    """What so many threads do at most: no more than more of them, and each no more than one of fewer."""
    return replace(peak, per_s=peak.per_s * max(1.0, threads / peak.threads))


def _moving(name: WallName, work: Work, peak: Peak) -> Wall | None:
    """Weights that do not stay on the near side; over a link also what goes in and out.

    Links carry both directions at once, or less: the larger one is what it takes at least.
    """
    if name == "link" and work.streamed is not None:
        weights = work.streamed.least_bytes
    elif work.weight_bytes is None:
        return None
    else:
        weights = max(0, work.weight_bytes - peak.keeps_bytes)
    amount = max(weights + work.input_bytes, work.output_bytes) if name == "link" else weights
    return _passing(name, amount, peak, weights) if amount else None  # nothing has to pass


def _passing(name: WallName, amount: int, peak: Peak, weight_bytes: int = 0) -> Wall:
    return Wall(
        name=name,
        amount=amount,
        least_ms=amount / peak.per_s * _MS,
        peak=peak,
        weight_bytes=weight_bytes,
    )


def _unknown(work: Work, peaks: Sequence[Peak]) -> Iterator[str]:
    computes = [peak for peak in peaks if peak.wall == "compute"]
    wanted = _SAME.get(work.precision, work.precision)
    if computes and wanted and not any(peak.precision in ("", wanted) for peak in computes):
        known = ", ".join(dict.fromkeys(peak.precision for peak in computes))
        yield f"Its peak in {wanted} is not known, only that in {known}."
    if not work.complete:
        yield "Not every operation is counted: the true limit is higher."
