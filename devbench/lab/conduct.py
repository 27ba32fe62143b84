"""One night from its beginning to its end: what `devbench lab run` does while it has the lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from devbench.clock import stamp
from devbench.domain.lab import PlaceKey
from devbench.domain.night import HealthChange, Night
from devbench.domain.run import Request
from devbench.errors import DevbenchError
from devbench.history.fold import fold
from devbench.history.store import History
from devbench.lab.again import AGAIN, Verification
from devbench.lab.artifacts import keep_artifacts
from devbench.lab.health import DEVBENCH, append_log, changes_for, read_log
from devbench.lab.laboratory import Laboratory
from devbench.lab.night import NightRun, run_folders
from devbench.lab.opening import Beginning, from_the_future, is_over, new_night, unfinished
from devbench.lab.record import NightBook
from devbench.lab.reserving import boards_of
from devbench.places.machines import machine_of
from devbench.run.groups import groups_of
from devbench.store.folder import RunFolder

HISTORY = "history"


def open_night(laboratory: Laboratory, requests: Mapping[str, Request]) -> NightBook:
    """The night that was ended in the middle, or a new one; the lock is held."""
    nights = laboratory.nights
    if book := unfinished(nights.folder):
        laboratory.tell(f"night {book.night.id} goes on{', to be closed' if is_over(book.night) else ''}")
        _drop_lost_places(book, laboratory)
        return book
    _note_comings_and_goings(laboratory)
    log = read_log(nights.folder)
    groups = groups_of(laboratory.lab.places, machine_of)
    book = new_night(
        Beginning(
            nights=nights.folder,
            lab=laboratory.lab.path,
            until=nights.until,
            suites=tuple(requests),
            groups=groups,
            log=log,
        )
    )
    book.note(*log.problems, *from_the_future(nights.folder))
    return book


def conduct(
    laboratory: Laboratory, book: NightBook, requests: Mapping[str, Request], without_gold: set[PlaceKey]
) -> Night:
    """All of the night but telling of it. Boards that are shared are given back at the end, however it ends."""
    if book.night.finished_utc:
        return book.night
    asked = {name: replace(one, night=book.night.id) for name, one in requests.items() if name in book.night.suites}
    with boards_of(laboratory, book.night.id) as boards:
        run = NightRun(laboratory, book, boards, asked, without_gold)
        run.measure()
        history = History(laboratory.nights.history)
        _append(history, book)
        if not book.is_done(AGAIN):
            _verify(Verification(laboratory, book, history, boards, run.left_s), book)
        book.note(*history.notes)
        run.finish()
    return book.night


def _append(history: History, book: NightBook) -> None:
    """Add what was measured to the history: as often as one likes, each run is in it once."""
    if book.is_done(HISTORY):
        return
    for name in run_folders(book.night):
        try:
            folder = RunFolder(book.folder / name)
            history.append(folder.path, book.night.id)
            book.note(*keep_artifacts(folder.load(), book.folder.parent))
        except Exception as error:  # noqa: BLE001 - what is measured is in its run folder: the history can be made again
            book.problem(f"not added to the history: {_text(error)}")
    try:
        if history.path.exists():
            book.note(*fold(history.path)[1])
    except (DevbenchError, OSError) as error:  # another host folds it
        book.note(f"the history was not folded: {_text(error)}")
    book.mark(HISTORY)


def _verify(verification: Verification, book: NightBook) -> None:
    try:
        verification.look()
        verification.measure_again()
    except Exception as error:  # noqa: BLE001 - likewise
        book.problem(f"looking for changes: {_text(error)}")


def _text(error: Exception) -> str:
    return error.message if isinstance(error, DevbenchError) else f"{type(error).__name__}: {error}"


def _drop_lost_places(book: NightBook, laboratory: Laboratory) -> None:
    """What lab.yaml has lost since the night began is not measured any more."""
    for one in book.night.places:
        key = (one.device, one.place)
        if key not in laboratory.keys and one.health_after != "retired":
            why = "it is no longer in lab.yaml"
            book.set_place(key, lambda place, why=why: replace(place, health_after="retired", why=why))  # type: ignore[misc]


def _note_comings_and_goings(laboratory: Laboratory) -> None:
    """Places that lab.yaml no longer has are retired; one that is back is tried again."""
    folder = laboratory.nights.folder
    log, lines = read_log(folder), list[HealthChange]()
    known = dict.fromkeys((one.device, one.place) for one in log.changes)
    gone = [key for key in known if key not in laboratory.keys and log.health(key) != "retired"]
    lines += changes_for(gone, log, "retired", "it is no longer in lab.yaml", stamp(), DEVBENCH)
    back = [
        key
        for key in laboratory.keys
        if (last := log.last(key)) is not None and last.after == "retired" and last.who == DEVBENCH
    ]
    lines += changes_for(back, log, "unknown", "it is in lab.yaml again", stamp(), DEVBENCH)
    if lines:
        append_log(folder, lines)
