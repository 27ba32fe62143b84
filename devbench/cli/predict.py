"""`devbench predict`: how long would a model take on devices that are not here? From figures that others published."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import click

from devbench.cli.app import EXIT_ERROR, EXIT_INCOMPLETE, show_error
from devbench.cli.paths import PATH
from devbench.cli.setup import load_plugins, warn
from devbench.domain.model import TensorSpec
from devbench.errors import DevbenchError, ModelError
from devbench.models.features import NetworkFeatures, read_features
from devbench.models.tflite_file import TfliteFile, read_tflite
from devbench.plugin.calls import KnownRuntime
from devbench.plugin.registry import Registry
from devbench.predict.advice import advice
from devbench.predict.network import Network, network_of
from devbench.predict.prediction import Prediction, predict
from devbench.predict.study import study_of
from devbench.predict.tables import Table, published_tables
from devbench.report.prediction import prediction_lines
from devbench.sources.paths import MODELS, did_you_mean, listed

_FLOATS = ("float64", "float32", "float16")
_COMPILED, _SUFFIX, _TOGETHER = "edgetpu-custom-op", "_edgetpu", "_cocompiled_with_"
_POST_PROCESSING = "TFLite_Detection_PostProcess"
_IMAGE = 4  # sizes: batch, height, width, channels
_OLD = (
    "Nothing was measured. The figures that this rests on are of 2018 and 2019, as far as they are dated. On CPUs,"
    " TensorFlow Lite has become several times as fast since."
)


@dataclass(frozen=True, kw_only=True)
class Model:
    """What the command line named: a file, or a file and the one compiled from it.

    compiled: the file for the Edge TPU, where there is one. verdict: whether an Edge TPU runs all; None if unknown.
    """

    path: Path
    file: TfliteFile
    features: NetworkFeatures
    compiled: Path | None = None
    streamed_bytes: int | None = None
    verdict: bool | None = None
    verdict_text: str = ""

    @property
    def is_float(self) -> bool:
        """Whether it would have to be quantized first."""
        return self.features.precision in _FLOATS

    @cached_property
    def network(self) -> Network:
        """What it asks of a device in int8."""
        return network_of(self.features, self.path.name, _size(self.file.inputs), self.streamed_bytes)

    def against(self, table: Table) -> str:
        """Why no number may be given for the table's device."""
        uncounted = set(self.features.uncounted)
        if table.with_post_processing:
            uncounted -= {_POST_PROCESSING}
        if uncounted:
            return f"it has operations whose work is not counted: {', '.join(sorted(uncounted))}"
        if self.features.free_sizes:
            return "it has sizes that are not fixed"
        if table.edge_tpu and not self.is_float and self.verdict is False:
            return f"operations on the host are not predicted ({self.verdict_text})"
        return ""

    @property
    def notes(self) -> Iterator[str]:
        """What a reader of the numbers must know."""
        if self.is_float:
            yield (
                f"The file is {self.features.precision}. Times on Edge TPUs, and on CPUs with TensorFlow Lite, are"
                f" those of the same network quantized to int8: {self.network.weight_bytes / 1e6:.2f} MB of weights"
                f" instead of {self.features.total_weight_bytes / 1e6:.2f}. Whether an Edge TPU can run all of it is"
                " not known before: quantize it, then `devbench check`."
            )
        elif self.verdict is None:
            yield "Whether an Edge TPU runs all of it is not known: see `devbench check`."
        if self.features.precision == "mixed":
            yield "It computes in several precisions: its bytes are counted as wide as they are in the file."
        if self.compiled:
            yield f"What is sent with every inference is read from {self.compiled.name}."
        elif self.network.streamed_bytes > 0:
            yield (
                "What is sent with every inference is estimated: compiled files keep 4 to 29 % more than the sum of the"
                " weights."
            )


@click.command()
@click.argument("models", nargs=-1, required=True, type=PATH, metavar="MODEL...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(models: tuple[Path, ...], as_json: bool) -> int:
    """Predict how long each MODEL, a .tflite file, takes on devices that others published figures of.

    Each time has its interval. Exits with 1 if a file cannot be read, with 3 if a model gets no number on any device.
    """
    plugins = load_plugins()
    warn(plugins.broken)
    studies = [study_of(table.key) for table in published_tables().values()]
    failed: list[DevbenchError] = []
    found: dict[str, dict[str, object]] = {}
    shown: set[Path] = set()
    numbers = True
    for path in models:
        try:
            model = _read(path, plugins.registry)
        except DevbenchError as error:
            failed.append(error)
            continue
        if model.path in shown and not as_json:
            continue  # the compiled file of a pair says nothing else than the one that it was made from
        shown.add(model.path)
        predictions = predict(model.network, studies, model.against)
        numbers &= any(one.expected_ms is not None for one in predictions)
        helps = advice(model.network, predictions, studies)
        if as_json:
            found[str(path)] = _as_json(model, predictions, helps)
        else:
            title = f"{model.path} · {model.features.precision}"
            print("\n".join(prediction_lines(title, model.network, predictions, helps, [*model.notes, _OLD])))
    if as_json:
        print(json.dumps(found, indent=2))
    for one in failed:
        show_error(one)
    return EXIT_ERROR if failed else 0 if numbers else EXIT_INCOMPLETE


def _read(path: Path, registry: Registry) -> Model:
    """The model at `path`, and the file compiled from it where that stands beside it."""
    if not os.path.lexists(path):
        raise ModelError(
            f"{path}: there is no such file", did_you_mean(path, listed(path.parent, *MODELS)) or "Name a .tflite file."
        )
    file = read_tflite(path)
    compiled = _compiled_beside(path)
    if _COMPILED in file.operations:
        source = path.with_name(f"{path.stem.removesuffix(_SUFFIX).split(_TOGETHER)[0]}.tflite")
        if source == path or not source.is_file():
            raise ModelError(
                f"{path}: this file is compiled, and no longer says what the network computes",
                f"Put the file that it was compiled from beside it, as {source.name}.",
            )
        path, compiled, file = source, path, read_tflite(source)
    runtime = _edge_tpu(registry)
    streamed = runtime.streamed(compiled) if runtime and compiled else None
    checks = runtime.check(compiled or path) if runtime else []
    return Model(
        path=path,
        file=file,
        features=read_features(path),
        compiled=compiled if streamed else None,
        streamed_bytes=streamed.least_bytes if streamed else None,
        verdict=checks[0].good if checks else None,  # the first one is the verdict
        verdict_text=checks[0].text if checks else "",
    )


def _compiled_beside(path: Path) -> Path | None:
    """`X_edgetpu.tflite` beside `X.tflite`, if it is a compiled file: nobody has named it, it may be anything."""
    beside = path.with_name(f"{path.stem}{_SUFFIX}.tflite")
    try:
        return beside if beside.is_file() and _COMPILED in read_tflite(beside).operations else None
    except DevbenchError:
        return None


def _edge_tpu(registry: Registry) -> KnownRuntime | None:
    """The runtime that knows the rules of the Edge TPU, where its plugin is here."""
    kinds = {table.device for table in published_tables().values() if table.edge_tpu}
    names = [name for kind in kinds & registry.devices.keys() for name in registry.devices[kind].runtimes]
    return next((registry.runtimes[name] for name in sorted(names) if name in registry.runtimes), None)


def _size(inputs: Sequence[TensorSpec]) -> str:
    """`224x224` of a network that takes one image."""
    shape = inputs[0].shape if len(inputs) == 1 else ()
    return f"{shape[1]}x{shape[2]}" if len(shape) == _IMAGE and min(shape[1:3]) > 0 else ""


def _as_json(model: Model, predictions: Iterable[Prediction], helps: Sequence[str]) -> dict[str, object]:
    network = model.network
    return {
        "precision": model.features.precision,
        "multiply_accumulates": network.macs,
        "int8_weight_bytes": network.weight_bytes,
        "int8_activation_bytes": network.activation_bytes,
        "streamed_bytes": network.streamed_bytes,
        "compiled_file": str(model.compiled) if model.compiled else None,
        "interval_method": "Student's t over leave-one-network-out errors of the logarithm",
        "predictions": [_prediction_json(one) for one in predictions],
        "advice": list(helps),
        "notes": [*model.notes, _OLD],
    }


def _prediction_json(one: Prediction) -> Mapping[str, object]:
    return {
        "table": one.table.key,
        "title": one.table.title,
        "device": one.table.device,
        "place": one.table.place,
        "precision": one.table.precision or None,
        "runtime": one.table.runtime,
        "source": one.table.source,
        "expected_ms": one.expected_ms,
        "interval_90_ms": one.interval_90,
        "interval_80_ms": one.interval_80,
        "wall": one.wall,
        "parts_ms": one.parts_ms,
        "networks": one.networks,
        "nearest": one.nearest
        and {"network": one.nearest.network.label, "latency_ms": one.nearest.latency_ms, "case": one.nearest.case},
        "no_number_because": one.reason or None,
    }
