"""How long rounds take: by what they took so far, and before that by the settings."""

from __future__ import annotations

from statistics import median

from devbench.domain.measure import Measure

START_S = 0.8  # a worker's start, its imports and the loading of a model
_OVER = 1.2
_LAST = 5  # rounds of a case that say how long its next one takes
_NOW, _MOST_CHANGE = 4, 2.0  # rounds, of whichever cases, that say how much longer or shorter that is at the moment


class Pace:
    """Learns from the rounds that are done. Lanes are named as one likes: their rounds go on side by side.

    At the end of a lap, lanes wait for each other.
    """

    def __init__(self) -> None:
        self._laps_s = 0.0
        self._spent_s: dict[str, float] = {}
        self._starts_s: dict[str, list[float]] = {}
        self._loops_s: dict[str, list[tuple[float, float]]] = {}
        self._latest: dict[str, list[tuple[str, float]]] = {}
        self._lanes: dict[str, str] = {}

    @property
    def spent_s(self) -> float:
        """Seconds that all rounds took, starts and saving included: in each lap those of the lane that took longest."""
        return self._laps_s + max(self._spent_s.values(), default=0.0)

    def spent_in_s(self, lane: str) -> float:
        """Seconds from the first round to the end of the last one of this lane."""
        return self._laps_s + self._spent_s.get(lane, 0.0)

    def end_lap(self) -> None:
        """All lanes have come to the end of a lap."""
        self._laps_s = self.spent_s
        self._spent_s.clear()

    def learn(
        self, case_id: str, took_s: float, loop_s: float, measure: Measure, lane: str = "", waited_s: float = 0.0
    ) -> None:
        """A round of the case took so long, its loop `loop_s` of it.

        waited_s: of these, until the place was fit to measure, such as cool.
        A clock that jumps counts for no more than such a round may take, and for no less than nothing.
        """
        took_s = self.lose(took_s, measure, lane, waited_s)
        loop_s = min(max(loop_s, 0.0), took_s)
        self._starts_s.setdefault(case_id, []).append(took_s - loop_s)
        self._latest.setdefault(lane, []).append((case_id, took_s - loop_s))
        self._lanes[case_id] = lane
        self._loops_s.setdefault(case_id, []).append((loop_s, measure.min_s))

    def lose(self, took_s: float, measure: Measure, lane: str = "", waited_s: float = 0.0) -> float:
        """A round took so long, whatever came of it; the seconds that count."""
        counts_s = waited_s + min(max(took_s - waited_s, 0.0), measure.time_limit_s)
        self._spent_s[lane] = self._spent_s.get(lane, 0.0) + counts_s
        return counts_s

    def start_s(self, case_id: str) -> float:
        """Seconds of a round of the case but for its loop."""
        own = self._starts_s.get(case_id, [])[-_LAST:]
        if len(own) == 2:  # noqa: PLR2004 - a first start may be a cold one
            return min(own)
        others = [one for starts in self._starts_s.values() for one in starts[-_LAST:]]
        return median(own or others or [START_S])

    def round_s(self, case_id: str, measure: Measure) -> float:
        """Seconds of the case's next round, measured as `measure` says."""
        if case_id not in self._starts_s:
            warmup_s = 0.0 if self._starts_s else measure.warmup_s  # it is in the starts that were seen
            return self.start_s(case_id) + warmup_s + measure.min_s
        last = self._loops_s[case_id][-_LAST:]
        by_runs_s = [loop_s for loop_s, asked_s in last if loop_s > _OVER * asked_s]
        runs_decide = 2 * len(by_runs_s) > len(last)  # a slow model: its loop is as long as its runs take
        loop_s = max(measure.min_s, median(by_runs_s)) if runs_decide else measure.min_s
        return self._change_now(self._lanes[case_id]) * self.start_s(case_id) + loop_s

    def _change_now(self, lane: str) -> float:
        """Times that starts take at the moment what they usually take: other work on a machine comes and goes."""
        last = self._latest[lane][-_NOW:]
        if len(last) < _NOW:
            return 1.0
        change = median(start_s / max(self.start_s(case_id), 1e-3) for case_id, start_s in last)
        return min(max(change, 1 / _MOST_CHANGE), _MOST_CHANGE)


def most_s(measure: Measure) -> float:
    """Seconds of all rounds of a case if each comes to its caps, and as many as may be are needed."""
    return measure.max_rounds * (START_S + max(measure.warmup_s, measure.warmup_cap_s) + measure.cap_s)


def round_s(measure: Measure) -> float:
    """Seconds of one round of a model quick enough for the seconds, rather than the runs, to decide."""
    return START_S + measure.warmup_s + measure.min_s
