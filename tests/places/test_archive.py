"""The worker's archive starts fast even where Python is told to keep no compiled modules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from devbench.places.archive import worker_archive
from devbench.testing import fake_engine


def test_compiled_modules_are_kept_beside_the_archive_where_they_would_be_kept_nowhere(tmp_path: Path) -> None:
    archive = worker_archive(Path(fake_engine.__file__), tmp_path)
    kept = tmp_path / "bytecode"
    for environment, is_kept in (({}, False), ({"PYTHONDONTWRITEBYTECODE": "1"}, True)):
        command = [sys.executable, str(archive), "fake"]
        done = subprocess.run(command, env=environment, input=b"", capture_output=True, check=False)
        assert b'"protocol"' in done.stdout, done.stderr
        assert kept.exists() == is_kept
    assert list(kept.rglob("*.pyc"))
