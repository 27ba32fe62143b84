"""Otava, ruptures and asv, as libraries: runs in an environment that has them, and nothing of devbench.

    uv venv PEERS && uv pip install --python PEERS apache-otava==0.8.0 ruptures==1.1.10 asv==0.6.6
    PEERS/bin/python peers_worker.py < series.jsonl

A line is {"method": …, "values": […], "begin": N}: milliseconds, one a night. The answer is a line with a list for each
night from N on: the first nights of the changes that the method reports when that night has come in.
"""

import json
import math
import sys
import warnings


def otava(values, max_pvalue, least):
    from otava.analysis import compute_change_points

    found, _ = compute_change_points(values, window_len=50, max_pvalue=max_pvalue, min_magnitude=least)
    return [point.index for point in found]


def ruptures_kernel(values, least):
    import numpy
    import ruptures

    array = numpy.log(numpy.array(values)) / max(_noise(numpy.log(numpy.array(values))), 1e-9)
    ends = (
        ruptures.KernelCPD(kernel="linear", min_size=2).fit(array.reshape(-1, 1)).predict(pen=6 * math.log(len(values)))
    )
    begins = [0, *ends[:-1]]
    found = []
    for before, begin, end in zip(begins[:-1], begins[1:], ends[1:], strict=True):
        change = numpy.mean(values[begin:end]) / numpy.mean(values[before:begin]) - 1
        if abs(change) >= least:
            found.append(begin)
    return found


def _noise(array):
    import numpy

    steps = numpy.diff(array)
    return 1.4826 * numpy.median(numpy.abs(steps - numpy.median(steps))) / math.sqrt(2)


def asv(values, least):
    from asv.step_detect import detect_regressions, detect_steps

    steps = detect_steps(values)
    _, _, found = detect_regressions(steps, threshold=least)
    return [after for _, after, _, _ in found or []]


METHODS = {
    "Otava, defaults": lambda values: otava(values, 0.001, 0.0),
    "Otava, p 1e-6, 1 %": lambda values: otava(values, 1e-6, 0.01),
    "ruptures, 1 %": lambda values: ruptures_kernel(values, 0.01),
    "asv, 2 %": lambda values: asv(values, 0.02),
}


def main():
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        asked = json.loads(line)
        method, values = METHODS[asked["method"]], asked["values"]
        nights = range(asked["begin"], len(values))
        answer = [[int(one) for one in method(values[: night + 1])] for night in nights]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
