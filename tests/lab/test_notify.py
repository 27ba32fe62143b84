"""Whom a night is told: files, GitHub, commands; what does not work is a note, and never more."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from devbench.domain.night import Night
from devbench.domain.notice import Notice
from devbench.lab.notify import MOST_SUMMARY_BYTES, notify
from devbench.report.night import renderers
from tests.report.nights import ILL, QUIET, cases_of, many_places


def tell(night: Night, *notices: Notice, summary: Path | None = None) -> tuple[tuple[str, ...], list[str]]:
    """The notes, and the lines that were printed."""
    said: list[str] = []
    environment = {"GITHUB_STEP_SUMMARY": str(summary)} if summary else {}
    return notify(night, notices, renderers(cases_of(night)), say=said.append, environment=environment), said


def script(path: Path, text: str) -> Notice:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return Notice(kind="command", command=(str(path), "an argument"), limit_s=20.0)


def test_a_command_gets_the_whole_night_as_json(tmp_path: Path) -> None:
    notes, _ = tell(ILL, script(tmp_path / "tell", f'cat > "{tmp_path}/$1"'))
    assert notes == ()
    got = json.loads((tmp_path / "an argument").read_text())
    assert got["night"]["id"] == ILL.id
    assert got["night"]["changes"][0]["ratio"] == 1.031
    assert got["told"] == 2
    assert got["unhealthy"] == 2
    assert got["text"].startswith(got["headline"][:20])
    assert len(got["cases"]) == 2 * len(ILL.places)


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    notice = replace(script(tmp_path / "hang", f"sleep 600 & echo $! > {tmp_path}/child; wait"), limit_s=2.0)
    notes, _ = tell(QUIET, notice, Notice(kind="junit", path=tmp_path / "junit.xml"))
    assert time.monotonic() - began < 60
    assert notes == (f"notify command {tmp_path}/hang: did not end within 2 s, and was ended",)
    child = int((tmp_path / "child").read_text())
    while _is_alive(child):
        assert time.monotonic() - began < 60
        time.sleep(0.02)
    assert (tmp_path / "junit.xml").exists()  # the next one is told all the same


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("echo no network >&2; exit 7", "exit status 7: no network"),
        ("kill -TERM $$", "signal 15"),
        ("sleep 30 & exit 3", "exit status 3"),  # it keeps the pipe open
        ("yes | head -c 3000000; exit 2", "exit status 2: y y y"),
    ],
)
def test_a_command_that_fails_is_a_note(tmp_path: Path, text: str, note: str) -> None:
    (told,), _ = tell(QUIET, script(tmp_path / "tell", text))
    assert told.startswith(f"notify command {tmp_path}/tell: {note}")
    assert len(told) < 500


def test_a_program_that_is_not_there_and_a_path_that_cannot_be_written_are_notes(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    notices: Sequence[Notice] = (
        Notice(kind="command", command=("/no/such/program",)),
        Notice(kind="junit", path=tmp_path / "file" / "junit.xml"),
        Notice(kind="github"),
        Notice(kind="prometheus", path=tmp_path / "lab.prom"),
    )
    notes, _ = tell(QUIET, *notices)
    assert len(notes) == 3
    assert "No such file" in notes[0]
    assert str(tmp_path / "file") in notes[1]
    assert "GITHUB_STEP_SUMMARY" in notes[2]
    assert (tmp_path / "lab.prom").exists()


def test_a_renderer_that_fails_costs_nothing_else(tmp_path: Path) -> None:
    broken = renderers(cases_of(QUIET), series=(None,))  # type: ignore[arg-type]
    notices = (Notice(kind="page", path=tmp_path / "page.html"), Notice(kind="junit", path=tmp_path / "junit.xml"))
    (note,) = notify(QUIET, notices, broken, say=print, environment={})
    assert note.startswith("notify page: AttributeError")
    assert (tmp_path / "junit.xml").exists()


def test_a_path_may_name_the_night_and_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert tell(QUIET, Notice(kind="junit", path=tmp_path / "reports" / "{id}.xml"))[0] == ()
    assert (tmp_path / "reports" / "2026-11-21.xml").exists()


def test_the_step_summary_is_appended_and_stays_within_its_limit(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# earlier\n")
    night = many_places(20_000)
    notes, said = tell(night, Notice(kind="github"), summary=summary)
    text = summary.read_text()
    assert notes == ()
    assert text.startswith("# earlier\n## 20,000 of 20,000 places need a hand")
    assert summary.stat().st_size <= MOST_SUMMARY_BYTES
    assert text.endswith("The morning page and night.json have all of it.*\n")
    assert len(said) == 10
    assert said[-1] == "::error title=devbench::19991 more of this kind are left out here: see the summary"
    again, _ = tell(night, Notice(kind="github"), summary=summary)
    assert "no room left" in again[0]
