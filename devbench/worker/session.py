"""One worker's life: say hello, take one request, measure one case, answer, end."""

import importlib
import sys
import traceback

from . import canary, clock, facts, feeds, outputs
from .channel import Channel
from .engine_check import EngineCheck, is_quick, other_specs
from .loop import measure

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Tuple

    Message = Dict[str, Any]
    Spec = Dict[str, Any]

PROTOCOL = 2
_OTHER_INTERFACE = "its engine is written for interface {} of engines, and this devbench has {}"
ENGINE_INTERFACE = 1  # of the class `Engine`; docs/compatibility.md has what a new number means
SAMPLES_IN_A_MESSAGE = 10000
# Requests that are more than one message, and what answers them: imported where one comes.
_CONVERSATIONS = (("answer", ".answering", "answer_pictures"), ("learn", ".learning", "learn"))
LONGEST_ERROR = 5000


def main(runtime: str) -> int:
    """Exit status 0 if the host wanted nothing or the case was measured, 1 if it failed."""
    channel = Channel()
    engine, versions, problem = _open_engine(runtime)
    known = dict(facts.machine(), **clock.facts())
    known.update(versions)
    channel.send("hello", protocol=PROTOCOL, runtime=runtime, problem=problem, facts=known)
    request = channel.receive()
    if request is None or engine is None:
        return 0
    phase = ["load"]

    def tell(name: str) -> None:
        phase[0] = name
        channel.send("phase", phase=name)

    try:
        if request.get("build"):
            tell("build")
            path, built = engine.build(request["artifact"], request["options"])
            channel.send("built", path=path, facts=built)
            return 0
        for kind, module, function in _CONVERSATIONS:
            if request.get(kind):
                getattr(importlib.import_module(module, __package__), function)(engine, request, channel, tell)
                return 0
        _send(channel, measure_case(engine, request, tell))
    except Exception as error:  # noqa: BLE001 - whatever a native runtime raises is this case's failure
        traceback.print_exc()
        channel.send("failed", phase=phase[0], error=_one_line(error), kind=type(error).__name__)
        return 1
    return 0


def _send(channel: Channel, result: "Message") -> None:
    """In pieces, so that the host need not take one long line on trust."""
    for phase, name in (("warmup", "warmup_ns"), ("steady", "samples_ns"), ("compute", "compute_ns")):
        samples = result.pop(name)
        for start in range(0, len(samples), SAMPLES_IN_A_MESSAGE):
            channel.send("samples", phase=phase, ns=samples[start : start + SAMPLES_IN_A_MESSAGE])
    for name in ("outputs", "second_outputs"):
        for output in result.pop(name):
            channel.send("output", second=name == "second_outputs", **output)
    channel.send("result", **result)


def _open_engine(runtime: str) -> "Tuple[Any, Dict[str, str], str]":
    """The engine and what it says of its versions, or why this interpreter has none."""
    try:
        # The runtime's own file: the host puts it into the archive beside this one.
        module = importlib.import_module(".engine", __package__)
        wanted = getattr(module, "INTERFACE", ENGINE_INTERFACE)
        if wanted != ENGINE_INTERFACE:
            return None, {}, _OTHER_INTERFACE.format(wanted, ENGINE_INTERFACE)
        engine = module.Engine(runtime)
        return engine, engine.facts(), ""
    except Exception as error:  # noqa: BLE001 - a broken installation can raise anything
        traceback.print_exc()
        return None, {}, "{}: {}".format(type(error).__name__, _one_line(error))


def measure_case(engine: "Any", request: "Message", tell: "Callable[[str], None]") -> "Message":
    """Everything from loading to the second input, with what was seen of the engine."""
    begin_ns = clock.now_ns()
    canaries = [canary.run()]
    tell("load")
    start = clock.now_ns()
    engine.load(request["artifact"], request["options"])
    load_ns = clock.now_ns() - start
    tell("feed")
    inputs = Inputs(engine, request["inputs"])
    first = feeds.arrays(inputs.specs, request["feeds"], request["seed"])
    inputs.feed(first)
    result = measure(engine.invoke, request["settings"], tell, getattr(engine, "compute", None))
    tell("outputs")
    result["outputs"] = _answer(engine, request["outputs"])
    if not result["outputs"] and (inputs.specs or request["outputs"]):
        raise ValueError("outputs() of the engine gave nothing, so it is not known whether it computed anything")
    result["facts"] = engine.facts()
    result["load_ns"] = load_ns
    canaries.append(canary.run())
    result["canaries"] = canaries
    result["second_outputs"] = []
    time_left_ns = request["settings"]["time_limit_s"] * 1e9 - (clock.now_ns() - begin_ns)
    if inputs.specs and time_left_ns > 2 * result["first_ns"]:  # what has been measured must get home within the limit
        tell("second_input")
        second = feeds.patches(inputs.specs, request["seed"])
        check = EngineCheck(engine, inputs.feed, lambda: _answer(engine, request["outputs"]))
        result["second_outputs"] = check.second(result["outputs"], second)
        if is_quick(min(check.seen["fed_ns"]), time_left_ns - 2 * result["first_ns"]):
            check.turns([first, second], result["second_outputs"])
        check.seen["shapes"] = other_specs("input", inputs.specs, request["inputs"]) or other_specs(
            "output", result["outputs"], request["outputs"]
        )
        result["check"] = check.seen
    return result


class Inputs:
    """The engine's inputs. specs: in the order of the file, with what the host knows of them."""

    def __init__(self, engine: "Any", said: "List[Spec]") -> None:
        specs = engine.inputs()
        self._engine = engine
        self._order = order_of(specs, said)
        self.specs = _known([specs[k] for k in self._order], said)

    def feed(self, arrays: "List[Any]") -> None:
        """Put `arrays`, one for each of `specs`, in place."""
        pairs = sorted(zip(self._order, arrays), key=lambda pair: pair[0])
        self._engine.feed([array for _, array in pairs])


def _answer(engine: "Any", said: "List[Spec]") -> "List[Message]":
    """The outputs of the last inference, in the order of the file."""
    given = engine.outputs()
    given = [given[k] for k in order_of([spec for spec, _ in given], said)]
    specs = _known([spec for spec, _ in given], said)
    return outputs.packed(zip(specs, [array for _, array in given]))


def order_of(specs: "List[Spec]", said: "List[Spec]") -> "List[int]":
    """The engine's positions in the order of the file, by name; as they are where the names do not agree."""
    names = [spec["name"] for spec in specs]
    wanted = [one["name"] for one in said]
    if len(set(names)) == len(names) and sorted(names) == sorted(wanted):
        return [names.index(name) for name in wanted]
    return list(range(len(specs)))


def _known(specs: "List[Spec]", said: "List[Spec]") -> "List[Spec]":
    """The specs of an engine, with the scales that the host knows from the file it was converted from."""
    if len(specs) != len(said):
        return specs
    fields = ("scale", "zero_point", "stands_for")
    return [dict(spec, **{name: one[name] for name in fields if one.get(name)}) for spec, one in zip(specs, said)]


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:LONGEST_ERROR] or type(error).__name__


if sys.version_info < (3, 6):
    raise SystemExit("devbench's worker needs Python 3.6 or newer")
