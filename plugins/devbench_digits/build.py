"""The builder, a process of its own: makes one file.

python -m devbench_digits.build keras --out digits.keras
python -m devbench_digits.build test --out digits_test.zip
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devbench import ModelError, builder_main, extra_hint, load_tensorflow, save_keras
from devbench_digits.recipe import FILES

Tell = Callable[[str], None]


def main() -> int:
    """Make what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m devbench_digits.build", description=__doc__)
    parser.add_argument("what", choices=list(FILES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    arguments = parser.parse_args()
    return builder_main(lambda tell: _made(arguments, tell))


def _made(arguments: argparse.Namespace, tell: Tell) -> dict[str, Any]:
    _need_sklearn()
    from devbench_digits.recipe import data

    if arguments.what == "keras":
        return _trained(arguments.seed, arguments.out, tell)
    arguments.out.write_bytes(data.zipped(arguments.what, arguments.seed))
    return {}


def _trained(seed: int, out: Path, tell: Tell) -> dict[str, Any]:
    tell("digits: loading TensorFlow")
    load_tensorflow("digits")
    import numpy as np

    from devbench_digits.recipe import data, network

    ink, classes = data.pixels("train", seed)
    images = data.prepared(ink)
    tell(f"digits: training on {len(images):,} pictures")
    begin_s = time.monotonic()
    model = network.trained(images, classes, seed)
    took_s = time.monotonic() - begin_s
    ink, wanted = data.pixels("test", seed)
    right = float((np.argmax(model.predict(data.prepared(ink), verbose=0), axis=1) == wanted).mean())
    said = {
        "on": f"{len(images):,} of scikit-learn's digits",
        "right": f"{100 * right:.1f} % of {len(wanted)} test pictures",
    }
    tell(f"digits: trained here in {took_s:.0f} s on {said['on']}, {said['right']} right")
    save_keras(model, out)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {**said, "seconds": took_s, "peak_memory_bytes": memory}


def _need_sklearn() -> None:
    try:
        import sklearn  # noqa: F401 - is it there?
    except ImportError as error:
        raise ModelError(
            f"The digits come from sklearn, which cannot be loaded: {error}", extra_hint("digits")
        ) from error


if __name__ == "__main__":
    sys.exit(main())
