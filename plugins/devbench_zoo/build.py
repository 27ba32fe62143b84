"""The builder, a process of its own: writes one network as a Keras file, or counts.

    python -m devbench_zoo.build mobilenet_v1 --weights random --seed 0 --out mobilenet_v1.keras
    python -m devbench_zoo.build all --describe

TensorFlow lives in this process alone: it takes seconds to load and gigabytes at work, and prints at will.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devbench import builder_main, load_tensorflow, save_keras
from devbench_zoo.recipe import INPUT_SIDES_PX, WEIGHTS

Tell = Callable[[str], None]


def main() -> int:
    """Build or describe as the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m devbench_zoo.build", description=__doc__)
    parser.add_argument("network", choices=[*INPUT_SIDES_PX, "all"], help="all: with --describe")
    parser.add_argument("--weights", choices=WEIGHTS, default=WEIGHTS[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="the file to write")
    parser.add_argument("--describe", action="store_true", help="count parameters and operations instead")
    arguments = parser.parse_args()
    if not arguments.describe and (arguments.out is None or arguments.network == "all"):
        parser.error("building needs one network and --out")
    return builder_main(lambda tell: _made(arguments, tell))


def _made(arguments: argparse.Namespace, tell: Tell) -> dict[str, Any]:
    tell(f"{arguments.network}: loading TensorFlow")
    load_tensorflow("models")
    return _described(arguments.network) if arguments.describe else _built(arguments, tell)


def _described(name: str) -> dict[str, Any]:
    from devbench_zoo.recipe import count, networks  # after TensorFlow was found

    counts = {}
    for each in INPUT_SIDES_PX if name == "all" else [name]:
        network = networks.fresh_network(each, seed=0)
        counts[each] = {"parameters": count.count_parameters(network), "macs": count.count_macs(network)}
    return counts


def _built(arguments: argparse.Namespace, tell: Tell) -> dict[str, Any]:
    from devbench_zoo.recipe import images, networks, random_weights

    name, seed = arguments.network, arguments.seed
    if arguments.weights == "imagenet":
        tell(f"{name}: getting the imagenet weights")
        network = networks.imagenet_network(name)
    else:
        tell(f"{name}: making random weights")
        network = networks.fresh_network(name, seed)
        count = random_weights.SETTLING_IMAGES + random_weights.UNSEEN_IMAGES
        random_weights.settle(network, images.synthetic_batch(INPUT_SIDES_PX[name], seed, count))
    save_keras(networks.with_probabilities(network), arguments.out)
    return {"peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


if __name__ == "__main__":
    sys.exit(main())
