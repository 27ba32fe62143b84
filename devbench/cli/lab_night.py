"""What `devbench lab run`, `check` and `release` do: put the laboratory together, and tell of the night at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from devbench.cli.interrupts import interruptible
from devbench.cli.lab import keys_of, with_nights
from devbench.cli.model_log import hear_models
from devbench.cli.setup import holding, lab_file, machine_root, open_context, settled_files, warn
from devbench.clock import stamp, utc_now
from devbench.domain.lab import Nights, PlaceKey
from devbench.domain.night import GoldResult, Night
from devbench.errors import DevbenchError
from devbench.lab.conduct import conduct, open_night
from devbench.lab.gold_first import answers, try_gold
from devbench.lab.health import append_log, changes_for, judge, outage_of, read_log, who
from devbench.lab.laboratory import Laboratory
from devbench.lab.opening import TOLD, is_over, only_one
from devbench.lab.record import NightBook
from devbench.lab.reserving import boards_of, release_left
from devbench.places.machines import machine_of
from devbench.run.groups import groups_of
from devbench.run.lanes import in_lanes
from devbench.run.progress import Progress

Tell = Callable[[str], None]


def one_night(tell: Tell, say: Tell) -> Night:
    """The night, measured and told of. Raises a `DevbenchError` where there can be none, and KeyboardInterrupt.

    say: writes a line where GitHub looks for annotations.
    """
    with interruptible():
        laboratory = open_laboratory(tell)
        if not laboratory.keys:
            raise DevbenchError(f"{laboratory.lab.path}: has no places", "docs/lab.md shows how to name some.")
        requests = laboratory.requests()
        without_gold = laboratory.places_without_gold()
        with only_one(laboratory.nights.folder):
            notes = _freed(laboratory)
            while True:
                book = open_night(laboratory, requests)
                book.note(*notes)
                was_over = is_over(book.night)
                with _on_its_machines(laboratory, book) as machines:
                    conduct(machines, book, requests, without_gold)
                _tell_of(laboratory, book, say)
                if not was_over:  # one of an earlier day is closed, and then tonight's begins
                    warn(laboratory.context.plugins.troubles)
                    return book.night


@contextmanager
def _on_its_machines(laboratory: Laboratory, book: NightBook) -> Iterator[Laboratory]:
    """The same laboratory; with `cluster` in lab.yaml, one that measures on the machines of that."""
    cluster = laboratory.lab.cluster
    if cluster is None or book.night.finished_utc:
        yield laboratory
        return
    from devbench.lab.cluster import connected

    with connected(cluster, laboratory.lab.path) as machines:
        yield replace(laboratory, elsewhere=machines.measure)


def check_places(names: Sequence[str], tell: Tell) -> bool:
    """Run the gold case on these places, those of one group in turns; whether all are right. Their health follows."""
    with interruptible():
        laboratory = open_laboratory(tell)
        keys = keys_of(laboratory.lab, names)
        without = laboratory.places_without_gold()
        nights = laboratory.nights
        with only_one(nights.folder), boards_of(laboratory, "check") as boards:
            folder = nights.folder / "checks" / f"{utc_now():%Y%m%dT%H%M%SZ}"
            found: dict[PlaceKey, GoldResult | None] = {}

            def check_group(group: Sequence[PlaceKey]) -> None:
                for key in group:
                    if why := boards.reserve(key, nights.wait_s):
                        found[key] = GoldResult(passed=None, why=why)
                    elif key in without:
                        found[key] = answers(laboratory, key)
                    else:
                        found[key] = try_gold(laboratory, key, folder, "")

            places = [laboratory.place(key) for key in keys]
            in_lanes([partial(check_group, one.places) for one in groups_of(places, machine_of)])
            lent = {key for key in keys if boards.is_taken(key)}
            _note_checks(nights, {key: found[key] for key in keys}, lent)
    return all(one is None or one.passed for one in found.values())


def _note_checks(nights: Nights, found: dict[PlaceKey, GoldResult | None], lent: set[PlaceKey]) -> None:
    """Print each, and write into the log what has changed. Who keeps a place out, or a bad one, is not overruled.

    lent: those that people have reserved, which does not count as an outage.
    """
    log = read_log(nights.folder)
    tried = {key: gold for key, gold in found.items() if key not in lent}
    outage = outage_of(tried, {key: log.health(key) for key in found})
    for key, gold in found.items():
        result = judge(log.health(key), gold, outage=outage, good_nights=nights.good_nights)
        right = gold is None or gold.passed
        took = f", {gold.median_ms:.4g} ms" if gold and gold.median_ms else ""
        print(
            f"{' '.join(key)}: {'right' if right else 'not known' if gold.passed is None else 'wrong'}{took}"  # type: ignore[union-attr]
            f"{'' if right else f': {result.why}'}"
        )
        if not log.is_kept_out(key):
            append_log(nights.folder, changes_for([key], log, result.health, f"checked: {result.why}", stamp(), who()))


def free() -> list[str]:
    """Give back what an earlier night holds: what was done, in sentences."""
    laboratory = open_laboratory(lambda _: None)
    with only_one(laboratory.nights.folder):
        return _freed(laboratory)


def _freed(laboratory: Laboratory) -> list[str]:
    from devbench.cli.doctor import undo_of
    from devbench.settings.tuning import recover

    done = list(release_left(laboratory))
    for file in settled_files():
        if trouble := recover(machine_root(), file, undo_of, done.append):
            done.append(trouble.text)
    return done


def open_laboratory(tell: Tell) -> Laboratory:
    """What the lab.yaml here describes, with plugins loaded. Raises a `DevbenchError`."""
    hear_models(tell)
    context, runner = open_context(Progress())
    warn(context.plugins.broken)
    lab, nights = with_nights(lab_file(context.plugins))
    return Laboratory(lab=lab, nights=nights, context=context, runner=runner, hold_of=holding, tell=tell)


def _tell_of(laboratory: Laboratory, book: NightBook, say: Tell) -> None:
    """Tell all that lab.yaml names. What does not work is a note of the night, and costs nothing else."""
    from devbench.history.series import series_since
    from devbench.history.store import History
    from devbench.lab.cases import cases_of
    from devbench.lab.notify import notify
    from devbench.report.night import renderers

    if book.is_done(TOLD):
        return
    notices = laboratory.nights.notify
    if notices:
        try:
            cases, problems = cases_of(book.night, book.folder)
            book.note(*problems)
            wants_page = any(one.kind == "page" for one in notices)
            series = series_since(History(laboratory.nights.history), book.night.id) if wants_page else ()
            book.note(*notify(book.night, notices, renderers(cases, series), say=say))
        except Exception as error:  # noqa: BLE001 - the night is measured and saved
            text = error.message if isinstance(error, DevbenchError) else f"{type(error).__name__}: {error}"
            book.note(f"nobody was told: {text}")
    book.mark(TOLD)
