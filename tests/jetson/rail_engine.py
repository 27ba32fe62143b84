"""An engine that sets the power of a rail as it goes: much while it loads and ends, less while it infers."""

import json
import os
import time


class Engine:
    """The artifact says the file of the rail and what to write into it: `loading` and `inferring`, and invoke_us."""

    def __init__(self, runtime):
        self._plan = {}

    def facts(self):
        return {"runtime_version": "0 (fake)"}

    def load(self, path, options):
        with open(path) as file:
            self._plan = json.load(file)
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
        beside = self._plan["rail"] + ".new"
        with open(beside, "w") as file:
            file.write("{}\n".format(self._plan[what]))
        os.rename(beside, self._plan["rail"])
