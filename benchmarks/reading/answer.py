"""Runs a .tflite file in the interpreter whose package is named: `answer.py PACKAGE KERNELS MODEL GIVEN OUT`.

Python 3.8 and numpy 1 are enough, and nothing of devbench is needed: it runs where the old interpreters are.

KERNELS: `default`, or the name of an `OpResolverType`. GIVEN: .npz with an array for each input of each run, by name:
RUN/INPUT. OUT: the same of the outputs. What the interpreter fails with is a line of JSON on stdout.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import numpy as np


def main() -> None:
    package, kernels, model, given, out = sys.argv[1:]
    try:
        found = answers(importlib.import_module(package + ".interpreter"), kernels, model, np.load(given))
    except (RuntimeError, ValueError) as error:
        print(json.dumps(" ".join(str(error).split())[:100]))
        return
    np.savez(out, **found)


def answers(module: Any, kernels: str, model: str, given: Any) -> dict[str, Any]:
    chosen = {} if kernels == "default" else {"experimental_op_resolver_type": getattr(module.OpResolverType, kernels)}
    interpreter = module.Interpreter(model_path=model, num_threads=1, **chosen)
    interpreter.allocate_tensors()
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    found = {}
    for run in range(len(given.files) // len(inputs)):
        for number, one in enumerate(inputs):
            interpreter.set_tensor(one["index"], given[f"{run}/{number}"])
        interpreter.invoke()
        for number, one in enumerate(outputs):
            found[f"{run}/{number}"] = interpreter.get_tensor(one["index"])
    return found


if __name__ == "__main__":
    main()
