"""The command line: one small file per command, and the one place where errors are shown."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the `devbench` script."""
    from devbench.cli.app import run_app
    from devbench.cli.streams import prepare_streams

    prepare_streams()
    sys.exit(run_app(sys.argv[1:]))
