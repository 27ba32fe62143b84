"""The model files of earlier nights, kept so that old and new can be measured in turns after one was replaced."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from devbench.domain.run import CaseRecord, Request, Run
from devbench.errors import SuiteError
from devbench.files import make_folder, replacing, sha256_of
from devbench.models.artifact import is_file_source
from devbench.suites.yaml_file import parse_yaml

ARTIFACTS = "artifacts"


def keep_artifacts(run: Run, nights: Path) -> list[str]:
    """Copy the model files of a run that are not kept yet; what could not be kept, as texts.

    Those of the catalogue and those that were downloaded have names that never mean another file.
    """
    notes = []
    for case in run.cases:
        if case.artifact and is_file_source(case.artifact.source):
            source = Path(case.artifact.source)
            kept = _kept(nights, case)
            try:
                if not kept.exists() and sha256_of(source) == case.artifact.sha256:
                    make_folder(kept.parent)
                    with replacing(kept) as draft:
                        shutil.copyfile(source, draft)
            except OSError as error:
                notes.append(f"{source}: not kept for comparing: {error.strerror or error}")
    return notes


def as_before(asked: Request, before: Iterable[CaseRecord], nights: Path) -> Request:
    """What was asked, with each model file as it was in the cases of an earlier run, as far as it is kept."""
    files = {case.model: _kept(nights, case) for case in before if case.artifact}
    with suppress(SuiteError):
        data = parse_yaml(asked.suite_text, "suite").data
        if isinstance(data, dict) and isinstance(data.get("models"), list):
            changed = [_with_file(entry, files) for entry in data["models"]]
            if changed != data["models"]:
                return replace(asked, suite_text=json.dumps({**data, "models": changed}))
    return asked


def _with_file(entry: Any, files: dict[str, Path]) -> Any:
    """The entry of a suite with the kept file as its source; one of the catalogue as it is."""
    if not isinstance(entry, dict) or not is_file_source(str(entry.get("source", "x:"))):
        return entry
    kept = files.get(str(entry.get("name", "")))
    if kept is None or not kept.exists():
        return entry
    pinned = ("sha256", "git_blob")  # of the new file
    return {**{key: value for key, value in entry.items() if key not in pinned}, "source": str(kept.absolute())}


def _kept(nights: Path, case: CaseRecord) -> Path:
    assert case.artifact
    return nights / ARTIFACTS / f"{case.artifact.sha256}{Path(case.artifact.source).suffix}"
