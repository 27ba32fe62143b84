"""Engines that cheat or are mistaken, and two sound ones; engine files that no device could use.

The engines compute a small network with numpy, in one thread and in this process, as a worker would have them do it.
"""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np

from devbench.domain.model import TensorSpec
from devbench.testing.tiny_model import INPUT, OUTPUT, TinyModel

MODEL = TinyModel(layers=3, height=32, width=24)
INPUTS = (TensorSpec(name=INPUT, dtype="float32", shape=MODEL.input_shape),)
OUTPUTS = (TensorSpec(name=OUTPUT, dtype="float32", shape=MODEL.output_shape),)
ENGINES: dict[str, type[Sound]] = {}
FILES: dict[str, str] = {
    "syntax newer than Python 3.6": "class Engine:\n    def facts(self):\n        return (found := {})\n",
    "a module newer than Python 3.6": "import dataclasses\n\nclass Engine:\n    pass\n",
    "imports devbench": "from devbench import Place\n\nclass Engine:\n    pass\n",
    "no class Engine": "class Motor:\n    pass\n",
    "a member is missing": "class Engine:\n    def facts(self):\n        return {}\n",
}


class Sound:
    """An engine as it should be. processor: what computes at its place."""

    processor = "cpu"

    def __init__(self, runtime: str = "") -> None:
        self._runtime = runtime
        self._fed = np.zeros(MODEL.input_shape, np.float32)
        self._out = np.zeros(MODEL.output_shape, np.float32)

    def facts(self) -> dict[str, Any]:
        return {"runtime_version": "1"}

    def load(self, path: str, options: dict[str, Any]) -> None:  # noqa: ARG002
        if not Path(path).read_bytes().startswith(b"tiny"):
            raise ValueError("not a tiny model")

    def inputs(self) -> list[dict[str, Any]]:
        return [{"name": INPUT, "dtype": "float32", "shape": list(MODEL.input_shape)}]

    def feed(self, arrays: list[Any]) -> None:
        self._fed = arrays[0]

    def invoke(self) -> None:
        self._out = MODEL.answer(self._fed)

    def spec(self) -> dict[str, Any]:
        shape = list(MODEL.output_shape)
        return {"name": OUTPUT, "dtype": "float32", "shape": shape, "scale": 0.0, "zero_point": 0}

    def outputs(self) -> list[Any]:
        return [(self.spec(), self._out)]


def fault(name: str) -> Callable[[type[Sound]], type[Sound]]:
    def keep(engine: type[Sound]) -> type[Sound]:
        ENGINES[name] = engine
        return engine

    return keep


class _Queue(Sound):
    """An accelerator takes the work, and is busy with it for a while."""

    processor = "tpu"

    def __init__(self, runtime: str = "") -> None:
        super().__init__(runtime)
        self._work = threading.Thread()

    def invoke(self) -> None:
        if not self._work.is_alive():
            self._work = threading.Thread(target=self._compute, args=[self._fed], daemon=True)
            self._work.start()

    def _compute(self, fed: Any) -> None:
        time.sleep(0.02)
        self._out = MODEL.answer(fed)

    def _wait(self) -> None:
        if self._work.ident:
            self._work.join()


@fault("invoke() returns before the work is done, outputs() waits")
class _Waits(_Queue):
    def outputs(self) -> list[Any]:
        self._wait()
        return super().outputs()


@fault("invoke() returns before the work is done, nobody waits")
class _Hurries(_Queue):
    pass


@fault("the answer to the same input is kept")
class _Keeps(Sound):
    def feed(self, arrays: list[Any]) -> None:
        super().feed(arrays)
        self._known = False

    def invoke(self) -> None:
        if not self._known:
            super().invoke()
        self._known = True


@fault("the work is done in outputs()")
class _Late(Sound):
    def invoke(self) -> None:
        pass

    def outputs(self) -> list[Any]:
        super().invoke()
        return super().outputs()


@fault("the work is done in feed()")
class _Early(Sound):
    def feed(self, arrays: list[Any]) -> None:
        super().feed(arrays)
        super().invoke()

    def invoke(self) -> None:
        pass


@fault("every second inference is left out")
class _Skips(Sound):
    _count = 0

    def invoke(self) -> None:
        self._count += 1
        if self._count % 2:
            super().invoke()


@fault("outputs() gives those of the inference before")
class _Behind(Sound):
    def invoke(self) -> None:
        self._before = self._out
        super().invoke()

    def outputs(self) -> list[Any]:
        return [(self.spec(), self._before)]


@fault("outputs() gives nothing")
class _Nothing(Sound):
    def outputs(self) -> list[Any]:
        return []


@fault("a smaller input than the file's")
class _Smaller(Sound):
    def inputs(self) -> list[dict[str, Any]]:
        return [{"name": INPUT, "dtype": "float32", "shape": [1, 16, 12, 8]}]

    def feed(self, arrays: list[Any]) -> None:
        self._fed = np.tile(arrays[0], (1, 2, 2, 1))


@fault("another type of input than the file's")
class _Typed(Sound):
    def inputs(self) -> list[dict[str, Any]]:
        return [{"name": INPUT, "dtype": "uint8", "shape": list(MODEL.input_shape)}]


@fault("memory leaks")
class _Leaks(Sound):
    def invoke(self) -> None:
        super().invoke()
        self.__dict__.setdefault("_kept", []).append(np.ones(1 << 17))


@fault("more threads than asked for")
class _Threads(Sound):
    def invoke(self) -> None:
        if "_pool" not in self.__dict__:
            self._pool = ThreadPoolExecutor(2)
        others = [self._pool.submit(MODEL.answer, self._fed) for _ in range(2)]
        super().invoke()
        for one in others:
            one.result()


@fault("the first input is used for ever")
class _First(Sound):
    def feed(self, arrays: list[Any]) -> None:
        if not self._fed.any():
            super().feed(arrays)


@fault("the answer is always zero")
class _Zero(Sound):
    def invoke(self) -> None:
        super().invoke()
        self._out = self._out * 0


@fault("nothing is computed at all")
class _Idle(Sound):
    def invoke(self) -> None:
        pass


@fault("the answer is 0.0 to one input, and -0.0 to the next")
class _Zeros(Sound):
    def invoke(self) -> None:
        super().invoke()
        self._out = np.copysign(np.zeros_like(self._out), -1.0 if float(self._fed.sum()) > 0 else 1.0)


@fault("only a part of the layers is computed")
class _Part(Sound):
    def invoke(self) -> None:
        self._out = TinyModel(layers=1, height=32, width=24).answer(self._fed)


@fault("the input is mirrored")
class _Mirrored(Sound):
    def feed(self, arrays: list[Any]) -> None:
        super().feed([arrays[0][:, :, ::-1]])


@fault("the input is scaled")
class _Scaled(Sound):
    def feed(self, arrays: list[Any]) -> None:
        super().feed([arrays[0] / 255])


@fault("the same input gets another answer each time")
class _Random(Sound):
    def invoke(self) -> None:
        super().invoke()
        self._out = self._out + np.random.normal(0, 0.2, self._out.shape).astype(np.float32)


@fault("values that are not numbers")
class _NotANumber(Sound):
    def invoke(self) -> None:
        super().invoke()
        self._out[0, 0, 0, 0] = np.nan


@fault("outputs in another type than their spec says")
class _Doubles(Sound):
    def outputs(self) -> list[Any]:
        return [(self.spec(), self._out.astype(np.float64))]


@fault("outputs in another shape than the file's")
class _Flat(Sound):
    def outputs(self) -> list[Any]:
        return [(dict(self.spec(), shape=[self._out.size]), self._out.reshape(-1))]


@fault("one output too many")
class _More(Sound):
    def outputs(self) -> list[Any]:
        return [*super().outputs(), (dict(self.spec(), name="more"), self._out)]


@fault("outputs() can be asked once")
class _Once(Sound):
    def outputs(self) -> list[Any]:
        out, self._out = self._out, self._out * 0
        return [(self.spec(), out)]


@fault("facts() has a number")
class _Number(Sound):
    def facts(self) -> dict[str, Any]:
        return {"runtime_version": 1}


@fault("facts() has no version")
class _Unversioned(Sound):
    def facts(self) -> dict[str, Any]:
        return {"vendor": "nobody"}


@fault("load() takes any file")
class _Takes(Sound):
    def load(self, path: str, options: dict[str, Any]) -> None:
        pass


@fault("an option that the runtime does not have is needed")
class _Wants(Sound):
    def load(self, path: str, options: dict[str, Any]) -> None:
        super().load(path, {"device": options["device"]})


@fault("inputs() gives no type")
class _Untyped(Sound):
    def inputs(self) -> list[dict[str, Any]]:
        return [{"name": INPUT, "shape": list(MODEL.input_shape)}]


@fault("it works once")
class _Tired(Sound):
    _feeds = 0

    def feed(self, arrays: list[Any]) -> None:
        self._feeds += 1
        if self._feeds > 1:
            raise RuntimeError("the device is gone")
        super().feed(arrays)


@fault("another process does the work")
class _Elsewhere(Sound):
    """That process is started once: whether starting one takes long must not decide what is noticed."""

    def __init__(self, runtime: str = "") -> None:
        super().__init__(runtime)
        self._ours, its = Pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads: it only computes
            self._child = os.fork()
        if self._child == 0:
            self._ours.close()
            with suppress(EOFError):  # the engine is gone
                while True:
                    fed = np.frombuffer(its.recv_bytes(), np.float32).reshape(MODEL.input_shape)
                    until_s = time.monotonic() + 0.004  # thirty times what asking for it takes
                    answer = MODEL.answer(fed)
                    while time.monotonic() < until_s:
                        answer = MODEL.answer(fed)
                    its.send_bytes(np.ascontiguousarray(answer).tobytes())
            os._exit(0)
        its.close()

    def __del__(self) -> None:
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)

    def invoke(self) -> None:
        self._ours.send_bytes(np.ascontiguousarray(self._fed).tobytes())
        self._out = np.frombuffer(self._ours.recv_bytes(), np.float32).reshape(MODEL.output_shape)


class Spins(Sound):
    """Its work is done when invoke() returns, but a thread goes on for a while, as those of BLAS and OpenMP do.

    It uses more threads than it may, and nothing else is wrong with it.
    """

    def __init__(self, runtime: str = "") -> None:
        super().__init__(runtime)
        self._thread = threading.Thread()

    def invoke(self) -> None:
        super().invoke()
        if not self._thread.is_alive():
            self._thread = threading.Thread(target=_busy_without_the_lock, args=[16], daemon=True)
            self._thread.start()


def _busy_without_the_lock(mebibytes: int) -> None:
    hashlib.sha256(bytes(mebibytes << 20))
