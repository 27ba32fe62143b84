"""From planned cases to cases: each artifact made or found once, each image turned into a tensor once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock

from devbench.domain.case import Case, PlannedCase
from devbench.domain.model import Artifact, Variant
from devbench.domain.outcome import Failed, Skipped
from devbench.domain.place import Place
from devbench.errors import DevbenchError, ModelError, NotHereError
from devbench.models.artifact import is_file_source, prepare_artifact
from devbench.models.cache import Fetch, ModelCache
from devbench.models.guards import input_ranges
from devbench.models.image import image_feed
from devbench.models.prediction import read_labels
from devbench.pipeline.maker import Maker
from devbench.plugin.registry import Registry
from devbench.run.pairs import in_pairs

Look = Callable[[Place, str], Mapping[str, str] | Skipped]


@dataclass
class Preparer:
    """Prepares the cases of one run.

    run_folder: its folder; the tensors made of images go into `inputs` there. tell: called with a model's name before
        it is made.
    """

    cache: ModelCache
    fetch: Fetch
    registry: Registry
    maker: Maker
    run_folder: Path
    tell: Callable[[str], None]
    look: Look
    _artifacts: dict[tuple[str, Variant], Artifact | DevbenchError] = field(default_factory=dict)
    _telling: Lock = field(default_factory=Lock)

    def make_ahead(self, planned: Iterable[PlannedCase]) -> None:
        """Fetch or make what must be, two models at once where this machine has cores and memory for that.

        What cannot be had fails its cases, when they are prepared.
        """
        models: dict[tuple[str, str], list[PlannedCase]] = {}  # by source: what is made of one shares its steps
        for one in planned:
            if one.variant.making or not is_file_source(one.variant.source):
                models.setdefault((one.model, one.variant.source), []).append(one)
        in_pairs([partial(self._make_all, cases) for cases in models.values()])

    def _make_all(self, planned: Iterable[PlannedCase]) -> None:
        for one in planned:
            with suppress(DevbenchError):
                self._artifact(one)

    def prepare(self, planned: PlannedCase, place: Place) -> Case | Failed | Skipped:
        """The case with its artifact, or why there is none: that is this case's failure and no other's."""
        try:
            found = self._artifact(planned)
            _refuse_wrong_range(planned, found)
            artifact = self.registry.runtimes[planned.runtime].prepare(found, place, planned.all_options)
            if unfit := self._unfit(planned, artifact, place):
                return unfit
            for path in {found.path, artifact.path}:
                self.cache.keep(path, self.run_folder)
            return Case(planned=planned, artifact=artifact, feeds=self._feeds(planned, artifact))
        except NotHereError as error:
            return Skipped(reason=error.message, hint=error.hint)
        except DevbenchError as error:
            return Failed(error=error.message, hint=error.hint, phase="prepare")

    def _unfit(self, planned: PlannedCase, artifact: Artifact, place: Place) -> Skipped | None:
        """Why the artifact cannot run on what is at `place`, or would be misread there; None if it can."""
        runtime = self.registry.runtimes[planned.runtime]
        seen = self.look(place, planned.runtime)
        why = "" if isinstance(seen, Skipped) else runtime.unfit(artifact, seen)
        return Skipped(reason=why, hint=runtime.explain(why)) if why else None

    def _artifact(self, planned: PlannedCase) -> Artifact:
        key = (planned.model, planned.variant)
        if key not in self._artifacts:
            with self._telling:
                self.tell(planned.model)
            try:
                self._artifacts[key] = self._found_or_made(planned)
            except DevbenchError as error:
                self._artifacts[key] = error  # once is enough: the next case with this model fails the same way
        found = self._artifacts[key]
        if isinstance(found, DevbenchError):
            raise found
        return found

    def _found_or_made(self, planned: PlannedCase) -> Artifact:
        if planned.variant.making:
            return self.maker.make(planned.model, planned.variant).artifact
        return prepare_artifact(planned.model, planned.variant, self.cache, self.fetch)

    def _feeds(self, planned: PlannedCase, artifact: Artifact) -> tuple[Path, ...]:
        if planned.image is None:
            return ()
        if planned.image.labels:
            read_labels(planned.image.labels)  # a list that cannot be read is found now, not after the measuring
        name = hashlib.sha256(f"{planned.image} {artifact.inputs}".encode()).hexdigest()[:16]
        folder = self.run_folder / "inputs"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return (image_feed(planned.image, artifact.inputs, folder / f"{name}.npy"),)
        except OSError as error:
            raise DevbenchError(f"{folder}: cannot be written: {error.strerror}") from error


def _refuse_wrong_range(planned: PlannedCase, artifact: Artifact) -> None:
    """A `ModelError` if a picture, prepared as the suite says, does not fit what an 8-bit network takes."""
    if planned.image is None:
        return
    for one in input_ranges(artifact.inputs, planned.image.preparation):
        raise ModelError(f"{artifact.source}: {one.text}", one.hint)
