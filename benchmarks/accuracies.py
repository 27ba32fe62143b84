"""How accurate is a network from each form that somebody may hold, on each version of the runtime? Prints a table.

    uv run python benchmarks/accuracies.py WORK --environments FOLDER [--converters lab.yaml] [--only 2.7.0 2.14.0]

The digits network is trained once, and written in every form; `devbench accuracy` then makes of each what the runtime
loads, and asks it the 540 test pictures, with LiteRT and each version of tflite-runtime. The environments are folders,
one for each version, made with uv. `converters:` of the lab.yaml says which interpreters have tf-keras, onnx2tf and
litert-torch; without them, those rows are left out. WORK keeps forms and runs: a second start goes on from there.

With `--models NAME=FILE ... --images FOLDER`, the same for networks and pictures of your own, as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.reading.interpreters import LITERT, VERSIONS, python_of

REPOSITORY = Path(__file__).parents[1]
PROGRAMS = Path(__file__).with_suffix("")
RECIPE = REPOSITORY / "plugins" / "devbench_digits" / "recipe"
MAKING = "prepare: {mean: 127.5, std: 127.5}, calibrate: {images: 'digits:train', count: 200}, "
BOTH = MAKING + "precision: [float32, int8]"


@dataclass(frozen=True)
class Source:
    """A form of the network. more: what the suite says of it. needs: the converter without which it cannot be made."""

    title: str
    file: str
    more: str = BOTH
    needs: str = ""


SOURCES = (
    Source("Keras 3 `.keras`", "digits.keras"),
    Source("Keras 3 `.h5`", "digits.h5"),
    Source("SavedModel", "saved"),
    Source("frozen `.pb`", "digits.pb"),
    Source("float `.tflite`, batch −1", "digits.tflite"),
    Source("Vertex AI (AutoML) zip, uint8", "automl.zip", "prepare: {mean: 127.5, std: 127.5}"),
    Source("Keras 2 `.h5`", "keras2.h5", needs="tf-keras"),
    Source("Keras 2 `.h5`, trained for int8 by tfmot", "qat.h5", "precision: int8", "tf-keras"),
    Source("ONNX of tf2onnx (free batch)", "digits.onnx", needs="onnx2tf"),
    Source("ONNX of PyTorch (channels first)", "torch.onnx", needs="onnx2tf"),
    Source("PyTorch `.pt2`", "digits.pt2", needs="litert-torch"),
    Source("int8 `.tflite`, TensorFlow's default", "default_int8.tflite", "prepare: {mean: 127.5, std: 127.5}"),
)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--environments", type=Path, required=True)
    parser.add_argument("--converters", type=Path, help="a lab.yaml with `converters:`")
    parser.add_argument("--only", nargs="*", default=["2.7.0", "2.8.0", "2.11.0", "2.14.0"], choices=VERSIONS)
    parser.add_argument("--models", nargs="*", default=[], help="NAME=FILE of networks of your own")
    parser.add_argument("--images", help="their test pictures: one folder for each class")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    lab = yaml.safe_load(arguments.converters.read_text()) if arguments.converters else {}
    converters = {name: str(Path(path).expanduser()) for name, path in lab.get("converters", {}).items()}
    if arguments.models:
        pairs = [one.partition("=") for one in arguments.models]
        sources = [Source(name, str(Path(path).resolve()), "") for name, _, path in pairs]
        images = str(Path(arguments.images).resolve())
    else:
        write_forms(work, converters)
        sources = [one for one in SOURCES if (work / one.file).exists() and (not one.needs or one.needs in converters)]
        images = "digits:test"
    pythons = {version: python_of(arguments.environments, version) for version in arguments.only}
    runs = {LITERT: _asked(work, LITERT, sources, images, converters, None)}
    runs |= {version: _asked(work, version, sources, images, converters, one) for version, one in pythons.items()}
    _print(sources, runs)


def write_forms(work: Path, converters: dict[str, str]) -> None:
    """The network in every form for which there is a tool; what is there already stays."""
    if not (work / "digits.onnx").exists():
        from devbench.models.cache import cached_model
        from devbench_digits.fetch import fetch

        network = cached_model("digits", "digits:separable", fetch)
        _run([sys.executable, PROGRAMS / "by_tensorflow.py", network, work])
    if "tf-keras" in converters and not (work / "qat.h5").exists():
        _run([converters["tf-keras"], PROGRAMS / "by_tf_keras.py", RECIPE, work])
    if "litert-torch" in converters and not (work / "torch.onnx").exists():
        _run([converters["litert-torch"], PROGRAMS / "by_torch.py", work])


def _run(command: Sequence[object]) -> None:
    settings = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    print("writing forms:", " ".join(map(str, command)), file=sys.stderr)
    subprocess.run([str(one) for one in command], check=True, env=os.environ | settings, stdout=subprocess.DEVNULL)


def _asked(
    work: Path, name: str, sources: Sequence[Source], images: str, converters: dict[str, str], python: Path | None
) -> dict[str, Any]:
    """run.json of `devbench accuracy` with one version; what an earlier start has finished is taken as it is."""
    out, suite, lab = work / f"run-{name}", work / "suite.yaml", work / f"lab-{name}.yaml"
    if not _finished(out):
        runtime = "tflite-runtime" if python else "litert"
        models = [
            f"  - {{name: model{number}, source: '{one.file}'{f', {one.more}' if one.more else ''}}}\n"
            for number, one in enumerate(sources)
        ]
        suite.write_text(
            f"name: accuracies\nmodels:\n{''.join(models)}test: {{images: '{images}'}}\n"
            f"devices: [{{desktop-cpu: {{runtime: {runtime}}}}}]\n"
        )
        place: dict[str, Any] = {"name": "local", "device": "desktop-cpu"}
        if python:
            place["python"] = {"tflite-runtime": str(python)}
        lab.write_text(yaml.safe_dump({"places": [place], **({"converters": converters} if converters else {})}))
        subprocess.run(["rm", "-rf", str(out)], check=True)
        command = [sys.executable, "-m", "devbench", "accuracy", str(suite), "--no-page", "--out", str(out)]
        print(f"asking {name}", file=sys.stderr)
        subprocess.run(command, cwd=work, env=os.environ | {"DEVBENCH_LAB": str(lab)}, stdout=sys.stderr, check=False)
    found: dict[str, Any] = json.loads((out / "run.json").read_text())
    return found


def _finished(out: Path) -> bool:
    path = out / "run.json"
    return path.exists() and bool(json.loads(path.read_text())["finished_utc"])


def _print(sources: Sequence[Source], runs: dict[str, dict[str, Any]]) -> None:
    print(f"| source | file | {' | '.join(runs)} |\n|---|---|{'--:|' * len(runs)}")
    for number, source in enumerate(sources):
        cases = {name: list(_cases(run, f"model{number}")) for name, run in runs.items()}
        for row, first in enumerate(cases[LITERT]):
            arithmetic = (first["artifact"] or {}).get("facts", {}).get("arithmetic") or first["precision"] or "none"
            cells = [_cell(those[row]) if row < len(those) else "" for those in cases.values()]
            print(f"| {source.title} | {arithmetic} | {' | '.join(cells)} |")


def _cases(run: dict[str, Any], model: str) -> Iterator[dict[str, Any]]:
    return (case for case in run["cases"] if case["model"] == model)


def _cell(case: dict[str, Any]) -> str:
    accuracy, outcome = case["accuracy"], case["outcome"]
    if accuracy and accuracy["top1"]:
        return f"{100 * accuracy['top1']['estimate']:.2f}"
    if accuracy and accuracy["problem"]:
        return str(accuracy["problem"])
    told = outcome.get("reason") or outcome.get("error") or ""
    return "refused: misreads its dense layers" if "misreads its dense layers" in told else told[:80]


if __name__ == "__main__":
    main()
