"""What a malicious worker says costs its own case, and nothing else."""

from __future__ import annotations

import resource
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.fuzz import worker_messages
from benchmarks.fuzz.worker_attacks import CONTROLS, Attack, Message, attacks, lines
from devbench.domain.measure import PROFILES
from devbench.domain.place import Place
from devbench.errors import RoundError
from devbench.places import session
from devbench.places.answers import MEASURING, InvalidAnswerError, checked, without_controls
from devbench.places.pieces import most_samples
from devbench.places.talk import why_worker_ended
from devbench.testing import measure_once
from devbench.testing.fake import FakeRuntime
from tests.conftest import QUICK, Bench

BRIEF = replace(worker_messages.SHORT, time_limit_s=1.5)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> list[Message]:
    """A real conversation."""
    return worker_messages.conversation(tmp_path_factory.mktemp("heard"))


@pytest.fixture(scope="module")
def known(heard: list[Message]) -> Mapping[str, Attack]:
    """Every attack on it."""
    return attacks(heard)


@pytest.fixture(autouse=True)
def _real_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "talk_here", session.talk_here)  # which a replay replaces


def test_every_attack_is_one_error_unless_it_does_no_harm(
    heard: list[Message], known: Mapping[str, Attack], tmp_path: Path
) -> None:
    said = {name: attack for name, attack in known.items() if not attack.then}
    assert len(said) > 60
    (tmp_path / "a.fake").write_text("{}")
    wrong = {name: found for name, attack in said.items() if (found := _replayed(attack, heard, tmp_path))}
    assert wrong == {}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("a sample of 0", "the worker's answer is not valid: samples.ns.0: Input should be greater than 0"),
        ("samples of days", r"its steady samples add up to 1e\+06 s, and the whole round may take 1.5 s"),
        ("a sample list of 240 MB", "the worker sends a line of more than 4 MiB"),
        ("samples without end", "the worker sends more steady samples than the settings of the case allow"),
        ("phases without end", "the worker has begun more phases than there are"),
        ("a byte at a time", "no result within 1.5 s, so the worker was ended"),
        ("exit status 254", r"the worker ended without an answer \(exit status 254\)"),
        ("signal 40", "the worker was killed by signal 40"),
        ("stops what is above it", "no result within 1.5 s"),
    ],
)
def test_a_worker_that_attacks_is_ended_with_the_reason(
    heard: list[Message], known: Mapping[str, Attack], tmp_path: Path, name: str, error: str
) -> None:
    program = worker_messages.stand_in(tmp_path, known[name], heard)
    (tmp_path / "a.fake").write_text("{}")
    place = Place(name="hostile", device="fake", python={"": str(program)})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RoundError, match=error) as caught:
        measure_once(FakeRuntime, tmp_path / "a.fake", tmp_path, place=place, measure=BRIEF)
    assert caught.value.hint or name in ("exit status 254", "signal 40")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize("name", ["hello without facts", "temperature NaN"])
def test_the_other_cases_of_the_run_go_on(
    bench: Bench, heard: list[Message], known: Mapping[str, Attack], name: str
) -> None:
    program = worker_messages.stand_in(bench.folder, known[name], heard)
    bench.fake("a")
    places = f"- {{name: local, device: fake, python: '{program}'}}\n- {{name: sound, device: fake}}\n"
    bench.write("lab.yaml", f"places:\n{places}")
    bench("run", bench.fake_suite("a", measure=QUICK), "--out", "out")
    outcomes = {case["place"]: case["outcome"]["status"] for case in bench.run_file()["cases"]}
    assert outcomes["sound"] == "measured"
    assert outcomes["local"] == ("skipped" if name.startswith("hello") else "failed")
    assert bench("report", "out").returncode == 0


def test_mutated_conversations_do_no_harm(tmp_path: Path) -> None:
    tally = worker_messages.mutations(tmp_path, 1, 60)
    assert tally.findings == []
    assert tally.counts["read"] > 0
    assert tally.counts["refused"] > 30


def test_what_is_honest_is_not_refused() -> None:
    """An engine that answers in 3 µs, warmed up for as long as it may be, and a sample that holds 100 µs of it."""
    for measure in PROFILES.values():
        most = most_samples(measure)
        assert most["warmup"] > measure.warmup_cap_s / 3e-6
        assert most["steady"] > 2 * measure.cap_s / 100e-6
        assert sum(most.values()) * 8 < 512 << 20, "bytes on the host"


def test_a_newer_worker_may_say_more() -> None:
    line = b'{"event":"phase","phase":"load","why":["not","known"]}'
    assert checked(line, MEASURING) == checked(b'{"event":"phase","phase":"load"}', MEASURING)


def test_a_message_of_too_many_values_is_not_even_parsed() -> None:
    line = b'{"event":"phase","phase":"x","y":[' + b"0," * 200_000 + b"0]}"
    with pytest.raises(InvalidAnswerError, match="it has too many values"):
        checked(line, MEASURING)


def test_texts_are_on_one_line_and_steer_no_terminal() -> None:
    assert without_controls(CONTROLS) == "\ufffd[2J\ufffd31m\ufffdreversed \ufffd"
    assert without_controls("5 µs, 100 %, 日本") == "5 µs, 100 %, 日本"


def test_a_status_is_a_signal_or_not() -> None:
    statuses: Mapping[int, str] = {
        -9: "killed by SIGKILL",
        137: "killed by SIGKILL",
        168: "killed by signal 40",
        1: "exit status 1",
        128: "exit status 128",
        254: "exit status 254",
        255: "exit status 255",
    }
    assert all(text in why_worker_ended(status)[0] for status, text in statuses.items())


def _replayed(attack: Attack, heard: list[Message], folder: Path) -> str:
    """What is wrong with what became of it; "" if nothing is."""
    hello = lines(heard[0]) if attack.hello is None else attack.hello
    rest = lines(*heard[1:]) if attack.rest is None else attack.rest
    try:
        done = worker_messages.answered(folder / "a.fake", hello + rest, folder)
    except RoundError as error:
        return "refused" if attack.harmless else "" if error.message.isprintable() else error.message
    texts = "".join([*done.about.facts, *done.about.facts.values(), *(one.name for one in done.outputs)])
    return "" if attack.harmless and texts.isprintable() else "believed"
