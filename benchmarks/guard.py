"""What does the like-for-like guard say of right answers, and of wrong ones?

    uv run python benchmarks/guard.py --python .venv-tflite/bin/python --seeds 5 FOLDER/*.tflite

Right: the same file and input with LiteRT in other ways, and with tflite-runtime. Wrong: LiteRT with an input that a
broken device or driver would make of it. Prints two Markdown tables: how many of the pairs (a file and a seed) were
confirmed, not confirmed and refused, and the largest difference that was seen.
"""

from __future__ import annotations

import argparse
import importlib
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "devbench" / "worker"))  # for tflite-runtime's interpreter, which has no devbench
feeds = importlib.import_module("feeds")
outputs = importlib.import_module("outputs")

LITERT, TFLITE = "ai_edge_litert.interpreter", "tflite_runtime.interpreter"
RIGHT = {
    "LiteRT, 2 threads": (LITERT, "", 2, ""),
    "LiteRT, without XNNPACK": (LITERT, "BUILTIN_WITHOUT_DEFAULT_DELEGATES", 1, ""),
    "tflite-runtime": (TFLITE, "", 1, ""),
    "tflite-runtime, 2 threads": (TFLITE, "", 2, ""),
}
WRONG = {
    "zeros": lambda x: x,
    "always the answer to the first input": lambda x: x,
    "an input of zeros": np.zeros_like,
    "sign bit of each value turned": lambda x: (x.view("uint8") ^ 128).view(x.dtype) if x.dtype.itemsize == 1 else -x,
    "channels in reverse order": lambda x: x[..., ::-1],
    "channels first": lambda x: np.moveaxis(x, -1, 1).reshape(x.shape),
    "mirrored": lambda x: x[:, :, ::-1] if x.ndim > 2 else x[:, ::-1],
    "moved by one pixel": lambda x: np.roll(x, 1, axis=min(2, x.ndim - 1)),
    "0.8 of the contrast": lambda x: (x.astype("float64") * 0.8).astype(x.dtype),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--python", help="an interpreter with tflite-runtime")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    files = [str(path) for path in given.files if not path.stem.endswith("_edgetpu")]
    reference = answers(sys.executable, LITERT, "", 1, "", given.seeds, files)
    for title, ways in (("right answers", RIGHT), ("wrong answers", {name: (LITERT, "", 1, name) for name in WRONG})):
        print(f"\n| {title} | confirmed | not confirmed | refused | largest difference |\n|---|--:|--:|--:|--:|")
        for name, way in ways.items():
            python = given.python if way[0] == TFLITE else sys.executable
            if python:
                print(row(name, reference, answers(python, *way, given.seeds, files)), flush=True)


def row(name: str, reference: dict, found: dict) -> str:
    from devbench.compare.alike import agreement
    from devbench.models.tflite_file import read_tflite

    counts, steps = {"confirmed": 0, "not confirmed": 0, "refused": 0}, [0.0]
    for file, seed in found:
        right, theirs = (tensors(*one[file, seed]) for one in (reference, found))
        verdict = agreement(right, theirs, frozenset({read_tflite(Path(file)).quantization}))
        counts["refused" if verdict.differ else "not confirmed" if verdict.unconfirmed else "confirmed"] += 1
        print(name, file, seed, verdict, file=sys.stderr)
        for one, other in zip(right, theirs, strict=True):
            if one.scale:
                steps.append(np.abs(one.real(one.data) - other.real(other.data)).max() / one.scale)
                steps.append(np.abs(one.real(one.second_data) - other.real(other.second_data)).max() / one.scale)
    return f"| {name} | {' | '.join(str(count) for count in counts.values())} | {max(steps):.0f} steps |"


def tensors(first: list, second: list) -> list:
    from base64 import b64decode

    from devbench.domain.outcome import OutputTensor

    return [
        OutputTensor(
            **{**one, "shape": tuple(one["shape"]), "data": b64decode(one["data"])},
            second_sha256=other["sha256"],
            second_data=b64decode(other["data"]),
        )
        for one, other in zip(first, second, strict=True)
    ]


def answers(python: str, module: str, resolver: str, threads: int, mistake: str, seeds: int, files: list[str]) -> dict:
    """By file and seed, the packed outputs for both inputs, computed by another interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "answers"
        order = [module, resolver, str(threads), mistake, str(seeds), str(out), *files]
        subprocess.run([python, __file__, "--compute", *order], check=True, stderr=subprocess.DEVNULL)
        return pickle.loads(out.read_bytes())


def compute(
    module: str, resolver: str, threads: str, mistake: str, seeds: str, out: str, *files: str
) -> None:  # in any interpreter
    runtime = importlib.import_module(module)
    more = {"experimental_op_resolver_type": getattr(runtime.OpResolverType, resolver)} if resolver else {}
    found = {}
    for file in files:
        try:
            interpreter = runtime.Interpreter(model_path=file, num_threads=int(threads), **more)
            interpreter.allocate_tensors()
        except (RuntimeError, ValueError):  # a file that is meant not to load
            continue
        for seed in range(int(seeds)):
            found[file, seed] = both(interpreter, seed, mistake)
    Path(out).write_bytes(pickle.dumps(found))


def both(interpreter: object, seed: int, mistake: str) -> tuple[list, list]:
    ins = interpreter.get_input_details()
    specs = [{"name": one["name"], "dtype": np.dtype(one["dtype"]).name, "shape": list(one["shape"])} for one in ins]
    given = [feeds.arrays(specs, [], seed), feeds.patches(specs, seed)]
    packed = []
    for arrays in given:
        fed = given[0] if mistake.startswith("always") else arrays
        for k, one in enumerate(ins):
            interpreter.set_tensor(one["index"], np.ascontiguousarray(WRONG.get(mistake, lambda x: x)(fed[k])))
        interpreter.invoke()
        packed.append(outputs.packed([answer(interpreter, one, mistake) for one in interpreter.get_output_details()]))
    return packed[0], packed[1]


def answer(interpreter: object, one: dict, mistake: str) -> tuple[dict, np.ndarray]:
    scale, zero_point = one["quantization"]
    array = interpreter.get_tensor(one["index"])
    spec = {"name": one["name"], "scale": float(scale), "zero_point": int(zero_point)}
    return spec, np.full_like(array, zero_point) if mistake == "zeros" else array


if __name__ == "__main__":
    if sys.argv[1:2] == ["--compute"]:
        compute(*sys.argv[2:])
    else:
        main()
