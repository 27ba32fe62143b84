"""`devbench check`: will a model file run on an accelerator? Each rule of it, kept or broken."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from devbench.cli.desk import load_plugins
from devbench.domain.check import Check
from devbench.domain.extend import Runtime
from devbench.errors import DevbenchError
from devbench.suites.names import nearest

EXIT_BROKEN = 4
_MARKS = {True: "kept   ", False: "broken ", None: "unknown"}


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="MODEL...")
@click.option("--runtime", default="", help="Only the rules of this runtime; by default of the first that has any.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(models: tuple[Path, ...], runtime: str, as_json: bool) -> int:
    """Say of each MODEL, a .tflite file, whether an Edge TPU will run it: every rule, and what would stay on the CPU.

    Exits with 4 if a rule is broken.
    """
    runtimes = _with_rules(load_plugins().registry.runtimes, runtime)
    found = {str(path): _checks(path, runtimes) for path in models}
    if as_json:
        print(json.dumps({name: [asdict(one) for one in checks] for name, checks in found.items()}, indent=2))
    else:
        for name, checks in found.items():
            _show(name, checks)
    broken = any(check.good is False for checks in found.values() for check in checks)
    return EXIT_BROKEN if broken else 0


def _with_rules(known: Mapping[str, type[Runtime]], wanted: str) -> list[Runtime]:
    """The runtime of that name, or all that have rules."""
    having = {name: runtime for name, runtime in known.items() if runtime.check is not Runtime.check}
    if wanted and wanted not in having:
        raise DevbenchError(f"no runtime '{wanted}' has rules for model files{nearest(wanted, tuple(having))}")
    if not having:
        raise DevbenchError("no installed runtime has rules for model files", "See `devbench plugins`.")
    return [having[wanted]()] if wanted else [runtime() for runtime in having.values()]


def _checks(path: Path, runtimes: list[Runtime]) -> list[Check]:
    if path.is_dir() or path.suffix in (".h5", ".keras", ".pb"):
        raise DevbenchError(
            f"{path}: this is a TensorFlow model, not a .tflite file",
            "Convert it first, fully quantized: docs/edgetpu.md has the recipe.",
        )
    return list(runtimes[0].check(path))


def _show(name: str, checks: list[Check]) -> None:
    print(name)
    for check in checks:
        print(f"  {_MARKS[check.good]} {check.name}: {check.text}")
        if check.hint:
            print(f"            → {check.hint}")
    broken = sum(check.good is False for check in checks)
    print(f"{broken} broken" if broken else "every rule is kept", file=sys.stderr)
