"""`devbench new-plugin`: a distribution of its own for a plugin, with tests that pass before a line is changed."""

from __future__ import annotations

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from devbench.scaffold.distribution import KINDS, write_plugin


@click.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(list(KINDS)), default="runtime", show_default=True, help="What it brings.")
@click.option("--into", type=click.Path(path_type=Path), default=None, help="The folder to make; devbench-NAME here.")
def command(name: str, kind: str, into: Path | None) -> None:
    """Write the distribution of a new plugin: code, tests, README, continuous integration.

    NAME: small letters, digits and hyphens. The tests pass as they are: replace what they stand for, step by step.
    """
    folder = into or Path(f"devbench-{name}")
    for path in write_plugin(name, kind, folder):
        print(path)
    print(f"Next: cd {shlex.quote(str(folder))} && {_install()} -e . pytest && {_PYTHON} -m pytest")


_PYTHON = shlex.quote(sys.executable)  # there is a devbench beside it, which the plugin needs


def _install() -> str:
    """An environment that uv has made has no pip."""
    return f"{_PYTHON} -m pip install" if find_spec("pip") else f"uv pip install --python {_PYTHON}"
