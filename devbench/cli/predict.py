"""`devbench predict`: how long would a model take on devices that nobody here has? From figures that others published."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from devbench.cli.app import EXIT_ERROR, EXIT_INCOMPLETE, show_error
from devbench.cli.desk import load_plugins, warn
from devbench.cli.paths import MODELS, PATH, did_you_mean, listed
from devbench.domain.check import Check
from devbench.errors import DevbenchError, ModelError
from devbench.models.features import NetworkFeatures, read_features
from devbench.models.tflite_file import read_tflite
from devbench.plugin.calls import KnownRuntime
from devbench.plugin.registry import Registry
from devbench.predict.advice import advice
from devbench.predict.network import Network, network_of
from devbench.predict.prediction import Prediction, predict
from devbench.predict.study import Study, study_of
from devbench.predict.tables import TABLES
from devbench.printable import one_line

_FLOATS = ("float64", "float32", "float16")
_IMAGE = 4  # sizes: batch, height, width, channels
