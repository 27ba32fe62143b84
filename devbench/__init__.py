"""What a plugin imports: `from devbench import hookimpl, Device, Runtime, Model, ...`, and nothing else."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devbench.domain.case import Case as Case
    from devbench.domain.case import Option as Option
    from devbench.domain.change import Change as Change
    from devbench.domain.check import Check as Check
    from devbench.domain.conditions import Conditions as Conditions
    from devbench.domain.extend import Converter as Converter
    from devbench.domain.extend import Device as Device
    from devbench.domain.extend import EngineFile as EngineFile
    from devbench.domain.extend import Runtime as Runtime
    from devbench.domain.install import Install as Install
    from devbench.domain.install import extra_hint as extra_hint
    from devbench.domain.limits import Peak as Peak
    from devbench.domain.limits import Streamed as Streamed
    from devbench.domain.making import Calibration as Calibration
    from devbench.domain.making import Making as Making
    from devbench.domain.making import Preparation as Preparation
    from devbench.domain.model import Artifact as Artifact
    from devbench.domain.model import Model as Model
    from devbench.domain.model import Prepared as Prepared
    from devbench.domain.model import Quantization as Quantization
    from devbench.domain.model import TensorSpec as TensorSpec
    from devbench.domain.model import Variant as Variant
    from devbench.domain.option import OptionSpec as OptionSpec
    from devbench.domain.outcome import OutputTensor as OutputTensor
    from devbench.domain.outcome import Round as Round
    from devbench.domain.outcome import RoundFacts as RoundFacts
    from devbench.domain.place import Absent as Absent
    from devbench.domain.place import Place as Place
    from devbench.domain.place import Ssh as Ssh
    from devbench.domain.place import Traits as Traits
    from devbench.domain.run import Run as Run
    from devbench.errors import DevbenchError as DevbenchError
    from devbench.errors import ModelError as ModelError
    from devbench.errors import NotHereError as NotHereError
    from devbench.errors import RoundError as RoundError
    from devbench.hookspecs import hookimpl as hookimpl
    from devbench.models.cache import Fetch as Fetch
    from devbench.models.cache import cached_model as cached_model
    from devbench.models.graph import Graph as Graph
    from devbench.models.graph import Operation as Operation
    from devbench.models.graph import Tensor as Tensor
    from devbench.models.graph import read_graph as read_graph
    from devbench.models.identity import installed_version as installed_version
    from devbench.models.identity import recipe_hash as recipe_hash
    from devbench.models.onnx_file import OnnxFile as OnnxFile
    from devbench.models.onnx_file import prepared_onnx as prepared_onnx
    from devbench.models.onnx_file import read_onnx as read_onnx
    from devbench.models.readers import how_to_mend as how_to_mend
    from devbench.models.readers import misread as misread
    from devbench.models.readers import reader_caution as reader_caution
    from devbench.models.tflite_file import TfliteFile as TfliteFile
    from devbench.models.tflite_file import read_tflite as read_tflite
    from devbench.pipeline.building import build_file as build_file
    from devbench.pipeline.building import builder_main as builder_main
    from devbench.pipeline.building import load_tensorflow as load_tensorflow
    from devbench.pipeline.building import save_keras as save_keras
    from devbench.places.here import supervised as supervised
    from devbench.places.there import Program as Program
    from devbench.places.there import run_there as run_there

__version__ = "0.1.0"

# Loaded at first use: `devbench --help` needs none of these, and numpy alone would double its time.
_HOMES = {
    "Absent": "devbench.domain.place",
    "Artifact": "devbench.domain.model",
    "Calibration": "devbench.domain.making",
    "Case": "devbench.domain.case",
    "Change": "devbench.domain.change",
    "Check": "devbench.domain.check",
    "Conditions": "devbench.domain.conditions",
    "Converter": "devbench.domain.extend",
    "DevbenchError": "devbench.errors",
    "Device": "devbench.domain.extend",
    "EngineFile": "devbench.domain.extend",
    "Fetch": "devbench.models.cache",
    "Graph": "devbench.models.graph",
    "Install": "devbench.domain.install",
    "Making": "devbench.domain.making",
    "Model": "devbench.domain.model",
    "ModelError": "devbench.errors",
    "NotHereError": "devbench.errors",
    "OnnxFile": "devbench.models.onnx_file",
    "Operation": "devbench.models.graph",
    "Option": "devbench.domain.case",
    "OptionSpec": "devbench.domain.option",
    "OutputTensor": "devbench.domain.outcome",
    "Peak": "devbench.domain.limits",
    "Place": "devbench.domain.place",
    "Preparation": "devbench.domain.making",
    "Prepared": "devbench.domain.model",
    "Program": "devbench.places.there",
    "Quantization": "devbench.domain.model",
    "Round": "devbench.domain.outcome",
    "RoundError": "devbench.errors",
    "RoundFacts": "devbench.domain.outcome",
    "Run": "devbench.domain.run",
    "Runtime": "devbench.domain.extend",
    "Ssh": "devbench.domain.place",
    "Streamed": "devbench.domain.limits",
    "Tensor": "devbench.models.graph",
    "TensorSpec": "devbench.domain.model",
    "TfliteFile": "devbench.models.tflite_file",
    "Traits": "devbench.domain.place",
    "Variant": "devbench.domain.model",
    "build_file": "devbench.pipeline.building",
    "builder_main": "devbench.pipeline.building",
    "cached_model": "devbench.models.cache",
    "extra_hint": "devbench.domain.install",
    "hookimpl": "devbench.hookspecs",
    "how_to_mend": "devbench.models.readers",
    "installed_version": "devbench.models.identity",
    "load_tensorflow": "devbench.pipeline.building",
    "misread": "devbench.models.readers",
    "prepared_onnx": "devbench.models.onnx_file",
    "read_graph": "devbench.models.graph",
    "read_onnx": "devbench.models.onnx_file",
    "read_tflite": "devbench.models.tflite_file",
    "reader_caution": "devbench.models.readers",
    "recipe_hash": "devbench.models.identity",
    "run_there": "devbench.places.there",
    "save_keras": "devbench.pipeline.building",
    "supervised": "devbench.places.here",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'devbench' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
