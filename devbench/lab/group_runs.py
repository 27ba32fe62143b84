"""The runs of one group in a night: an ordinary run for each suite, at those of its places that can be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from devbench.domain.lab import PlaceKey
from devbench.domain.night import GroupNight
from devbench.domain.run import Request, Run
from devbench.errors import NothingMeasuredError
from devbench.lab.laboratory import Laboratory, slug
from devbench.lab.record import NightBook
from devbench.lab.reserving import Boards
from devbench.store.folder import RunFolder


@dataclass(frozen=True, kw_only=True)
class GroupRuns:
    """What measures suites in one night. left_s: seconds for it. lost: told of a place that is not ours any more."""

    laboratory: Laboratory
    book: NightBook
    boards: Boards
    left_s: Callable[[], float]
    lost: Callable[[PlaceKey, str], None]

    def measure(self, group: GroupNight, name: str, request: Request) -> list[Run]:
        """One suite at the places of `request`, which are of one group. Raises a `DevbenchError`."""
        ours = []
        for key in request.places:
            if self.book.place(key).health_after != "good":
                continue  # lost with an earlier suite
            if self.left_s() > 0 and (why := self.boards.missing(key)):  # closing a run takes no board
                self.lost(key, why)
            else:
                ours.append(key)
        runs = []
        for relative, places in self._folders(group, name, ours):
            if run := self._run(group.name, name, relative, replace(request, places=places)):
                runs.append(run)
        return runs

    def _folders(
        self, group: GroupNight, name: str, places: Sequence[PlaceKey]
    ) -> Iterator[tuple[str, tuple[PlaceKey, ...]]]:
        """Run folders, each with its places: one for all; and one for each that came when that was begun already."""
        begin = f"runs/{self.book.night.id}-{name}"
        together = f"{begin}-{slug(group.places[0])}"
        begun = self._places_in(together)
        known = tuple(key for key in places if begun is None or key in begun)
        if known:
            yield together, known
        yield from ((f"{begin}-{slug(key)}-late", (key,)) for key in places if key not in known)

    def _places_in(self, relative: str) -> tuple[PlaceKey, ...] | None:
        """The places of a run that was begun; None if there is none."""
        folder = RunFolder(self.book.folder / relative)
        return folder.load().request.places if folder.exists else None

    def _run(self, group: str, name: str, relative: str, request: Request) -> Run | None:
        """The run, if the suite has anything for these places, and if there is time."""
        folder = self.book.folder / relative
        if self.left_s() <= 0 and not RunFolder(folder).exists:
            return None
        self.laboratory.tell(f"{group}: {name}")
        try:
            return self.laboratory.measure(request, name, folder, group=group, until_end_s=self.left_s)
        except NothingMeasuredError:
            return None
        finally:  # whatever happened, the rounds that are saved count
            if RunFolder(folder).exists:
                self._note(group, relative)

    def _note(self, group: str, relative: str) -> None:
        self.book.set_group(
            group, lambda one: one if relative in one.runs else replace(one, runs=(*one.runs, relative))
        )
