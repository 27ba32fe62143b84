"""Do old and new TensorFlow Lite interpreters read a file alike? Runs each file in each of them, and prints a table.

    uv run python benchmarks/readers.py ENVIRONMENTS [MODEL.tflite ...] [--pictures FOLDER] [--only 2.7.0 2.14.0]

ENVIRONMENTS is a folder in which an environment is made for each interpreter, with uv; those that are there are used
again. Without MODEL, the int8 networks of the catalogue are built (or taken from the cache). Inputs are synthetic
pictures, or those of FOLDER; noise where a network takes no pictures. A cell says for how many inputs the interpreter
names the class that LiteRT names, and `same` where all bytes of the outputs are the same too; or what it fails with.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from devbench.domain.case import ImageInput
from devbench.models.image import image_feed, layout_of, quantized
from devbench.models.tflite_file import TfliteFile, read_tflite
from devbench.worker.feeds import arrays

# Version, the Python that has a package of it.
RUNTIMES = {
    "2.7.0": "3.8",
    "2.8.0": "3.9",
    "2.9.1": "3.9",
    "2.10.0": "3.9",
    "2.11.0": "3.9",
    "2.12.0": "3.9",
    "2.13.0": "3.9",
    "2.14.0": "3.11",
}
LITERT = "litert"
INPUTS = 8
# Runs in the old interpreters: Python 3.8 and numpy 1.
READ = """
import hashlib, json, sys
import numpy as np
package, path, inputs = sys.argv[1:]
module = __import__(package + ".interpreter", fromlist=["Interpreter"])
try:
    interpreter = module.Interpreter(model_path=path, num_threads=1)
    interpreter.allocate_tensors()
    given, wanted = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    found = []
    for array in np.load(inputs):
        interpreter.set_tensor(given["index"], array)
        interpreter.invoke()
        answer = interpreter.get_tensor(wanted["index"])
        found.append([int(np.argmax(answer)), hashlib.sha256(answer.tobytes()).hexdigest()])
    print(json.dumps(found))
except Exception as error:
    print(json.dumps(" ".join(str(error).split())[:60]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environments", type=Path)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--only", nargs="*", default=list(RUNTIMES))
    arguments = parser.parse_args()
    pythons = {version: python_of(arguments.environments, version) for version in arguments.only}
    print("| file | FULLY_CONNECTED | inputs |", " | ".join([LITERT, *pythons]), "|")
    print("|---|---|--:|" + "--:|" * (1 + len(pythons)))
    for path in arguments.models or zoo_files():
        file = read_tflite(path)
        inputs = inputs_of(file, arguments.pictures)
        wanted = answers(sys.executable, "ai_edge_litert", path, inputs)
        cells = [cell(wanted, wanted)]
        cells += [cell(answers(python, "tflite_runtime", path, inputs), wanted) for python in pythons.values()]
        dense = f"{file.operations.get('FULLY_CONNECTED', 0)}, per channel {file.per_channel_dense}"
        print(f"| {path.name} | {dense} | {len(inputs)} |", " | ".join(cells), "|", flush=True)


def python_of(folder: Path, version: str) -> str:
    """The interpreter of an environment with this version of tflite-runtime, made now if it is not there."""
    environment = folder.resolve() / f"tflite-{version}"
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run(["uv", "venv", "-q", "--python", interpreter(RUNTIMES[version]), environment], check=True)
        packages = [f"tflite-runtime=={version}", "numpy<2"]
        subprocess.run(["uv", "pip", "install", "-q", "--python", python, *packages], check=True)
    return str(python)


def interpreter(version: str) -> str:
    """A Python of this version that pyenv has, else what uv finds or gets."""
    found = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    return str(found[-1]) if found else version


def zoo_files() -> list[Path]:
    """The int8 networks of the catalogue with random weights."""
    from devbench.cli.setup import load_plugins, open_maker
    from devbench.run.sources import for_formats

    plugins = load_plugins()
    maker = open_maker(plugins)
    wanted = [
        (model.name, for_formats(variant, ("tflite",), maker))
        for model in plugins.registry.models.values()
        for variant in model.variants
        if (variant.precision, variant.weights) == ("int8", "random")
    ]
    return [maker.make(name, variant).artifact.path for name, variant in wanted if variant]


def inputs_of(file: TfliteFile, pictures: Path | None) -> np.ndarray:
    """Tensors for the only input of the file."""
    spec = file.inputs[0]
    if pictures:
        with tempfile.TemporaryDirectory() as folder:
            paths = sorted(path for path in pictures.rglob("*") if path.is_file())
            feed = Path(folder) / "feed.npy"
            return np.stack([np.load(image_feed(ImageInput(path=path), file.inputs, feed)) for path in paths])
    if layout_of(spec.shape) is None:
        return np.stack([arrays([asdict(spec)], [], seed)[0] for seed in range(INPUTS)])
    from devbench_zoo.recipe.images import synthetic_image

    pixels = [np.uint8((synthetic_image(spec.shape[1], 1, number) + 1) * 127.5) for number in range(INPUTS)]
    return np.stack([quantized(one, ImageInput(path=Path()), spec) for one in pixels])


def answers(python: str, package: str, path: Path, inputs: np.ndarray) -> list[list[object]] | str:
    """Class and hash of each answer, or what the interpreter fails with."""
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file, inputs)
        file.flush()
        command = [python, "-c", READ, package, str(path), file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    return json.loads(lines[-1]) if lines else f"exit status {done.returncode}"  # type: ignore[no-any-return]


def cell(found: list[list[object]] | str, wanted: list[list[object]] | str) -> str:
    """What a cell of the table says."""
    if isinstance(found, str) or isinstance(wanted, str):
        return f"fails: {found if isinstance(found, str) else wanted}"
    right = sum(one[0] == other[0] for one, other in zip(found, wanted, strict=True))
    alone = len({one[0] for one in found}) == 1 and len(found) > 1
    return f"{right} of {len(wanted)}" + (", same" if found == wanted else "") + (", one class only" if alone else "")


if __name__ == "__main__":
    main()
