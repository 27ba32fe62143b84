"""What happens to a network in each form that somebody may hold, from the suite to the figure: a table.

    uv run python benchmarks/sources.py [FOLDER]

One small network is written in every form (TensorFlow is needed for that), and `devbench run --profile quick` is given
each of them, with a picture. Some need a converter in an environment of its own: it says so, unless lab.yaml names one.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))

from tests.pipeline import files  # noqa: E402
from tests.pipeline.networks import SIDE, pictures  # noqa: E402

CALIBRATE = "prepare: {mean: 127.5, std: 127.5}, calibrate: {images: pictures, count: 8}, precision: [float32, int8]"


@dataclass(frozen=True)
class Row:
    """One source: how the table calls it, its file, and what the suite says of it."""

    title: str
    source: str
    more: str = ""
    device: str = "desktop-cpu"
    image: bool = True


ROWS = [
    Row("`.keras`, float and int8", "net.keras", CALIBRATE),
    Row("`.h5`, float and int8", "net.h5", CALIBRATE),
    Row("SavedModel folder, float and int8", "saved", CALIBRATE),
    Row("SavedModel in a zip", "saved.zip"),
    Row("frozen `.pb`, float and int8", "net.pb", CALIBRATE),
    Row("float `.tflite` as the converter makes it (batch −1)", "float.tflite"),
    Row("the same, without a picture", "float.tflite", image=False),
    Row("the same, to int8", "float.tflite", CALIBRATE),
    Row("`.tflite` with float16 weights", "float16.tflite"),
    Row("`.tflite` with dynamic range", "dynamic.tflite"),
    Row("int8 `.tflite` with float ends", "float_ends.tflite"),
    Row("int8 `.tflite` with uint8 ends", "int8.tflite"),
    Row("the same, fed with 0 to 255", "int8.tflite", "prepare: {mean: 0, std: 1}"),
    Row("ONNX, batch free, runtime not named", "free.onnx"),
    Row("ONNX, channels first, runtime not named", "net.onnx"),
    Row("the same, with weights in a second file", "two.onnx"),
    Row("the same, `runtime: litert`", "net.onnx", device="{desktop-cpu: {runtime: litert}}"),
    Row("`.pt2`", "net.pt2"),
    Row("pickled `.pth`", "net.pth"),
    Row("Keras 2 `.h5`", "old.h5"),
    Row("QAT `.h5` of tfmot", "qat.h5"),
    Row("a layer of somebody's own", "own.keras"),
    Row("a folder without a network", "pictures"),
]


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="where to work; a temporary folder by default")
    parser.add_argument("--only", default="", help="only rows with this in their title")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sources-") as scratch:
        folder = (arguments.folder or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        write_sources(folder)
        print("| source | what happens | exit |\n|---|---|--:|")
        for row in ROWS:
            if arguments.only in row.title:
                print(f"| {row.title} | {' | '.join(happened(folder, row))} |", flush=True)


def write_sources(folder: Path) -> None:
    """Every form of the network, and files that only look like one."""
    if not (folder / "int8.tflite").exists():
        command = [sys.executable, "-m", "tests.pipeline.networks", str(folder)]
        subprocess.run(command, cwd=REPOSITORY, check=True, stderr=subprocess.DEVNULL)
    pictures(folder / "pictures")
    write_onnx(folder)
    files.exported_program(folder / "net.pt2")
    (folder / "net.pth").write_bytes(pickle.dumps({"weights": 1}))
    files.h5(folder / "old.h5", version="2.15.0")
    files.h5(folder / "qat.h5", files.layer("QuantizeLayer", "tfmot"), version="2.15.0")
    files.keras_zip(folder / "own.keras", files.layer("Swirl", "my_layers", "my_layers>Swirl"))


def write_onnx(folder: Path) -> None:
    """A convolution and the mean of each channel, without softmax: as PyTorch exports it."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.RandomState(1)
    weights = numpy_helper.from_array(random.normal(0, 1, (4, 3, 3, 3)).astype(np.float32), "weights")
    nodes = [
        helper.make_node("Conv", ["image", "weights"], ["maps"], kernel_shape=[3, 3]),
        helper.make_node("GlobalAveragePool", ["maps"], ["means"]),
        helper.make_node("Flatten", ["means"], ["scores"]),
    ]
    for name, batch in (("net.onnx", 1), ("free.onnx", "batch")):
        given = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, SIDE, SIDE])
        scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, 4])
        graph = helper.make_graph(nodes, "net", [given], [scores], [weights])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.save(model, folder / name)
    (folder / "two.onnx.data").unlink(missing_ok=True)
    onnx.save(onnx.load(folder / "net.onnx"), folder / "two.onnx", save_as_external_data=True,
              location="two.onnx.data", size_threshold=0)  # fmt: skip


def happened(folder: Path, row: Row) -> tuple[str, str]:
    """What `devbench run` says of it, and its exit status, as cells."""
    out = folder / "out" / "".join(letter if letter.isalnum() else "_" for letter in row.title)
    image = ", input: pictures/00.png" if row.image else ""
    more = f", {row.more}" if row.more else ""
    suite = folder / "suite.yaml"
    suite.write_text(
        f"name: sources\nmodels: [{{name: mine, source: {row.source}{image}{more}}}]\ndevices: [{row.device}]\n"
    )
    subprocess.run(["rm", "-rf", str(out)], check=True)
    command = [
        sys.executable,
        "-m",
        "devbench",
        "run",
        str(suite),
        "--profile",
        "quick",
        "--no-page",
        "--out",
        str(out),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=dict(os.environ))
    cases = json.loads((out / "run.json").read_text())["cases"] if (out / "run.json").exists() else []
    told = "; ".join(dict.fromkeys(map(_told, cases))) or done.stderr.strip().splitlines()[-1]
    return told.replace(str(folder) + "/", "").replace("|", "\\|"), str(done.returncode)


def _told(case: dict[str, Any]) -> str:
    outcome = case["outcome"]
    if outcome["status"] == "measured":
        facts = case["artifact"]["facts"]
        made = [facts[name] for name in ("made_by", "changed") if name in facts]
        name = facts.get("arithmetic") or case["artifact"]["precision"]
        how = f" ({'; '.join(made)})" if made else ""
        seen = outcome.get("prediction") or {}
        logit = ", a logit" if seen.get("logit") else ""
        shape = "×".join(map(str, case["artifact"]["inputs"][0]["shape"]))
        return f"measured with {case['runtime']}: {name}, {shape}{logit}{how}"
    return f"{outcome['status']}: {outcome.get('error') or outcome.get('reason')} → {outcome.get('hint', '')}"


if __name__ == "__main__":
    main()
