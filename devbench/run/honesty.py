"""Whether an engine did the work that was timed: the reasons to doubt a case that no quieter machine can mend.

An engine is the only code in the timed region that devbench has not written. Mistakes in one are rarely slow: they make
a device many thousand times faster. docs/measurement.md has the limits, benchmarks/faulty_engines.py the mistakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from devbench.domain.case import Option
from devbench.domain.conditions import Reason, Severity
from devbench.domain.outcome import EngineCheck, RoundFacts
from devbench.domain.place import Place
from devbench.places.answers import Result

_SLOWER = 3.0  # than an inference in the timed loop
_MARGIN_NS = 500_000  # of what is not worth a thought: a cold cache, a page fault
_COPY_NS_PER_BYTE = 20
_AFTER_NS = 2_000_000
_WAITED = 0.5  # of the CPU time in the pause: who waits for a result waits about as long
_MORE_CORES = 0.5
_LEAST_CORES = 0.2
_WAITS = 0.5  # for each inference: a program that computes in one thread waits for nobody
_STARVED = 0.3  # of the time some task waited for a core: a worker that is idle then may be one that waits for it
_GROWN_BYTES = 64 << 20
_SURE = 0.05  # of a second: what CPU time in a timed loop must come to before it says something of cores
_BLAS = " If numpy computes in it, limit the threads of its BLAS (docs/plugins.md)."
_REMEDY = "Correct the engine: `devbench.testing.RuntimeContract` finds what is wrong (docs/plugin-tutorial.md)."


def engine_check(result: Result, place: Place, options: Mapping[str, Option]) -> EngineCheck | None:
    """What the worker has seen, as far as it was there to be seen; the fastest of each."""
    seen = result.check
    if seen is None:
        return None
    threads = options.get("threads")
    on_cpu = place.traits.processor == "cpu"
    return EngineCheck(
        fed_ns=min(seen.fed_ns),
        fed_cpu_ns=min(seen.fed_cpu_ns),
        outputs_ns=min(seen.outputs_ns),
        outputs_cpu_ns=min(seen.outputs_cpu_ns),
        output_bytes=seen.output_bytes,
        feed_ns=min(seen.feed_ns),
        feed_cpu_ns=min(seen.feed_cpu_ns),
        after_cpu_ns=seen.after_cpu_ns,
        pause_ns=seen.pause_ns,
        late=seen.late,
        silent=seen.silent,
        shapes=seen.shapes,
        grown_bytes=result.grown_bytes,
        waits=result.voluntary_switches,
        cores=max(0, threads if isinstance(threads, int) else 0) if on_cpu else None,
    )


def engine_reasons(rounds: Sequence[RoundFacts], medians_ns: Sequence[float]) -> list[Reason]:
    """What every round of a case has shown: a disturbed one shows this or that, an engine shows it always."""
    seen = [
        {reason.code: reason for reason in _reasons(about, median_ns)}
        for about, median_ns in zip(rounds, medians_ns, strict=True)
        if about.check
    ]
    return [reason for code, reason in seen[0].items() if all(code in one for one in seen)] if seen else []


def _reasons(about: RoundFacts, median_ns: float) -> Iterable[Reason]:
    check = about.check
    assert check
    if check.late:
        yield _doubt("late-answer", "the engine gave the answer to the input before: it had not computed this one")
    if check.shapes:
        yield _doubt("other-shapes", f"the engine computes something else than the file: {check.shapes}")
    cpu_ns = about.cpu_ns_per_inference
    slower = _times_as_long((check.fed_ns, check.fed_cpu_ns), (median_ns, cpu_ns), check)
    if slower > 1:
        text = f"the first inference after an input takes {slower:,.0f} times as long as the others: are answers kept?"
        yield _doubt("kept-answers", text)
    copy_ns = _COPY_NS_PER_BYTE * check.output_bytes
    times = check.outputs_ns - copy_ns, check.outputs_cpu_ns - copy_ns
    slower = _times_as_long(times, (median_ns, cpu_ns), check)
    if slower > 1:
        text = f"handing over the outputs takes {slower:,.0f} times as long as an inference: is the work done there?"
        yield _doubt("late-work", text)
    if check.cores is not None:
        yield from _on_a_cpu(about, check, median_ns)
    if check.grown_bytes > _GROWN_BYTES:
        text = f"the worker's memory grew by {check.grown_bytes / 2**20:.0f} MiB while it was timed"
        yield _doubt("leak", text, "suspect")
    if check.silent:
        remedy = (
            "Give a picture of what the network knows (`input:`). If the answers stay the same, look at the engine."
        )
        text = "two different inputs got the same answer"
        yield Reason(code="same-answer", severity="suspect", text=text, remedy=remedy)


def _times_as_long(step_ns: tuple[float, float], steady_ns: tuple[float, float], check: EngineCheck) -> float:
    """How many times as long as an inference a step takes, in wall-clock time; 1 if that is nothing to doubt.

    Where a CPU computes, CPU time must show it too: other programs cost no CPU time of ours.
    """
    looks = list(zip(step_ns, steady_ns, strict=True))
    for step, steady in looks if check.cores is not None else looks[:1]:
        if step <= _SLOWER * steady + _MARGIN_NS:
            return 1.0
    return step_ns[0] / max(steady_ns[0], 1.0)


def _on_a_cpu(about: RoundFacts, check: EngineCheck, median_ns: float) -> Iterable[Reason]:
    cpu_ns = about.cpu_ns_per_inference
    copy_ns = _COPY_NS_PER_BYTE * check.output_bytes
    slower = _times_as_long((check.feed_ns - copy_ns, check.feed_cpu_ns - copy_ns), (median_ns, cpu_ns), check)
    if slower > 1:
        text = f"feeding takes {slower:,.0f} times as long as an inference: is the work done there?"
        yield _doubt("early-work", text)
    assert check.cores is not None
    # Threads that only spin until there is work again, as those of BLAS and OpenMP do, use CPU time too: but then the
    # outputs are there at once. Outputs that are there at once and wrong are another reason, `late-answer`.
    waits = check.outputs_ns - copy_ns > _WAITED * check.after_cpu_ns
    if check.cores == 1 and check.after_cpu_ns > _AFTER_NS and waits:
        share = check.after_cpu_ns / check.pause_ns
        text = (
            f"after an inference it went on computing ({share:.0%} of a core in a pause), and the outputs wait for it"
        )
        yield _doubt("late-work", text)
    begin_s, end_s = about.loop_s or (0.0, 0.0)
    inferences = about.samples * about.inferences_per_sample
    if end_s - begin_s < _SURE:
        return
    used = cpu_ns * inferences / 1e9 / (end_s - begin_s)
    asked = f"{check.cores} thread{'s' if check.cores > 1 else ''}"
    if check.cores and used > check.cores + _MORE_CORES:
        yield _doubt("threads", f"it kept {used:.1f} cores busy, and {asked} may compute", also=_BLAS)
    starved = about.conditions is not None and (about.conditions.stall_cpu or 0.0) > _STARVED
    if check.cores == 1 and used < _LEAST_CORES and check.waits > _WAITS * inferences and not starved:
        text = f"it used {used:.0%} of a core while it was timed: what computes is not in the worker"
        yield _doubt("idle", text, "suspect")


def _doubt(code: str, text: str, severity: Severity = "contaminated", also: str = "") -> Reason:
    return Reason(code=code, severity=severity, text=text, remedy=_REMEDY + also)
