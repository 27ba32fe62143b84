"""A plugin called `sick`, sound but for one place: the parts that its source is made of, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import indent

HEAD = """
import ctypes, os, signal, sys, threading, time
from dataclasses import replace
from pathlib import Path
from devbench import (
    Absent, Artifact, Change, Check, Device, DevbenchError, Model, ModelError, Place, RoundError, Runtime, Variant,
    hookimpl,
)
from devbench.testing.fake import FakeRuntime

def forever():
    while True:
        time.sleep(0.01)

class Evil(Exception):
    def __str__(self):
        raise RuntimeError("no text either")
"""
ENGINE = "FakeRuntime.engine"

# What any code may do. A value that is returned comes after, where one is wanted.
DEEDS = {
    "raises": "raise ValueError('sick')",
    "raises without a text": "raise Evil()",
    "raises a DevbenchError": "raise DevbenchError('sick', 'Take a rest.')",
    "raises a RoundError": "raise RoundError('sick')",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "sys.exit": "sys.exit(3)",
    "os._exit": "os._exit(3)",
    "crashes": "os.kill(os.getpid(), signal.SIGSEGV)",
    "recurses": "f = lambda: f()\nf()",
    "hangs": "forever()",
    "hangs and ignores signals": "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nforever()",
    "hangs in native code": "ctypes.PyDLL(None).sleep(3600)",
    "hangs with a child": "import subprocess\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(3600)'])",
}
QUIET = {  # nothing fails
    "prints": "print('hello')\nsys.stderr.write('hello')\nos.write(1, b'native hello')",
    "prints without end, beside its work": (
        "threading.Thread(target=lambda: [os.write(1, b'x' * 1000) for _ in iter(int, 1)], daemon=True).start()"
    ),
}
NO_LIST = {"None": "None", "a number": "5", "text": "'abc'", "objects": "[object()]", "no end": "iter(int, 1)"}
NO_TEXT = {
    "None": "None",
    "a number": "5",
    "a megabyte": "'x' * 10**6",
    "100 MB": "'x' * 10**8",
    "a surrogate": r"'\ud800'",
}


DEVICE_ATTRIBUTES = """
kind = 5
kind = None
kind = ['sick']
kind = ''
kind = 'a b'
kind = '../../x'
kind = 'x' * 10**6
kind = 'fake'
kind = 'desktop-cpu'
runtimes = 5
runtimes = [1]
runtimes = 'litert'
runtimes = iter(int, 1)
place_options = ('a',)
place_options = {1: 2}
settings = None
settings = (1,)
traits = 'gpu'
settle_limit_s = 'x'
settle_limit_s = float('nan')
settle_limit_s = -1
settle_limit_s = 10**30
""".strip().splitlines()
RUNTIME_ATTRIBUTES = r"""
name = 5
name = '\n'
name = 'fake'
formats = 5
formats = (1,)
formats = ('.fake',)
formats = ()
devices = 'fake'
devices = (5,)
engine = 5
engine = Path('gone.py')
engine = Path('/dev/zero')
engine = Path('/')
engine = Path('a\0b')
engine = EngineFile(path=FakeRuntime.engine, parts=5)
engine = EngineFile(path=FakeRuntime.engine, parts=(Path('gone.py'),))
engine = EngineFile(path=FakeRuntime.engine, place_options=('A b',))
engine = EngineFile(path=FakeRuntime.engine, build_limit_s='x')
engine = EngineFile(path=FakeRuntime.engine, build_limit_s=float('inf'))
options = ('threads',)
options = {'threads': [1]}
options = {'x': float('nan')}
makes = ['float16']
makes = {'float16': 5}
makes = {'float16': ('float32', {'nobody': 1})}
takes_compiled = 'yes'
prepare_limit_s = -1
install = 5
install = '\ud800'
""".strip().splitlines()
MODEL_ATTRIBUTES = """
name=5
name='a b'
name='mobilenet_v1'
name='m', macs='x'
name='m', parameters=float('nan')
name='m', input_shape='x'
name='m', variants=None
name='m', variants=(5,)
name='x' * 10**7
""".strip().splitlines()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One plugin, and the command that meets it.

    noticed: whether anything fails that must be named. devices, models: of the suite, beside the sound ones.
    """

    where: str
    kind: str
    source: str
    command: tuple[str, ...]
    noticed: bool = True
    devices: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    lab: str = "places: []\n"


RUN = ("run", "suite.yaml", "--out", "out", "--json")
DEVICES = ("devices", "--json")


def hook(name: str, arguments: str, body: str, options: str = "") -> str:
    return f"\n@hookimpl{options}\ndef {name}({arguments}):\n{indent(body, '    ')}\n"


def device(attributes: str = "", method: str = "") -> str:
    given = indent(f"{attributes}\n{method}", "    ")
    return (
        '\nclass Sick(Device):\n    kind = "sick"\n    runtimes = ("sick", "fake")\n'
        '    def discover(self):\n        return [Place(name="local", device="sick")]\n' + given + "\n"
        "\n@hookimpl\ndef devbench_devices():\n    return [Sick]\n"
    )


def runtime(attributes: str = "", method: str = "") -> str:
    given = indent(f"{attributes}\n{method}", "    ")
    return (
        f'\nclass SickRuntime(Runtime):\n    name = "sick"\n    formats = ("fake",)\n    engine = {ENGINE}\n{given}\n'
        "\n@hookimpl\ndef devbench_runtimes():\n    return [SickRuntime]\n"
    )


def method(name: str, arguments: str, body: str) -> str:
    return f"def {name}(self{', ' + arguments if arguments else ''}):\n{indent(body, '    ')}\n"
