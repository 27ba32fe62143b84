"""The files of docs/lab that people copy: each is checked by its own tool, and what they call is there."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import yaml

from devbench.domain.night import Night
from devbench.domain.notice import Notice
from devbench.lab.notify import notify
from devbench.report.night import renderers
from devbench.report.night.prometheus import prometheus_text
from tests.report.nights import ILL, ODD, QUIET, SOFTWARE, cases_of

FOLDER = Path(__file__).parents[2] / "docs" / "lab"
WORKFLOWS = ("nightly.yml", "watch.yml")


def test_the_chapter_names_every_file() -> None:
    chapter = (FOLDER.parent / "lab.md").read_text()
    unnamed = [path.name for path in FOLDER.iterdir() if path.is_file() and f"(lab/{path.name})" not in chapter]
    assert not unnamed


def test_systemd_takes_the_units() -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze on this machine")
    units = sorted(path for path in FOLDER.iterdir() if path.suffix in (".service", ".timer"))
    assert len(units) == 3
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False, timeout=60
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if "devbench" in line]
    assert (done.returncode, said) == (0, []), done.stderr
    calendar = re.findall("OnCalendar=(.*)", (FOLDER / "devbench-lab.timer").read_text())
    assert subprocess.run(["systemd-analyze", "calendar", *calendar], capture_output=True, check=False).returncode == 0


def test_the_crontab_has_five_fields_and_a_command_that_the_shell_takes() -> None:
    lines = [line for line in (FOLDER / "crontab").read_text().splitlines() if line and not line.startswith("#")]
    settings = [line for line in lines if re.match(r"[A-Z]+=", line)]
    (entry,) = [line for line in lines if line not in settings]
    *fields, command = entry.split(None, 5)
    assert all(re.fullmatch(r"[0-9*/,-]+", one) for one in fields)
    assert "%" not in command  # which cron takes for a line end
    assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0
    assert all(shutil.which(word) for word in ("flock", "sh"))


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_are_such(name: str) -> None:
    text = (FOLDER / name).read_text()
    workflow = yaml.safe_load(text)
    assert set(workflow) <= {"name", True, "permissions", "concurrency", "jobs"}  # YAML 1.1 takes `on` for true
    for trigger in workflow[True]["schedule"]:
        assert re.fullmatch(r"[0-9]+ [0-9]+ \* \* \*", trigger["cron"])
    for job in workflow["jobs"].values():
        assert set(job) <= {"runs-on", "timeout-minutes", "steps"}
        assert job["runs-on"][0] == "self-hosted"
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            if "uses" in step:  # a tag may be moved
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
            else:
                assert "${{" not in step["run"]
                assert subprocess.run(["bash", "-n", "-c", step["run"]], check=False).returncode == 0


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_follow_the_published_schema(name: str) -> None:
    tool = os.environ.get("DEVBENCH_TEST_CHECK_JSONSCHEMA", "")
    if not Path(tool).is_file():
        pytest.skip("DEVBENCH_TEST_CHECK_JSONSCHEMA does not name check-jsonschema")
    words = [tool, "--builtin-schema", "vendor.github-workflows", FOLDER / name]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


def test_alerts_are_of_metrics_that_there_are() -> None:
    rules = yaml.safe_load((FOLDER / "devbench.rules.yml").read_text())
    found = [rule for group in rules["groups"] for rule in group["rules"]]
    assert all(set(one) == {"alert", "expr", "annotations"} for one in found)
    text = prometheus_text(ILL, cases_of(ILL))
    for rule in found:
        (metric,) = set(re.findall(r"devbench_\w+", rule["expr"]))
        assert f"\n{metric}{{" in text
        for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
            assert re.search(rf"\n{metric}\{{[^\n]*\b{label}=", text), label
    if shutil.which("promtool"):
        path = FOLDER / "devbench.rules.yml"
        assert subprocess.run(["promtool", "check", "rules", path], capture_output=True, check=False).returncode == 0
        assert subprocess.run(["promtool", "check", "metrics"], input=text.encode(), check=False).returncode == 0


@pytest.fixture
def slack() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a webhook, and what was posted."""
    posted: list[dict[str, str]] = []

    class Webhook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/services/T", posted
    server.shutdown()
    server.server_close()


def told(night: Night, *command: str) -> tuple[str, ...]:
    notice = Notice(kind="command", command=(sys.executable, *command), limit_s=20)
    return notify(night, (notice,), renderers(cases_of(night)), say=print, environment={})


def test_slack_gets_a_night_that_has_something_to_tell(
    slack: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, posted = slack
    monkeypatch.setenv("SLACK_WEBHOOK_URL", address)
    assert told(QUIET, str(FOLDER / "tell-slack.py")) == ()
    assert posted == []
    calls = replace(SOFTWARE, key=replace(SOFTWARE.key, model="<!channel>"))
    assert told(replace(ILL, changes=(calls,)), str(FOLDER / "tell-slack.py")) == ()
    (message,) = posted
    assert "&lt;!channel&gt; int8 litert takes 3.1 % longer" in message["text"]
    assert "<" not in message["text"]
    monkeypatch.delenv("SLACK_WEBHOOK_URL")
    (note,) = told(ILL, str(FOLDER / "tell-slack.py"))
    assert "KeyError: 'SLACK_WEBHOOK_URL'" in note


def test_mail_is_sent_by_this_machines_sendmail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sendmail").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\ncat > {tmp_path}/mail\n')
    (tmp_path / "sendmail").chmod(0o755)
    (tmp_path / "morning.html").write_text("<p>é")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    night = replace(ILL, changes=(replace(SOFTWARE, key=replace(SOFTWARE.key, model=ODD)),), places=QUIET.places)
    command = (str(FOLDER / "tell-mail.py"), "team@example.org", "--page", str(tmp_path / "morning.html"))
    assert told(night, *command) == ()
    assert (tmp_path / "arguments").read_text() == "-t -oi\n"
    mail = message_from_bytes((tmp_path / "mail").read_bytes(), policy=policy.default)
    assert mail["To"] == "team@example.org"
    assert mail["Subject"].startswith("[lab] 2026-11-21: a<b>&")
    text, page = mail.iter_parts()
    assert text.get_content().startswith("a<b>&")
    assert page.get_filename() == "morning.html"
    assert page.get_content() == "<p>é\n"
