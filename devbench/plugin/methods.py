"""Everything that a plugin may be asked: what it must answer, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import NoneType

LOAD_LIMIT_S = 20.0
MOST_ITEMS = 1000  # of a list: a generator without end must not fill the memory
_PLAIN: dict[str, type] = {"bool": bool, "int": int, "str": str, "Path": Path, "None": NoneType}
_HOMES = {
    "Absent": "place",
    "Change": "change",
    "Check": "check",
    "Peak": "limits",
    "Place": "place",
    "Prepared": "model",
    "Round": "outcome",
    "RoundFacts": "outcome",
    "Streamed": "limits",
}


@dataclass(frozen=True, kw_only=True)
class Method:
    """Something to ask.

    gives: the types of an answer, by name: numpy is loaded only where one needs it. Empty where nobody looks at it.
    many: the answer is any number of these; with None among them it may be None instead.
    title: how messages call it, where its name is not a plugin writer's word.
    waits: it may take long at one place, and nothing at another place has to wait for that.
    """

    name: str
    gives: tuple[str, ...]
    limit_s: float
    many: bool = False
    title: str = ""
    waits: bool = False

    def types(self) -> tuple[type, ...]:
        """What `gives` stands for."""
        return tuple(_PLAIN.get(name) or _type(name) for name in self.gives)


def _type(name: str) -> type:
    found: type = getattr(import_module(f"devbench.domain.{_HOMES[name]}"), name)
    return found


DEVICE_METHODS = (
    DISCOVER := Method(name="discover", gives=("Place", "Absent"), many=True, limit_s=5),
    LOOK := Method(name="look", gives=("Place", "Absent"), limit_s=30),
    CHANGES := Method(name="changes", gives=("Change",), many=True, limit_s=60),
    UNDO := Method(name="undo", gives=("str",), many=True, limit_s=5),
    SETTLE := Method(name="settle", gives=(), limit_s=600, waits=True),
    RECOVER := Method(name="recover", gives=("bool",), limit_s=120, waits=True),
    CHECKS := Method(name="checks", gives=("Check",), many=True, limit_s=10),
    REMARKS := Method(name="remarks", gives=("str",), many=True, limit_s=5),
    PEAKS := Method(name="peaks", gives=("Peak",), many=True, limit_s=5),
)
RUNTIME_METHODS = (
    PREPARE := Method(name="prepare", gives=("Prepared",), limit_s=1800),
    CHECK := Method(name="check", gives=("Check",), many=True, limit_s=60),
    FORMATS_AT := Method(name="formats_at", gives=("str",), many=True, limit_s=5),
    WRONG_OPTION := Method(name="wrong_option", gives=("str",), limit_s=5),
    UNFIT := Method(name="unfit", gives=("str",), limit_s=5),
    CAUTION := Method(name="caution", gives=("str",), limit_s=5),
    EXPLAIN := Method(name="explain", gives=("str",), limit_s=5),
    STREAMED := Method(name="streamed", gives=("Streamed", "None"), limit_s=60),
)
HOOKS = (
    FETCH_MODEL := Method(name="devbench_fetch_model", gives=("Path", "None"), limit_s=3600),
    MAKE_READY := Method(name="devbench_make_ready", gives=(), limit_s=3600, waits=True),
    RUN_ROUND := Method(name="devbench_run_round", gives=("Round", "None"), limit_s=600, waits=True),  # plus the case's
    RUN_FINISHED := Method(name="devbench_run_finished", gives=(), limit_s=60),
)
# A wrapper of `devbench_run_round` in three steps, and the question that a `Change` brings along.
BEGIN = Method(name="begin", gives=("int",), limit_s=30, title="devbench_run_round() before the round")
FINISH = Method(name="finish", gives=("RoundFacts",), limit_s=30, title="devbench_run_round() after the round")
ABANDON = Method(name="abandon", gives=(), limit_s=10, title="devbench_run_round() after a failed round")
REFUSED = Method(name="refused", gives=("str",), limit_s=5, title="refused() of a change")
METHODS = {one.name: one for one in (*DEVICE_METHODS, *RUNTIME_METHODS, *HOOKS, BEGIN, FINISH, ABANDON, REFUSED)}
