"""Drives an engine as no benchmark does, to see what it does wrong. Runs where the engine runs: Python 3.6 and numpy.

    python probe.py WORKER.pyz RUNTIME REQUEST.json OUT

REQUEST.json is what a worker is asked, without settings. OUT.json gets what was seen, OUT.npz the arrays.
"""

import json
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

    Report = Dict[str, Any]

STEPS = (("a", 1), ("a", 1), ("b", 1), ("a", 1), ("b", 2), ("a", 2), ("b", 1), ("a", 3), ("b", 1))
_LEAK_INFERENCES = 120
_BUSY_S = 0.3
_LEAST_CPU_SHARE = 0.02
_SECONDS_AT_MOST = 20.0


def examine(engine, worker, request):
    # type: (Any, Any, Dict[str, Any]) -> Report
    """What the engine does with the artifact of `request`. error: the stage that failed, and how. arrays: by name."""
    report = {"arrays": {}}  # type: Report
    stages = (_load, _look, _answer, _repeat, _use)
    for stage in stages:
        try:
            stage(engine, worker, request, report)
        except Exception as error:
            report["error"] = [stage.__name__.strip("_"), "{}: {}".format(type(error).__name__, error)]
            break
    return report


def refuses(engine, path, options):
    # type: (Any, str, Dict[str, Any]) -> bool
    """Whether the engine refuses a file that is not a model."""
    try:
        engine.load(path, options)
    except Exception:
        return True
    return False


def _load(engine, _worker, request, report):
    # type: (Any, Any, Dict[str, Any], Report) -> None
    engine.load(request["artifact"], request["options"])
    facts = engine.facts()
    report["facts"] = {str(name): [type(value).__name__, str(value)[:3000]] for name, value in dict(facts).items()}


def _look(engine, worker, request, report):
    # type: (Any, Any, Dict[str, Any], Report) -> None
    import numpy as np

    report["inputs"] = [
        {"name": str(one["name"]), "dtype": str(one["dtype"]), "shape": [int(size) for size in one["shape"]]}
        for one in engine.inputs()
    ]
    inputs = worker.Inputs(engine, request["inputs"])
    first = worker.feeds.arrays(inputs.specs, [], request["seed"])
    fed = {"a": first, "b": worker.feeds.patches(inputs.specs, request["seed"])}
    report["_inputs"], report["_fed"] = inputs, fed
    for name, arrays in fed.items():
        for index, array in enumerate(arrays):
            report["arrays"]["in_{}_{}".format(name, index)] = np.array(array)


def _answer(engine, worker, request, report):
    # type: (Any, Any, Dict[str, Any], Report) -> None
    for number, (name, times) in enumerate(STEPS):
        report["_inputs"].feed(report["_fed"][name])
        for _ in range(times):
            engine.invoke()
        given = _taken(engine, worker, request)
        report["outputs"] = [dict(spec, given=str(array.dtype), size=list(array.shape)) for spec, array in given]
        for index, (_, array) in enumerate(given):
            report["arrays"]["out_{}_{}".format(number, index)] = array
    again = _taken(engine, worker, request)
    report["same_twice"] = _hashes(worker, given) == _hashes(worker, again)


def _repeat(engine, _worker, _request, report):
    # type: (Any, Any, Dict[str, Any], Report) -> None
    """Resident memory after a third, two thirds and all of many inferences."""
    turns = [report["_fed"]["a"], report["_fed"]["b"]]
    report["resident"] = []
    begin, cpu = time.time(), time.process_time()
    for number in range(_LEAK_INFERENCES):
        report["_inputs"].feed(turns[number % 2])
        engine.invoke()
        engine.outputs()
        if (number + 1) % (_LEAK_INFERENCES // 3) == 0:
            report["resident"].append(_resident_bytes())
        if time.time() - begin > 5 * _SECONDS_AT_MOST or time.process_time() - cpu > _SECONDS_AT_MOST:
            break


def _use(engine, _worker, _request, report):
    # type: (Any, Any, Dict[str, Any], Report) -> None
    """CPU ticks of each thread while it infers for a while."""
    before, begin, cpu = _ticks(), time.time(), time.process_time()
    while True:
        engine.invoke()
        passed, used = time.time() - begin, time.process_time() - cpu
        if passed > _BUSY_S and (used > _BUSY_S or used < _LEAST_CPU_SHARE * passed or passed > 10 * _BUSY_S):
            break  # on a busy machine it takes longer to use so much CPU time; an accelerator uses none
    report["thread_ticks"] = sorted((ticks - before.get(name, 0) for name, ticks in _ticks().items()), reverse=True)


def _taken(engine, worker, request):
    # type: (Any, Any, Dict[str, Any]) -> List[Any]
    import numpy as np

    given = list(engine.outputs())
    order = worker.order_of([spec for spec, _ in given], request["outputs"])
    pairs = [given[index] for index in order]
    return [
        (
            {"name": str(spec["name"]), "dtype": str(spec["dtype"]), "shape": [int(one) for one in spec["shape"]]},
            np.array(array),
        )
        for spec, array in pairs
    ]


def _hashes(worker, pairs):
    # type: (Any, List[Any]) -> List[str]
    return [one["sha256"] for one in worker.outputs.packed(pairs)]


def _resident_bytes():
    # type: () -> int
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _ticks():
    # type: () -> Dict[str, int]
    found = {}
    for name in os.listdir("/proc/self/task"):
        try:
            with open("/proc/self/task/{}/stat".format(name)) as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:  # it has ended since
            continue
        found[name] = int(fields[11]) + int(fields[12])
    return found


def main():
    # type: () -> None
    """Entry point."""
    archive, runtime, path, out = sys.argv[1:]
    sys.path.insert(0, archive)
    import importlib

    with open(path) as file:
        request = json.load(file)
    worker = importlib.import_module("devbench_worker.session")
    # As in a worker, before numpy: what the engine sets in its environment counts.
    engine = importlib.import_module("devbench_worker.engine").Engine(runtime)
    import numpy as np

    if request.get("rubbish"):
        report = {"arrays": {}, "refused": refuses(engine, request["rubbish"], request["options"])}  # type: Report
    else:
        report = examine(engine, worker, request)
    arrays = report.pop("arrays")
    np.savez(out + ".npz", **arrays)
    with open(out + ".json", "w") as file:
        json.dump({name: value for name, value in report.items() if not name.startswith("_")}, file)


if __name__ == "__main__":
    main()
