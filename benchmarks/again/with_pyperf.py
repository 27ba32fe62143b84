"""Measure a .tflite file with pyperf, one thread. Runs in an environment of its own: pyperf, ai-edge-litert, numpy.

PYTHON benchmarks/again/with_pyperf.py --model FILE --processes 20 -o result.json
"""

import numpy as np
import pyperf


def interpreter(path):
    from ai_edge_litert.interpreter import Interpreter

    made = Interpreter(model_path=path, num_threads=1)
    made.allocate_tensors()
    rng = np.random.default_rng(0)
    for one in made.get_input_details():
        limits = np.iinfo(one["dtype"]) if np.issubdtype(one["dtype"], np.integer) else None
        values = rng.integers(limits.min, limits.max, one["shape"]) if limits else rng.random(one["shape"])
        made.set_tensor(one["index"], values.astype(one["dtype"]))
    return made


def to_worker(command, arguments):
    command += ["--model", arguments.model]


runner = pyperf.Runner(add_cmdline_args=to_worker)
runner.argparser.add_argument("--model", required=True)
chosen = runner.parse_args()
runner.bench_func("invoke", interpreter(chosen.model).invoke if chosen.worker else None)
