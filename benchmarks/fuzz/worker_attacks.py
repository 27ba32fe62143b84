"""What a malicious worker may say, each attack by its name: changes of a real conversation, and streams without end."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.fuzz.mutate import deep

Message = dict[str, Any]
NESTED = 100_000
SURROGATE = "\ud800"
CONTROLS = "\x1b[2J\x9b31m\u202ereversed\r\n\0"


@dataclass(frozen=True)
class Attack:
    """Bytes instead of the first message, or instead of all that follows the request; then perhaps a deed in Python.

    harmless: whether the case may be measured all the same.
    """

    hello: bytes | None = None
    rest: bytes | None = None
    then: str = ""
    harmless: bool = False


def attacks(conversation: list[Message]) -> Mapping[str, Attack]:
    """Every attack, made of the messages of a real conversation: a hello, phases, samples, an output, a result."""
    return {**_greetings(conversation[0]), **_rests(conversation[1:]), **_streams(conversation[1:])}


def lines(*messages: Message) -> bytes:
    """Messages as they are sent."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in messages)


def _greetings(hello: Message) -> dict[str, Attack]:
    raw = lines(hello)
    changed: dict[str, Any] = {
        "hello without facts": _without(hello, "facts"),
        "hello without problem": _without(hello, "problem"),
        "hello without protocol": _without(hello, "protocol"),
        "hello without event": _without(hello, "event"),
        "facts null": hello | {"facts": None},
        "facts a list": hello | {"facts": [1]},
        "a fact a number": hello | {"facts": {"cpu": 1}},
        "a fact NaN": hello | {"facts": {"cpu": float("nan")}},
        "a fact with a lone surrogate": hello | {"facts": {"cpu": SURROGATE}},
        "a fact's name a lone surrogate": hello | {"facts": {SURROGATE: "x"}},
        "a fact of a megabyte": hello | {"facts": {"cpu": "x" * (1 << 20)}},
        "100,000 facts": hello | {"facts": {str(number): "x" for number in range(100_000)}},
        "protocol a text": hello | {"protocol": "2"},
        "protocol 10**30": hello | {"protocol": 10**30},
        "protocol of another version": hello | {"protocol": 99},
        "event null": hello | {"event": None},
        "event a list": hello | {"event": ["hello"]},
        "another event": hello | {"event": "result"},
        "problem a lone surrogate": hello | {"problem": SURROGATE},
        "problem with controls": hello | {"problem": CONTROLS},
        "deep nesting in facts": hello | {"facts": deep(900)},
    }
    return {
        **{name: Attack(hello=lines(message)) for name, message in changed.items()},
        "a fact with controls": Attack(hello=lines(hello | {"facts": {CONTROLS: CONTROLS}}), harmless=True),
        "not JSON": Attack(hello=b"hello\n"),
        "a JSON list": Attack(hello=b"[]\n"),
        "a JSON number": Attack(hello=b"1\n"),
        "a JSON null": Attack(hello=b"null\n"),
        "an empty line": Attack(hello=b"\n"),
        "not UTF-8": Attack(hello=raw.replace(b'"cpu"', b'"\xff\xfe"')),
        "a byte order mark": Attack(hello=b"\xef\xbb\xbf" + raw),
        "UTF-16": Attack(hello=raw.decode().encode("utf-16")),
        "100,000 brackets": Attack(hello=b'{"event":' + b"[" * NESTED + b"\n"),
        "an int of 100,000 digits": Attack(hello=raw.replace(b'"protocol": 2', b'"protocol": ' + b"9" * NESTED)),
        "half a line": Attack(hello=raw[:40]),
        "nothing": Attack(hello=b""),
    }


def _rests(rest: list[Message]) -> dict[str, Attack]:
    """Answers to the request, one message changed in each."""
    result = next(one for one in rest if one["event"] == "result")
    around = result["around"]
    steady: dict[str, Any] = {
        "a sample of 0": [0, 1000],
        "a negative sample": [-1],
        "a sample with a fraction": [1.5],
        "a sample as text": ["1000"],
        "a sample true": [True],
        "a sample of 10**30": [10**30],
        "a sample of 10**400": [10**400],
        "a sample NaN": [float("nan")],
        "a sample infinite": [float("inf")],
        "a sample null": [None],
        "a sample a list": [[1000]],
        "samples a number": 1000,
        "samples an object": {"0": 1000},
        "samples of days": [10**15],
        "samples of more time than there was": [4 * 10**9] * 10,
        "more samples than a message may have": [1000] * 50_000,
    }
    results: dict[str, Message] = {
        "result without around": _without(result, "around"),
        "result without facts": _without(result, "facts"),
        "around of one": result | {"around": around[:1]},
        "around of texts": result | {"around": ["a", "b"]},
        "at_s NaN": result | {"around": [around[0], around[1] | {"at_s": float("nan")}]},
        "at_s infinite": result | {"around": [around[0], around[1] | {"at_s": float("inf")}]},
        "at_s a text": result | {"around": [around[0] | {"at_s": "now"}, around[1]]},
        "time that goes back": result | {"around": around[::-1]},
        "temperature NaN": result | {"around": [around[0], around[1] | {"temperature_c": float("nan")}]},
        "temperature a text": result | {"around": [around[0] | {"temperature_c": "hot"}, around[1]]},
        "temperature of 1e308": result | {"around": [around[0] | {"temperature_c": 1e308}, around[1]]},
        "busy for 1e308 s": result | {"around": [around[0], around[1] | {"busy_s": 1e308}]},
        "load negative": result | {"around": [around[0], around[1] | {"load_1min": -1}]},
        "processes a list": result | {"around": [around[0] | {"processes": []}, around[1]]},
        "a process of no shape": result | {"around": [around[0] | {"processes": {"1": ["a"]}}, around[1]]},
        "a process id a path": result | {"around": [around[0] | {"processes": {"../1": ["a", 1]}}, around[1]]},
        "a process a lone surrogate": result
        | {"around": [around[0] | {"processes": {"1": [SURROGATE, 1]}}, around[1]]},
        "30,000 processes, thrice": result | {"around": [{"at_s": 1, "processes": _processes(90_000)}, around[1]]},
        "loop_s NaN": result | {"loop_s": [float("nan"), 1]},
        "loop_s a text": result | {"loop_s": ["0", "1"]},
        "loop_s of one": result | {"loop_s": [1]},
        "one canary": result | {"canaries": result["canaries"][:1]},
        "a canary a text": result | {"canaries": ["tweet", "tweet"]},
        "no inference in a sample": result | {"inferences_per_sample": 0},
        "a billion inferences in a sample": result | {"inferences_per_sample": 10**9},
        "settled a text": result | {"settled": "yes"},
        "stopped by controls": result | {"stopped_by": CONTROLS},
        "negative memory": result | {"peak_memory_bytes": -1},
        "CPU time of 2**70": result | {"cpu_ns_per_inference": 2**70},
        "switches a fraction": result | {"involuntary_switches": 0.5},
        "load_ns null": result | {"load_ns": None},
        "first_ns of 10**30": result | {"first_ns": 10**30},
        "a fact of the result NaN": result | {"facts": {"a": float("nan")}},
        "a fact of the result a surrogate": result | {"facts": {"a": SURROGATE}},
        "facts of the result nested": result | {"facts": {"a": deep(150)}},
    }
    outputs: dict[str, Message] = {
        "an output not in base64": _output() | {"data": "%%%"},
        "an output of 3 MB": _output(3 << 20),
        "an output whose shape lies": _output() | {"shape": [1000]},
        "an output whose hash lies": _output() | {"sha256": "0" * 64},
        "an output of objects": _output() | {"dtype": "object"},
        "an output of a type that is code": _output() | {"dtype": "__import__('os').abort()"},
        "an output with scale NaN": _output() | {"scale": float("nan")},
        "an output with a negative size": _output() | {"shape": [-4]},
        "an output with 100 dimensions": _output() | {"shape": [1] * 100},
        "an output with zero point 10**30": _output() | {"zero_point": 10**30},
        "an output without name": _without(_output(), "name"),
    }
    odd_name = _output() | {"name": CONTROLS}
    return {
        **{name: Attack(rest=lines(*_with_samples(rest, ns))) for name, ns in steady.items()},
        **{name: Attack(rest=lines(*rest[:-1], one)) for name, one in results.items()},
        **{name: Attack(rest=lines(*rest[:-1], one, result)) for name, one in outputs.items()},
        "an output's name of controls": Attack(rest=lines(*rest[:-1], odd_name, result), harmless=True),
        "no samples": Attack(rest=lines(result)),
        "samples of no phase": Attack(rest=lines({"event": "samples", "phase": "", "ns": [1]}, *rest)),
        "10,000 outputs": Attack(rest=lines(*[_output()] * 10_000, *rest)),
        "failed without fields": Attack(rest=lines({"event": "failed"})),
        "failed, kind null": Attack(rest=lines(_failed(kind=None))),
        "failed with a lone surrogate": Attack(rest=lines(_failed(error=SURROGATE))),
        "failed with ten megabytes": Attack(rest=lines(_failed(error="x" * 10_000_000))),
        "failed with controls": Attack(rest=lines(_failed(error=CONTROLS))),
        "failed in a phase that is a path": Attack(rest=lines(_failed(phase="../../etc"))),
        "phase a list": Attack(rest=lines({"event": "phase", "phase": []}, *rest)),
        "phase of a megabyte": Attack(rest=lines({"event": "phase", "phase": "x" * (1 << 20)}, *rest)),
        "a second hello": Attack(rest=lines({"event": "hello", "protocol": 2, "problem": "", "facts": {}}, *rest)),
        "built instead of measured": Attack(rest=lines({"event": "built", "path": "/etc/passwd", "facts": {}})),
        "two results": Attack(rest=lines(*rest, result), harmless=True),
        "a key twice": Attack(rest=lines(*rest).replace(b'"settled": true', b'"settled": true, "settled": 1')),
        "brackets for a result": Attack(
            rest=lines(*rest[:-1]) + b'{"event":"result","around":' + b"[" * NESTED + b"\n"
        ),
    }


def _streams(rest: list[Message]) -> dict[str, Attack]:
    """What does not end, or ends strangely. In `then`, `out` writes bytes."""
    one_sample = 'b\'{"event":"samples","phase":"steady","ns":[100000]}\\n\''
    fields = {name: value for name, value in _output(1 << 20).items() if name != "data"}
    large = f"json.dumps(dict({fields}, data=base64.b64encode(bytes(1 << 20)).decode())).encode()"
    fast = 'b\'{"event":"samples","phase":"steady","ns":[\' + b"1," * 9999 + b"1]}\\n"'
    return {
        "a sample list of 240 MB": Attack(
            rest=b'{"event":"samples","phase":"steady","ns":[', then='for _ in range(240): out(b"1," * (1 << 19))'
        ),
        "samples without end": Attack(rest=b"", then=f"while True: out({fast})"),
        "samples without end, one by one": Attack(rest=b"", then=f"while True: out({one_sample})"),
        "outputs of a megabyte without end": Attack(
            rest=b"", then=f"import base64, json; line = {large}\nwhile True: out(line + b'\\n')"
        ),
        "phases without end": Attack(rest=b"", then='while True: out(b\'{"event":"phase","phase":"x"}\\n\')'),
        "a line without end": Attack(hello=b"", then='while True: out(b"x" * (1 << 16))'),
        "a result without end": Attack(rest=b'{"event":"result","x":"', then='while True: out(b"x" * (1 << 16))'),
        "zeros without end": Attack(rest=b"", then="while True: out(bytes(1 << 16))"),
        "empty lines without end": Attack(rest=b"", then='while True: out(b"\\n" * (1 << 16))'),
        "a byte at a time": Attack(rest=b"", then='while True: out(b" "); time.sleep(0.05)'),
        "no answer": Attack(rest=b"", then="time.sleep(60)"),
        "no hello but silence on stdout": Attack(rest=b"", then="os.close(1); time.sleep(60)"),
        "stderr without end": Attack(rest=b"", then='while True: os.write(2, b"x" * (1 << 16))'),
        "stdout without end after the result": Attack(
            rest=lines(*rest), then="while True: out(bytes(1 << 16))", harmless=True
        ),
        "no end after the result": Attack(rest=lines(*rest), then="time.sleep(60)", harmless=True),
        "children after the result": Attack(
            rest=lines(*rest), then="for _ in range(20): os.fork() or (os.setsid(), time.sleep(60))", harmless=True
        ),
        "exit status 254": Attack(rest=b"", then="os._exit(254)"),
        "exit status 255": Attack(rest=b"", then="os._exit(255)"),
        "exit status 160": Attack(rest=b"", then="os._exit(160)"),
        "exit status 0": Attack(rest=b"", then="os._exit(0)"),
        "signal 40": Attack(rest=b"", then="os.kill(os.getpid(), 40)"),
        "signal 64": Attack(rest=b"", then="os.kill(os.getpid(), 64)"),
        "kills what is above it": Attack(rest=b"", then="os.kill(os.getppid(), 9); time.sleep(60)"),
        "stops what is above it": Attack(rest=b"", then="os.kill(os.getppid(), 19); time.sleep(60)"),
        "stops itself": Attack(rest=b"", then="os.kill(os.getpid(), 19)"),
        "stops its group": Attack(rest=b"", then="os.killpg(0, 19)"),
    }


def _with_samples(rest: list[Message], ns: Any) -> list[Message]:
    """The conversation with other steady samples."""
    return [one | {"ns": ns} if one.get("phase") == "steady" and "ns" in one else one for one in rest]


def _without(message: Message, name: str) -> Message:
    return {key: value for key, value in message.items() if key != name}


def _failed(**changes: Any) -> Message:
    return {"event": "failed", "phase": "load", "kind": "RuntimeError", "error": "it broke", **changes}


def _processes(count: int) -> dict[str, list[Any]]:
    return {str(number): ["a", 0.5] for number in range(count)}


def _output(size: int = 4) -> Message:
    data = bytes(size)
    return {
        "event": "output",
        "name": "y",
        "dtype": "int8",
        "shape": [size],
        "sha256": hashlib.sha256(data).hexdigest(),
        "data": base64.b64encode(data).decode(),
        "scale": 0.5,
        "zero_point": 3,
    }
