"""One worker's life: say hello, take one request, measure one case, answer, end."""

import importlib
import sys
import traceback

from . import canary, clock, facts, feeds, outputs
from .channel import Channel
from .loop import measure

PROTOCOL = 1


def main(runtime):
    """Exit status 0 if the host wanted nothing or the case was measured, 1 if it failed."""
    channel = Channel()
    engine, problem = _open_engine(runtime)
    known = dict(facts.machine(), **clock.facts())
    if engine is not None:
        known.update(engine.facts())
    channel.send("hello", protocol=PROTOCOL, runtime=runtime, problem=problem, facts=known)
    request = channel.receive()
    if request is None or engine is None:
        return 0
    channel.die_with_host()
    phase = ["load"]

    def tell(name):
        phase[0] = name
        channel.send("phase", phase=name)

    try:
        if request.get("build"):
            tell("build")
            path, built = engine.build(request["artifact"], request["options"])
            channel.send("result", path=path, facts=built)
            return 0
        result = _measure_case(engine, request, tell)
    except Exception as error:  # noqa: BLE001 - whatever a native runtime raises is this case's failure
        traceback.print_exc()
        channel.send("failed", phase=phase[0], error=_one_line(error), kind=type(error).__name__)
        return 1
    channel.send("result", **result)
    return 0


def _open_engine(runtime):
    """The engine, or why this interpreter has none."""
    try:
        # The runtime's own file: the host puts it into the archive beside this one.
        return importlib.import_module(".engine", __package__).Engine(runtime), ""
    except Exception as error:  # noqa: BLE001 - a broken installation can raise anything
        traceback.print_exc()
        return None, "{}: {}".format(type(error).__name__, _one_line(error))


def _measure_case(engine, request, tell):
    canaries = [canary.sing()]
    tell("load")
    start = clock.now_ns()
    engine.load(request["artifact"], request["options"])
    load_ns = clock.now_ns() - start
    tell("feed")
    inputs = engine.inputs()
    order = _order(inputs, request["inputs"])
    arrays = feeds.arrays(_known([inputs[k] for k in order], request["inputs"]), request["feeds"], request["seed"])
    engine.feed([array for _, array in sorted(zip(order, arrays), key=lambda pair: pair[0])])
    result = measure(engine.invoke, request["settings"], tell, getattr(engine, "compute", None))
    tell("outputs")
    given = engine.outputs()
    given = [given[k] for k in _order([spec for spec, _ in given], request["outputs"])]
    specs = _known([spec for spec, _ in given], request["outputs"])
    result["outputs"] = outputs.packed(zip(specs, [array for _, array in given]))
    result["facts"] = engine.facts()
    result["load_ns"] = load_ns
    canaries.append(canary.sing())
    result["canaries"] = canaries
    return result


def _order(specs, said):
    """The engine's positions in the order of the file, by name; as they are where the names do not agree."""
    names = [spec["name"] for spec in specs]
    wanted = [one["name"] for one in said]
    if len(set(names)) == len(names) and sorted(names) == sorted(wanted):
        return [names.index(name) for name in wanted]
    return list(range(len(specs)))


def _known(specs, said):
    """The specs of an engine, with the scales that the host knows from the file it was converted from."""
    if len(specs) != len(said):
        return specs
    fields = ("scale", "zero_point", "stands_for")
    return [dict(spec, **{name: one[name] for name in fields if one.get(name)}) for spec, one in zip(specs, said)]


def _one_line(error):
    return " ".join(str(error).split()) or type(error).__name__


if sys.version_info < (3, 6):
    raise SystemExit("devbench's worker needs Python 3.6 or newer")
