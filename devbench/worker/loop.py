"""Warm-up and timed loop: nothing but the clock and the inference stands inside the timed region."""

import gc
import resource
import time

from .clock import now_ns

SHORTEST_SAMPLE_NS = 100000  # below 100 us the clock and the loop would be a visible part of a sample


def time_once(call):
    """Nanoseconds that one call takes."""
    start = now_ns()
    call()
    return now_ns() - start


def run_phase(invoke, per_sample, min_runs, min_ns, cap_ns):
    """Samples until there are `min_runs` inferences and `min_ns` have passed, or `cap_ns` is over.

    Returns the samples, in nanoseconds for `per_sample` inferences, and what stopped the phase.
    """
    samples = []
    keep = samples.append
    clock = now_ns
    min_samples = -(-min_runs // per_sample)
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
        if passed >= min_ns and len(samples) >= min_samples:
            return samples, "counts"
        if passed >= cap_ns:
            return samples, "cap"


def inferences_per_sample(warmup_samples):
    """How many inferences one sample must hold to last at least `SHORTEST_SAMPLE_NS`."""
    typical = sorted(warmup_samples)[len(warmup_samples) // 2]
    return max(1, -(-SHORTEST_SAMPLE_NS // max(typical, 1)))


def measure(invoke, settings, tell):
    """First inference, warm-up and steady samples of `invoke`, with the CPU time the steady part took.

    settings: warmup_runs, warmup_s, min_runs, min_s, cap_s. tell: called with the phase that begins.
    """
    cap_ns = int(settings["cap_s"] * 1e9)
    gc.collect()
    gc.disable()
    tell("first")
    first_ns = time_once(invoke)
    tell("warmup")
    warmup, _ = run_phase(invoke, 1, settings["warmup_runs"], int(settings["warmup_s"] * 1e9), cap_ns)
    per_sample = inferences_per_sample(warmup)
    tell("steady")
    before = resource.getrusage(resource.RUSAGE_SELF)
    cpu_before = time.process_time()
    samples, stopped_by = run_phase(invoke, per_sample, settings["min_runs"], int(settings["min_s"] * 1e9), cap_ns)
    cpu_s = time.process_time() - cpu_before
    after = resource.getrusage(resource.RUSAGE_SELF)
    gc.enable()
    return {
        "first_ns": first_ns,
        "warmup_ns": warmup,
        "samples_ns": [sample // per_sample for sample in samples],
        "inferences_per_sample": per_sample,
        "stopped_by": stopped_by,
        "cpu_ns_per_inference": int(cpu_s * 1e9 / (len(samples) * per_sample)),
        "involuntary_switches": after.ru_nivcsw - before.ru_nivcsw,
        "peak_memory_bytes": after.ru_maxrss * 1024,  # Linux counts it in KiB
    }
