"""Warm-up and timed loop: nothing but the clock and the inference stands inside the timed region."""

import gc
import resource
import time

from . import environment
from .clock import now_ns
from .engine_check import resident_bytes
from .stopping import can_tell, reached_steady_state

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Tuple

    Call = Callable[[], object]
    Settings = Dict[str, Any]

SHORTEST_SAMPLE_NS = 100000  # below 100 us the clock and the loop would be a visible part of a sample

FEWEST_SAMPLES = 2  # where the time limit allows: one alone says nothing of how sure it is

SHORTEST_REGION = 5  # inferences of the second region, before it is timed


def time_once(call: "Call") -> int:
    """Nanoseconds that one call takes."""
    start = now_ns()
    call()
    return now_ns() - start


def run_phase(
    invoke: "Call",
    per_sample: int,
    min_runs: int,
    min_ns: int,
    cap_ns: float,
    enough: "Optional[Callable[[List[int]], str]]" = None,
    fewest: int = 1,
) -> "Tuple[List[int], str]":
    """Samples until there are `min_runs` inferences and `min_ns` have passed, or `cap_ns` is over; at least `fewest`.

    enough: asked of the samples when these two are done, and again whenever there are half as many more;
    the phase goes on until it gives a word, which is then what stopped it.
    Returns the samples, in nanoseconds for `per_sample` inferences, and what stopped the phase.
    """
    samples: "List[int]" = []
    keep = samples.append
    clock = now_ns
    checkpoint = max(-(-min_runs // per_sample), fewest)
    repeats = range(per_sample)
    begin = clock()
    while True:
        if per_sample == 1:
            start = clock()
            invoke()
            end = clock()
        else:
            start = clock()
            for _ in repeats:
                invoke()
            end = clock()
        keep(end - start)
        passed = end - begin
        if passed >= min_ns and len(samples) >= checkpoint:
            verdict = enough(samples) if enough else "counts"
            if verdict:
                return samples, verdict
            checkpoint = len(samples) + (len(samples) + 1) // 2
        if passed >= cap_ns and len(samples) >= fewest:
            return samples, "cap"


def inferences_per_sample(warmup_samples: "List[int]") -> int:
    """How many inferences one sample must hold to last at least `SHORTEST_SAMPLE_NS`."""
    typical = sorted(warmup_samples)[len(warmup_samples) // 2]
    return max(1, -(-SHORTEST_SAMPLE_NS // max(typical, 1)))


def measure(
    invoke: "Call", settings: "Settings", tell: "Callable[[str], None]", compute: "Optional[Call]" = None
) -> "Dict[str, Any]":
    """First inference, warm-up and steady samples of `invoke`, with what the machine did meanwhile.

    compute: the same inference without its copies, where an engine can tell them apart; timed afterwards, half as long.

    settings: warmup_runs, warmup_s, warmup_cap_s (0: exactly these two, steady or not), min_runs, min_s, cap_s,
        time_limit_s.
    tell: called with the phase that begins.
    """
    begin_ns = now_ns()
    gc.collect()
    gc.disable()
    tell("first")
    first_ns = time_once(invoke)
    tell("warmup")
    warmup, steady = _warm_up(invoke, settings)
    per_sample = inferences_per_sample(warmup)
    tell("steady")
    time_for_more = now_ns() - begin_ns + 2 * max(warmup) < _ns(settings["time_limit_s"])
    found = _steady(invoke, per_sample, settings, FEWEST_SAMPLES if time_for_more else 1)
    found["compute_ns"] = _alone(compute, settings, now_ns() - begin_ns, tell) if compute else []
    found.update(
        first_ns=first_ns,
        warmup_ns=warmup,
        settled=steady,
        inferences_per_sample=per_sample,
    )
    gc.enable()
    return found


def _warm_up(invoke: "Call", settings: "Settings") -> "Tuple[List[int], bool]":
    """Its samples, and whether they became steady; True where nobody asks, or where there are too few to tell."""
    least = settings["warmup_runs"], _ns(settings["warmup_s"])
    if not settings["warmup_cap_s"]:
        return run_phase(invoke, 1, least[0], least[1], float("inf"))[0], True
    samples, _ = run_phase(invoke, 1, least[0], least[1], _ns(settings["warmup_cap_s"]), reached_steady_state)
    return samples, bool(reached_steady_state(samples)) or not can_tell(samples)


def _steady(invoke: "Call", per_sample: int, settings: "Settings", fewest: int) -> "Dict[str, Any]":
    around = [environment.snapshot()]
    resident = resident_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF)
    cpu_before_s = time.process_time()
    begin_ns = now_ns()
    samples, stopped_by = run_phase(
        invoke,
        per_sample,
        settings["min_runs"],
        _ns(settings["min_s"]),
        _ns(settings["cap_s"]),
        fewest=fewest,
    )
    end_ns = now_ns()
    cpu_s = time.process_time() - cpu_before_s
    after = resource.getrusage(resource.RUSAGE_SELF)
    around.append(environment.snapshot())
    return {
        "grown_bytes": max(0, resident_bytes() - resident),
        "samples_ns": [sample // per_sample for sample in samples],
        "stopped_by": stopped_by,
        "cpu_ns_per_inference": int(cpu_s * 1e9 / (len(samples) * per_sample)),
        "involuntary_switches": after.ru_nivcsw - before.ru_nivcsw,
        "voluntary_switches": after.ru_nvcsw - before.ru_nvcsw,
        "peak_memory_bytes": environment.peak_memory_bytes(),
        "around": around,
        "loop_s": [begin_ns / 1e9, end_ns / 1e9],
    }


def _alone(compute: "Call", settings: "Settings", spent_ns: int, tell: "Callable[[str], None]") -> "List[int]":
    """The second region; none if there is no time for it, as what has been measured must get home within the limit."""
    left_ns = _ns(settings["time_limit_s"]) - 2 * spent_ns
    if left_ns <= 0:
        return []
    tell("compute")
    per_sample = inferences_per_sample([time_once(compute) for _ in range(SHORTEST_REGION)])
    cap_ns = min(_ns(settings["cap_s"]) // 2, left_ns)
    samples, _ = run_phase(compute, per_sample, settings["min_runs"], _ns(settings["min_s"]) // 2, cap_ns)
    return [sample // per_sample for sample in samples]


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
