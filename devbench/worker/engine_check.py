"""Looks, outside of the timed loop, whether an engine does the work that was timed. What it sees is judged on the host.

Two inputs are fed in turns. An engine that remembers answers is slow right after a feed; one that answers before it is
done gives the answer to the input before, or takes long to hand over its outputs, or goes on computing.
"""

import os
import time

from .clock import now_ns

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional

    Message = Dict[str, Any]
    Spec = Dict[str, Any]

PAUSE_S = 0.02
_TURNS = 4  # of two inputs: the fastest of a few inferences after a feed is none that was disturbed
_MORE_BELOW_NS = 300000000  # of an inference; a longer one is looked at once
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class EngineCheck:
    """What was seen. feed, answer: put arrays in place, and give the packed outputs, as the session does both."""

    def __init__(
        self, engine: "Any", feed: "Callable[[List[Any]], None]", answer: "Callable[[], List[Message]]"
    ) -> None:
        self._engine = engine
        self._feed = feed
        self._answer = answer
        self.seen: "Dict[str, Any]" = {
            name: [] for name in ("fed_ns", "fed_cpu_ns", "outputs_ns", "outputs_cpu_ns", "feed_ns", "feed_cpu_ns")
        }
        self.seen.update(late=False, silent=False, after_cpu_ns=0, pause_ns=0)

    def second(self, first: "List[Message]", arrays: "List[Any]") -> "List[Message]":
        """The answer to a second input, after that to the first one is known."""
        found = self._turn(arrays)
        if _hashes(found) == _hashes(first):
            self._engine.invoke()
            again = self._answer()
            self.seen["late"] = _hashes(again) != _hashes(first)
            self.seen["silent"] = not self.seen["late"]
        return found

    def turns(self, inputs: "List[List[Any]]", second: "List[Message]") -> None:
        """Feed the two in turns: the first one next, of which `second` is not the answer."""
        before = second
        for index in range(_TURNS):
            found = self._turn(inputs[index % 2])
            if _hashes(found) == _hashes(before) and not self.seen["silent"]:
                self._engine.invoke()
                found = self._answer()
                self.seen["late"] = self.seen["late"] or _hashes(found) != _hashes(before)
            before = found
        self._engine.invoke()
        begin_ns, cpu_s = now_ns(), time.process_time()
        time.sleep(PAUSE_S)
        self.seen["after_cpu_ns"] = int((time.process_time() - cpu_s) * 1e9)
        self.seen["pause_ns"] = now_ns() - begin_ns

    def _turn(self, arrays: "List[Any]") -> "List[Message]":
        self._timed("feed", lambda: self._feed(arrays))
        self._timed("fed", self._engine.invoke)
        given: "List[Any]" = []
        self._timed("outputs", lambda: given.append(self._engine.outputs()))
        self.seen["output_bytes"] = sum(int(array.nbytes) for _, array in given[0])
        return self._answer()

    def _timed(self, name: str, call: "Callable[[], object]") -> None:
        cpu_s, begin_ns = time.process_time(), now_ns()
        call()
        self.seen[name + "_ns"].append(now_ns() - begin_ns)
        self.seen[name + "_cpu_ns"].append(int((time.process_time() - cpu_s) * 1e9))


def is_quick(inference_ns: int, left_ns: float) -> bool:
    """Whether there is time to look more closely."""
    return inference_ns < _MORE_BELOW_NS and left_ns > 10 * _TURNS * inference_ns


def resident_bytes() -> int:
    """Memory of this process that is in use now; 0 where that cannot be seen."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0


def other_specs(what: str, given: "List[Spec]", said: "List[Spec]") -> str:
    """How inputs or outputs of an engine differ from the file; "" if they do not, or if nobody knows the file."""
    if not said:
        return ""
    if len(given) != len(said):
        return "{} {}s, and the file has {}".format(len(given), what, len(said))
    for spec, one in zip(given, said):
        wanted, found = list(one["shape"]), [int(size) for size in spec["shape"]]
        if len(wanted) != len(found) or any(size not in (-1, other) for size, other in zip(wanted, found)):
            return "{} '{}' has shape {}, and in the file {}".format(what, one["name"], found, wanted)
    return ""


def _hashes(answer: "List[Message]") -> "Optional[List[str]]":
    return [one["sha256"] for one in answer]
