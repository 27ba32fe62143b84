"""The faults: every place where a plugin's code or data is used, times what can go wrong there."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.reliability.sick_plugin import (
    DEEDS,
    DEVICE_ATTRIBUTES,
    DEVICES,
    ENGINE,
    HEAD,
    MODEL_ATTRIBUTES,
    NO_LIST,
    NO_TEXT,
    QUIET,
    RUN,
    RUNTIME_ATTRIBUTES,
    Fault,
    device,
    hook,
    method,
    runtime,
)  # fmt: skip


def _loading() -> Iterator[Fault]:
    for kind, deed in DEEDS.items():
        for command in (DEVICES, ("plugins", "--json")):
            yield Fault(where="import", kind=f"{kind} ({command[0]})", source=HEAD + deed, command=command)
    for kind, deed in QUIET.items():
        yield Fault(where="import", kind=kind, source=HEAD + deed + device(), command=DEVICES, noticed=False)
    for name in ("devbench_devices", "devbench_runtimes", "devbench_models"):
        for kind, deed in DEEDS.items():
            yield Fault(where=name, kind=kind, source=HEAD + hook(name, "", deed), command=DEVICES)
        for kind, value in NO_LIST.items():
            yield Fault(
                where=name, kind=f"gives {kind}", source=HEAD + hook(name, "", f"return {value}"), command=DEVICES
            )
        source = HEAD + hook(name, "", QUIET["prints"] + "\nreturn []")
        yield Fault(where=name, kind="prints", source=source, command=DEVICES, noticed=False)


def _attributes() -> Iterator[Fault]:
    for text in DEVICE_ATTRIBUTES:
        yield Fault(where="attributes of a Device", kind=text, source=HEAD + device(text), command=DEVICES)
    for text in RUNTIME_ATTRIBUTES:
        yield Fault(where="attributes of a Runtime", kind=text, source=HEAD + runtime(text), command=DEVICES)
    variant = 'Variant(precision="int8", format="fake", source="sick:1")'
    for text in MODEL_ATTRIBUTES:
        variants = "" if "variants" in text else f", variants=({variant},)"
        source = HEAD + hook("devbench_models", "", f"return [Model({text}{variants})]")
        yield Fault(where="a Model", kind=text, source=source, command=("models", "--json"))
    for source_text in ("http://[", "a\\0b", "", "gone.fake", "sick:\\ud800"):
        model = f'Model(name="m", variants=(Variant(precision="int8", format="fake", source="{source_text}"),))'
        source = HEAD + hook("devbench_models", "", f"return [{model}]")
        where = "a Model's source"
        if source_text == "gone.fake":  # a file that may come later: the case fails, as with any missing file
            yield Fault(where=where, kind=source_text, source=source, command=RUN, models=("m",), noticed=False)
        else:
            yield Fault(where=where, kind=source_text, source=source, command=("models", "--json"))


def _discovering() -> Iterator[Fault]:
    place = 'Place(name="local", device="sick"'
    lies = {
        **{kind: f"return {value}" for kind, value in NO_LIST.items()},
        "nothing": "return []",
        "another's place": 'return [Place(name="local", device="fake")]',
        "a place of nobody": 'return [Place(name="local", device="unknown")]',
        "the same place twice": f"return [{place}), {place})]",
        "a name that is a number": 'return [Place(name=1, device="sick")]',
        "a name of two lines": 'return [Place(name="a\\nb", device="sick")]',
        "a huge name": 'return [Place(name="x" * 10**7, device="sick")]',
        "a reason of 10 MB": 'return [Absent(device="sick", reason="x" * 10**7)]',
        "NaN": f'return [{place}, settle={{"a": float("nan")}})]',
        "facts that are numbers": f'return [{place}, facts={{"a": 1}})]',
        "facts that hold themselves": f"facts = {{}}\nfacts['a'] = facts\nreturn [{place}, facts=facts)]",
        "a class": "return [Place]",
        "a Check": 'return [Check(name="a", good=True, text="b")]',
        "one each second, without end": f"while True:\n    time.sleep(1)\n    yield {place})",
    }
    for command in (DEVICES, RUN):
        for kind, deed in (DEEDS | lies).items():
            source = HEAD + device(method=method("discover", "", deed))
            unnamed = kind == "nothing"
            yield Fault(
                where="Device.discover",
                kind=f"{kind} ({command[0]})",
                source=source,
                command=command,
                devices=("sick",),
                noticed=not unnamed,
            )
    for kind, deed in QUIET.items():
        source = HEAD + device(method=method("discover", "", f"{deed}\nreturn [{place})]"))
        yield Fault(where="Device.discover", kind=kind, source=source, command=DEVICES, noticed=False)


def _device_methods() -> Iterator[Fault]:
    lists = {kind: f"return {value}" for kind, value in NO_LIST.items()}
    change = "return [Change(setting='speed', text='t', apply=(('true',),), was={})]"
    for_changes = {
        "no program": change.replace("('true',)", "()"),
        "numbers": change.replace("'t'", "1"),
        "was of numbers": change.replace("was={}", "was={1: 2}"),
    }
    methods = (
        ("look", "place", DEVICES, {"None": "return None", "another's": "return replace(place, name=5)"}),
        ("changes", "place", RUN, lists | for_changes),
        ("undo", "setting, was", RUN, lists | {"no words": "return ()"}),
        ("settle", "place", RUN, {}),
        ("recover", "place", RUN, {"None": "return None", "text": "return 'yes'"}),
        ("checks", "", ("doctor", "--json"), lists | {"numbers": "return [Check(name=1, good=2, text=3)]"}),
        ("remarks", "facts", RUN, lists | {"a megabyte": "return ['x' * 10**6]", "numbers": "return [1]"}),
    )
    beside = {
        "recover": method("settle", "place", "raise RoundError('too hot')"),  # it is asked after a failed round
        "undo": method("changes", "place", change),
    }
    for name, arguments, command, lies in methods:
        for kind, deed in (DEEDS | lies).items():
            if name in ("changes", "undo") and kind == "raises a DevbenchError":
                continue  # what lab.yaml asks for and cannot be had ends the run, by design: it can be resumed
            written = method(name, arguments, deed) + beside.get(name, "")
            yield Fault(
                where=f"Device.{name}",
                kind=kind,
                source=HEAD + device('settings = ("speed",)', written),
                command=command,
                devices=("sick",),
                lab="places:\n  - {name: attic, device: sick, settle: {speed: 1}}\n",
                noticed=not _told(kind, name in ("settle", "changes", "undo")),
            )


def _runtime_methods() -> Iterator[Fault]:
    lists = {kind: f"return {value}" for kind, value in NO_LIST.items()}
    texts = {kind: f"return {value}" for kind, value in NO_TEXT.items()}
    for_prepare = {
        "None": "return None",
        "a file that is not there": "return replace(artifact, path=Path('/gone'))",
        "another sha256": "return replace(artifact, sha256='0' * 64)",
        "another file with a wrong sha256": "return replace(artifact, path=Path(__file__))",
        "a size that is text": "return replace(artifact, size_bytes='x')",
        "facts that are numbers": "return replace(artifact, facts={'a': 1})",
        "a folder": "return replace(artifact, path=Path('/'))",
        "a path that is none": "return replace(artifact, path=5)",
    }
    del lists["None"]
    methods = (
        ("check", "path", ("check", "a.fake", "--runtime", "sick", "--json"), lists),
        ("unfit", "artifact, facts", RUN, texts),
        ("explain", "error", RUN, texts),
        ("wrong_option", "name, value", RUN, texts),
        ("packages", "python", DEVICES, lists),
        ("prepare", "artifact, place, options", RUN, for_prepare),
    )
    for name, arguments, command, lies in methods:
        for kind, deed in (DEEDS | lies).items():
            made = runtime("options = {'slowdown': 1}", method(name, arguments, deed))
            if name in ("explain", "packages"):  # they are asked after a failure
                made = BROKEN_ENGINE + made.replace(ENGINE, "_engine()")
            yield Fault(
                where=f"Runtime.{name}",
                kind=kind,
                source=HEAD + made + device('runtimes = ("sick",)'),
                command=command,
                devices=("{sick: {slowdown: 2}}",),
                lab="places:\n  - {name: attic, device: sick, python: python3}\n",
                noticed=not _told(kind, name in ("check", "prepare")),
            )


def _told(kind: str, meant: bool) -> bool:
    """Whether it is an error for the user, where one may be raised: it needs no name."""
    return meant and kind.startswith(("raises a D", "raises a R"))


BROKEN_ENGINE = """
def _engine():
    path = Path(__file__).with_name("broken_engine.py")
    path.write_text("class Engine:\\n    def __init__(self, _):\\n        raise ImportError('no such library')\\n")
    return path

"""


def _hooks() -> Iterator[Fault]:
    variant = "Variant(precision='int8', format='fake', source='sick:1')"
    listed = hook("devbench_models", "", f"return [Model(name='m', variants=({variant},))]")
    file = "path = into / 'm.fake'\npath.write_text('{}')\n"
    fetches = {
        "None": "return None",
        "a number": "return 5",
        "a file elsewhere": "return Path(__file__)",
        "a file that is not there": "return into / 'gone'",
        "a folder": "return into",
        "a way out of the folder": file + "return into / '..' / '..' / 'x'",
        "NUL": "return Path('a\\0b')",
    }
    for kind, deed in (DEEDS | fetches).items():
        source = HEAD + listed + hook("devbench_fetch_model", "source, into", deed)
        told = kind.startswith(("raises a D", "raises a R")) or kind == "None"
        yield Fault(
            where="devbench_fetch_model", kind=kind, source=source, command=RUN, models=("m",), noticed=not told
        )
    own = device('runtimes = ("fake",)')
    for kind, deed in DEEDS.items():
        source = HEAD + own + hook("devbench_make_ready", "case, place", deed)
        told = kind in {"raises a RoundError", "raises a DevbenchError"}
        yield Fault(
            where="devbench_make_ready", kind=kind, source=source, command=RUN, devices=("sick",), noticed=not told
        )
        source = HEAD + hook("devbench_make_ready", "case, place", deed)
        yield Fault(where="devbench_make_ready", kind=f"{kind}, for others", source=source, command=RUN, noticed=False)
        source = HEAD + hook("devbench_run_round", "case, place", deed)
        yield Fault(where="devbench_run_round", kind=f"{kind}, for others", source=source, command=RUN, noticed=False)
        source = HEAD + own + hook("devbench_run_round", "case, place", deed)
        yield Fault(
            where="devbench_run_round", kind=kind, source=source, command=RUN, devices=("sick",), noticed=not told
        )
        source = HEAD + hook("devbench_run_finished", "run", deed)
        yield Fault(where="devbench_run_finished", kind=kind, source=source, command=RUN)
    for kind, text in ROUNDS.items():
        source = HEAD + own + ROUND + hook("devbench_run_round", "case, place", text)
        yield Fault(where="devbench_run_round", kind=f"gives {kind}", source=source, command=RUN, devices=("sick",))


ROUND = """
import numpy as np
from devbench import Round, RoundFacts

def a_round(samples=(1000, 1000, 1000), **changes):
    about = RoundFacts(
        index=0, started_utc="2024-01-01T00:00:00", duration_s=1.0, load_ns=1, first_ns=1, warmup_samples=1, samples=3,
        inferences_per_sample=1, stopped_by="counts", cpu_ns_per_inference=1, peak_memory_bytes=1,
    )
    return Round(about=replace(about, **changes), warmup_ns=np.array([1000]), samples_ns=np.array(samples))
"""
ROUNDS = {
    "a number": "return 5",
    "no samples": "return a_round(samples=())",
    "samples of zero": "return a_round(samples=(0, 0, 0))",
    "samples that are floats": "return a_round(samples=(1.5, 2.5, float('nan')))",
    "samples of 300 years": "return a_round(samples=(2**63 - 1,) * 3)",
    "fewer samples than it says": "return a_round(samples=(1,))",
    "NaN for its duration": "return a_round(duration_s=float('nan'))",
    "a temperature of text": "return a_round(facts={'a': 1})",
    "counts of 10**30": "return a_round(load_ns=10**30)",
    "no inferences": "return a_round(inferences_per_sample=0)",
    "a huge array": "return a_round(samples=np.ones(10**8, dtype=np.int64))",
}


def _wrappers() -> Iterator[Fault]:
    for kind, deed in DEEDS.items():
        for when, body in (
            ("before", f"{deed}\nreturn (yield)"),
            ("after", f"done = yield\n{deed}\nreturn done"),
        ):
            source = HEAD + hook("devbench_run_round", "case, place", body, "(wrapper=True)")
            yield Fault(where="a wrapper", kind=f"{kind}, {when} the round", source=source, command=RUN)
    about = "done = yield\nreturn replace(done, about=replace(done.about, {}))"
    lies = {
        "does not yield": "return 5\nyield",
        "yields twice": "done = yield\nyield\nreturn done",
        "gives nothing": "yield",
        "gives a number": "yield\nreturn 5",
        "gives NaN for energy": about.format("energy_mj=float('nan')"),
        "gives numbers for facts": about.format("facts=dict(a=1)"),
        "gives facts of 10 MB": about.format("facts=dict(a='x' * 10**7)"),
        "gives text for conditions": about.format("conditions='hot'"),
    }
    for kind, body in lies.items():
        source = HEAD + hook("devbench_run_round", "case, place", body, "(wrapper=True)")
        yield Fault(where="a wrapper", kind=kind, source=source, command=RUN)
    fewer = "done = yield\nreturn replace(done, samples_ns=done.samples_ns[:1] // 1000)"
    source = HEAD + hook("devbench_run_round", "case, place", fewer, "(wrapper=True)")
    yield Fault(where="a wrapper", kind="gives other samples", source=source, command=RUN, noticed=False)
    source = HEAD + hook("devbench_run_round", "case, place", QUIET["prints"] + "\nreturn (yield)", "(wrapper=True)")
    yield Fault(where="a wrapper", kind="prints", source=source, command=RUN, noticed=False)
    source = HEAD + hook("devbench_run_finished", "run", "return (yield)", "(wrapper=True)")
    yield Fault(where="a wrapper", kind="of another hook", source=source, command=RUN)
    source = HEAD + hook("devbench_run_round", "case, place", "yield", "(hookwrapper=True)")
    yield Fault(where="a wrapper", kind="of the old style", source=source, command=RUN)


FAULTS: tuple[Fault, ...] = (
    *_loading(), *_attributes(), *_discovering(), *_device_methods(), *_runtime_methods(), *_hooks(), *_wrappers(),
)  # fmt: skip
