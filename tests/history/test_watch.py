"""Changes through a real history: found, measured again, told once, and explained."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from devbench.domain.night import LevelChange, SeriesKey
from devbench.domain.run import CaseRecord
from devbench.history.explain import explain
from devbench.history.grouping import belongs_to
from devbench.history.series import series_since
from devbench.history.store import History
from devbench.history.watch import judge_again, look_for_changes, to_measure_again
from tests.conftest import Bench
from tests.history.made import made_case, night_of, run_of

PLACES, MODELS = "abcd", ("m1", "m2", "m3", "m4")
LAST = 24
Factor = Callable[[int, str, str], float]


class Lab:
    """Four boards with four cases each. factor: of the time in a night, of a model, on a place."""

    def __init__(self, folder: Path, factor: Factor, runtime: Callable[[int], str] = lambda _: "2.1") -> None:
        self.history, self._folder, self._factor, self._runtime = History(folder / "history"), folder, factor, runtime
        self._rng, self._sessions = np.random.default_rng(7), 0

    def night(self, number: int, *, missing: str = "") -> None:
        cases = [self._case(number, model, place) for place in PLACES if place != missing for model in MODELS]
        self._add(number, cases, "runs")

    def again(self, number: int, keys: list[SeriesKey], there: bool = True, verdict: str = "clean") -> None:
        self._sessions += 1
        cases = [self._case(number if there else 0, key.model, key.place, verdict) for key in keys]
        self._add(number, cases, f"again-{self._sessions}", purpose="again")

    def beside(self, number: int, key: SeriesKey, before: int) -> None:
        """Old and new in one session, on a machine that is 10 % slower at this hour."""
        self._sessions += 1
        old, new = (self._case(one, key.model, key.place, slower=1.1) for one in (before, number))
        self._add(number, [replace(old, id="old"), replace(new, id="new")], f"again-{self._sessions}", purpose="again")

    def _case(self, number: int, model: str, place: str, verdict: str = "clean", slower: float = 1.0) -> CaseRecord:
        ms = 2.0 * slower * self._factor(number, model, place) * float(np.exp(self._rng.normal(0, 0.002)))
        facts = {"runtime_version": self._runtime(number)}
        return made_case(model, ms, place=place, facts=facts, verdict=verdict)  # type: ignore[arg-type]

    def _add(self, number: int, cases: list[CaseRecord], name: str, purpose: str = "") -> None:
        night = night_of(number)
        run = run_of(name, *cases, night=night, started=f"{night}T02:00:00+00:00", purpose=purpose)  # type: ignore[arg-type]
        self.history.add(run, self._folder / night / name)


def _lab(folder: Path, factor: Factor, runtime: Callable[[int], str] = lambda _: "2.1") -> Lab:
    lab = Lab(folder, factor, runtime)
    for number in range(LAST + 1):
        lab.night(number)
    return lab


def _judged(lab: Lab, change: LevelChange, there: bool = True) -> LevelChange:
    night = night_of(LAST)
    keys = [one.key for one in to_measure_again(lab.history, night, change)]
    for _ in range(8):
        if change.status == "waiting":
            lab.again(LAST, keys, there)
            change = judge_again(lab.history, night, change)
    return change


def _software(number: int, model: str, _place: str) -> float:
    return 1.03 if number >= LAST and model == "m2" else 1.0


def test_a_change_of_software_is_one_change_with_what_else_changed_and_how_to_reproduce_it(tmp_path: Path) -> None:
    lab = _lab(tmp_path, _software, lambda number: "2.2" if number >= LAST else "2.1")
    (change,) = look_for_changes(lab.history, night_of(LAST))
    assert (change.kind, change.status, change.series) == ("software", "waiting", 4)
    assert change.key == SeriesKey(
        model="m2", precision="int8", runtime="litert", options="threads=1", device="desktop-cpu"
    )
    assert (change.first_night, change.last_night) == (night_of(LAST), night_of(LAST - 1))
    assert change.low < change.ratio < change.high
    assert change.changed_then == ("runtime 2.1 → 2.2",)
    old, new = (tmp_path / night_of(number) / "runs" for number in (LAST - 1, LAST))
    assert change.reproduce == f"devbench compare {old} {new}"
    again = to_measure_again(lab.history, night_of(LAST), change)
    assert {one.key.place for one in again} == set(PLACES)
    assert {(one.case.partition("/")[0], one.folder, one.beside) for one in again} == {("m2", str(new), str(old))}


def test_a_confirmed_change_is_told_once_and_the_way_back_is_told_too(tmp_path: Path) -> None:
    lab = _lab(tmp_path, lambda number, model, place: _software(number, model, place) if number <= LAST + 3 else 1.0)
    (change,) = look_for_changes(lab.history, night_of(LAST))
    told = _judged(lab, change)
    assert told.status == "confirmed"
    assert told.low < 1.03 < told.high
    lab.history.keep(night_of(LAST), [change, told])
    assert look_for_changes(lab.history, night_of(LAST)) == ()
    for number in range(LAST + 1, LAST + 4):
        lab.night(number)
        assert look_for_changes(lab.history, night_of(number)) == ()
    lab.night(LAST + 4)
    (back,) = look_for_changes(lab.history, night_of(LAST + 4))
    assert (back.kind, back.key.model, back.first_night) == ("software", "m2", night_of(LAST + 4))
    assert back.ratio < 0.99


def test_what_is_not_there_when_measured_again_is_refuted_and_not_tried_again_at_once(tmp_path: Path) -> None:
    lab = _lab(tmp_path, lambda number, model, place: 1.04 if (number, model, place) == (LAST, "m1", "b") else 1.0)
    (change,) = look_for_changes(lab.history, night_of(LAST))
    assert (change.kind, change.key.model, change.key.place, change.series) == ("odd one out", "m1", "b", 1)
    refuted = _judged(lab, change, there=False)
    assert refuted.status == "refuted"
    lab.history.keep(night_of(LAST), [refuted])
    lab.night(LAST + 1)
    assert look_for_changes(lab.history, night_of(LAST + 1)) == ()


def test_what_was_measured_again_never_enters_the_baseline(tmp_path: Path) -> None:
    lab = _lab(tmp_path, _software)
    before = lab.history.read().table.num_rows
    (change,) = look_for_changes(lab.history, night_of(LAST))
    _judged(lab, change)
    assert lab.history.read().table.num_rows == before
    series = {one.key.model: one for one in series_since(lab.history, night_of(LAST)) if one.key.place == "a"}
    assert len(series["m2"].nights) == LAST + 1


def test_a_contaminated_session_counts_for_nothing(tmp_path: Path) -> None:
    lab = _lab(tmp_path, _software)
    (change,) = look_for_changes(lab.history, night_of(LAST))
    keys = [one.key for one in to_measure_again(lab.history, night_of(LAST), change)]
    for _ in range(4):
        lab.again(LAST, keys, verdict="contaminated")
    assert judge_again(lab.history, night_of(LAST), change) == change


def test_old_and_new_side_by_side_are_compared_with_each_other(tmp_path: Path) -> None:
    lab = _lab(tmp_path, _software, lambda number: "2.2" if number >= LAST else "2.1")
    (change,) = look_for_changes(lab.history, night_of(LAST))
    (key, *_) = [one.key for one in to_measure_again(lab.history, night_of(LAST), change)]
    for _ in range(3):
        lab.beside(LAST, key, LAST - 1)
    told = judge_again(lab.history, night_of(LAST), change)
    assert told.status == "confirmed"
    assert told.ratio == pytest.approx(1.03, abs=0.006)  # and not 1.13


def test_a_board_and_a_change_of_everything_are_told_as_such(tmp_path: Path) -> None:
    ill = _lab(tmp_path / "ill", lambda number, _, place: 1.05 if number >= LAST - 1 and place == "c" else 1.0)
    (change,) = look_for_changes(ill.history, night_of(LAST))
    assert (change.kind, change.key, change.series) == ("board", SeriesKey(device="desktop-cpu", place="c"), 4)
    assert _judged(ill, change).status == "confirmed"
    new = _lab(tmp_path / "new", lambda number, *_: 1.05 if number >= LAST else 1.0)
    (change,) = look_for_changes(new.history, night_of(LAST))
    assert (change.kind, change.key, change.series) == ("software", SeriesKey(device="desktop-cpu"), 16)


def test_what_one_case_feels_more_of_its_board_is_not_told_beside_it() -> None:
    board = LevelChange(
        kind="board",
        key=SeriesKey(device="d", place="c"),
        status="waiting",
        first_night="2026-09-10",
        last_night="2026-09-09",
        ratio=1.06,
        low=1.05,
        high=1.07,
        series=4,
    )
    odd = replace(board, kind="odd one out", key=replace(board.key, model="m1"), series=1, ratio=1.02)
    assert belongs_to(odd, board)
    assert belongs_to(replace(odd, ratio=1 / 1.02, first_night="2026-09-12"), board)
    assert not belongs_to(replace(odd, ratio=1.05), board)
    assert not belongs_to(replace(odd, first_night="2026-09-20"), board)
    assert not belongs_to(replace(odd, key=replace(odd.key, place="a")), board)
    assert not belongs_to(board, odd)


def test_half_of_the_cases_that_step_are_told_as_what_they_are(tmp_path: Path) -> None:
    lab = _lab(tmp_path, lambda number, model, _: 1.04 if number >= LAST and model in ("m1", "m2") else 1.0)
    changes = look_for_changes(lab.history, night_of(LAST))
    assert {(change.kind, change.key.model, change.series) for change in changes} == {
        ("software", "m1", 4),
        ("software", "m2", 4),
    }
    assert all(change.ratio == pytest.approx(1.04, abs=0.01) for change in changes)
    assert all("1 more change of this kind since the same night" in change.why for change in changes)


def test_a_night_without_a_board_or_without_anything_tells_nothing(tmp_path: Path) -> None:
    lab = Lab(tmp_path, lambda *_: 1.0)
    assert look_for_changes(lab.history, night_of(0)) == ()
    for number in range(LAST):
        lab.night(number, missing="d" if number > LAST - 4 else "")
    assert look_for_changes(lab.history, night_of(LAST - 1)) == ()
    assert look_for_changes(lab.history, night_of(LAST + 5)) == ()


def test_a_later_night_does_not_change_what_an_earlier_one_says(tmp_path: Path) -> None:
    lab = _lab(tmp_path, lambda number, model, _: 1.05 if number >= LAST and model == "m2" else 1.0)
    assert look_for_changes(lab.history, night_of(LAST - 1)) == ()
    assert len(look_for_changes(lab.history, night_of(LAST))) == 1


def test_the_series_knows_what_is_new_and_what_was_decided(tmp_path: Path) -> None:
    lab = _lab(tmp_path, _software, lambda number: "2.2" if number >= LAST else "2.1")
    (change,) = look_for_changes(lab.history, night_of(LAST))
    told = _judged(lab, change)
    lab.history.keep(night_of(LAST), [told])
    series = series_since(lab.history, night_of(LAST), days=10)
    assert len(series) == 16
    mine = next(one for one in series if (one.key.model, one.key.place) == ("m2", "a"))
    other = next(one for one in series if (one.key.model, one.key.place) == ("m1", "a"))
    assert mine.nights[0] == night_of(LAST - 10)
    assert mine.versions == ((night_of(LAST), "runtime 2.1 → 2.2"),)
    assert (mine.changes, other.changes) == ((told,), ())
    assert mine.undisturbed_ms[-1] == pytest.approx(2.06, rel=0.01)


def test_damaged_decisions_are_noted_and_the_others_stand(tmp_path: Path) -> None:
    lab = _lab(tmp_path, _software)
    (change,) = look_for_changes(lab.history, night_of(LAST))
    lab.history.keep(night_of(LAST), [change, replace(change, status="refuted")])
    next((tmp_path / "history" / "changes").glob("*_000000_*")).write_text("{}")
    again = History(tmp_path / "history")
    assert [one.change.status for one in again.changes()] == ["refuted"]
    assert len(again.notes) == 1


def test_the_command_shows_exports_and_explains(tmp_path: Path, bench: Bench) -> None:
    lab = _lab(bench.folder, _software, lambda number: "2.2" if number >= LAST else "2.1")
    (change,) = look_for_changes(lab.history, night_of(LAST))
    lab.history.keep(night_of(LAST), [_judged(lab, change)])
    shown = bench("history")
    assert shown.returncode == 0, shown.stderr
    assert len([line for line in shown.stdout.splitlines() if "litert threads=1   desktop-cpu" in line]) == 16
    assert f"since {night_of(LAST)} (software, confirmed); changed then: runtime 2.1 → 2.2" in shown.stdout
    csv = bench("history", "m2", "--place", "a", "--since", "5d", "--format", "csv").stdout.splitlines()
    assert len(csv) == 1 + 6
    assert csv[-1].endswith("yes,runtime 2.1 → 2.2") or csv[-1].endswith("no,runtime 2.1 → 2.2")
    data = json.loads(bench("history", "m*", "--format", "json").stdout)
    assert len(data["series"]) == 16
    assert data["changes"][0]["status"] == "confirmed"
    why = bench("history", "--explain", "m2", "--place", "a").stdout
    assert "An alarm: it changed, and the change was still there when it was measured again." in why
    assert "this case, over all places: +" in why
    assert "No alarm: no part of it has left its level." in bench("history", "--explain", "m1", "--place", "b").stdout
    assert bench("history", "--format", "html", "--out", "page.html").returncode == 0
    assert "runtime 2.1 → 2.2" in (bench.folder / "page.html").read_text()
    folded = bench("history", "fold")
    assert "2026-09:" in folded.stdout
    assert bench("history").stdout == shown.stdout


def test_an_explanation_has_the_numbers_of_the_decision(tmp_path: Path) -> None:
    lab = _lab(tmp_path, _software)
    (change,) = look_for_changes(lab.history, night_of(LAST))
    (one,) = explain(lab.history, night_of(LAST), lambda key: (key.model, key.place) == ("m2", "a"))
    found = {decision.part: decision for decision in one.decisions}
    deciding = found["this case, over all places"]
    assert deciding.candidate
    assert deciding.z >= deciding.needed_z
    assert deciding.change == pytest.approx(change.ratio)
    assert [decision.candidate for decision in one.decisions].count(True) == 1


def test_the_folder_is_that_of_lab_yaml_unless_another_one_is_named(bench: Bench) -> None:
    bench.write("lab.yaml", "places: []\nnights: {suites: [suite.yaml], history: of-the-lab}\n")
    assert "of-the-lab: no history here" in bench("history").stderr
    assert "mine: no history here" in bench("history", "--history", "mine").stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("history",), 1, "no history here"),
        (("history", "--since", "yesterday"), 2, "is not a time such as 30d"),
        (("history", "--since", "2026-02-31"), 2, "not a day of the calendar"),
        (("history", "--night", "tonight"), 2, "not a night"),
        (("history", "nix"), 1, "nothing that matches 'nix'"),
        (("history", "--explain", "nix"), 1, "has no such case"),
        (("history", "import", "nowhere"), 1, "holds no run"),
        (("history", "rebuild", "nowhere"), 1, "holds no run"),
        (("history", "fold", "--history", "nowhere"), 1, "no history here"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(bench: Bench, arguments: tuple[str, ...], status: int, words: str) -> None:
    if "no history here" not in words:
        History(bench.folder / "history").add(run_of("one", made_case("net", 2.0)), bench.folder)
    done = bench(*arguments)
    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr
