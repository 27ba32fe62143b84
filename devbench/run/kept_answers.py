"""What cases answer, kept in the run folder: whole once they are done, and until then every half minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from devbench.domain.accuracy import Answers, PictureList
from devbench.domain.run import Run
from devbench.errors import DevbenchError
from devbench.models.pictures import with_hash
from devbench.store.answers_file import Part, add_answers, add_part, parts_of, read_part, without_parts
from devbench.store.folder import RunFolder

PART_EVERY_S = 30.0
_NOTHING = Part(
    PictureList(source="", classes=(), pictures=()), Answers(list_file="", outputs=0, classes=(), scores=())
)


@dataclass
class Kept:
    """The run whose answers are kept. run: as it was saved last. save_run: saves it."""

    run: Run
    folder: RunFolder
    save_run: Callable[[Run], None]
    _last_s: float = field(default_factory=time.monotonic)

    def save(self, run: Run) -> None:
        """Save the run; then remove the parts that it does not name any more."""
        gone = set(parts_of(self.run)) - set(parts_of(run))
        self.save_run(run)
        self.run = run
        for name in gone:
            path = self.folder.path / name
            path.unlink(missing_ok=True)
            with suppress(OSError):  # others are still in it
                path.parent.rmdir()

    def part(self, name: str, wanted: PictureList, read: Callable[[str], bytes]) -> Part:
        """What was answered of `name` before a kill, if the pictures are still the same; else nothing."""
        self._last_s = time.monotonic()
        found = read_part(self.folder, self.run, name)
        known = {one.name: one for one in wanted.pictures}
        try:
            if found and all(with_hash(known[one.name], read(one.name)) == one for one in found.pictures.pictures):
                return found
        except (DevbenchError, KeyError):
            pass
        return _NOTHING

    def keep_part(self, name: str, so_far: Callable[[], tuple[PictureList, Answers]]) -> None:
        """Save what there is of `name`, if the last time is long enough ago."""
        if time.monotonic() - self._last_s >= PART_EVERY_S:
            self.save(add_part(self.folder, self.run, name, Part(*so_far())))
            self._last_s = time.monotonic()

    def with_answers(self, name: str, pictures: PictureList, answers: Answers) -> Run:
        """The run with all answers of `name`, which are in their file; it is not saved yet."""
        return add_answers(self.folder, self.run, name, pictures, answers)

    def drop_parts(self) -> None:
        """Forget what was answered of files that cannot be completed."""
        if parts_of(self.run):
            self.save(without_parts(self.run))
