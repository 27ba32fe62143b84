"""An engine that sets the power of a rail as it goes: much while it loads and ends, less while it infers."""

import json
import time
from pathlib import Path


class Engine:
    """The artifact says the file of the rail and what to write into it: `loading` and `inferring`, and invoke_us."""

    def __init__(self, _runtime):
        self._plan = {}

    def facts(self):
        return {"runtime_version": "0 (fake)"}

    def load(self, path, _options):
        self._plan = json.loads(Path(path).read_text())
        self._set("loading")
        time.sleep(0.7)
        self._set("inferring")

    def inputs(self):
        return []

    def feed(self, arrays):
        pass

    def invoke(self):
        time.sleep(self._plan["invoke_us"] / 1e6)
        if self._plan.get("crash"):
            raise RuntimeError("the fake device reports a failure")

    def outputs(self):
        self._set("loading")
        time.sleep(0.3)
        self._set("idle")
        return []

    def _set(self, what):
        beside = Path(self._plan["rail"] + ".new")
        beside.write_text(f"{self._plan[what]}\n")
        beside.rename(self._plan["rail"])
