"""Asks the files of a run its pictures, once nothing is timed any more, and says how well they answered."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from devbench.domain.accuracy import KEPT_CLASSES, Accuracy, Answers, Evaluation, PictureList
from devbench.domain.case import Case, PlannedCase
from devbench.domain.model import TensorSpec, Variant
from devbench.domain.outcome import Failed, Skipped
from devbench.domain.place import Place
from devbench.domain.run import Run
from devbench.errors import DevbenchError, ModelError, RoundError
from devbench.models.artifact import is_file_source
from devbench.models.cache import Fetch, ModelCache
from devbench.models.image import layout_of
from devbench.models.pictures import Source, listed, open_pictures, shared
from devbench.models.prediction import read_labels
from devbench.places.answers import ANSWERING, Answered, Classes
from devbench.run.batches import END, Batches
from devbench.run.judging import judged
from devbench.run.kept_answers import Kept
from devbench.run.quality import SOURCE_PRECISION
from devbench.store.checked import answers_of, answers_of_source
from devbench.store.folder import RunFolder

Converse = Callable[..., Iterator[Any]]  # RoundRunner.converse: one of its messages for each that is sent
_MOST_LEFT_OUT = 20


@dataclass
class Evaluator:
    """Asks cases their pictures.

    converse: has a worker with a case's model at a place take messages. source_case: the float32 network of a case, and
    the place on this machine where it can be asked. tell: called with what is being done. evaluations: by case, of the
    whole plan: a run that is taken up again asks only the cases that are not done, and holds them against the others.
    """

    cache: ModelCache
    fetch: Fetch
    converse: Converse
    source_case: Callable[[PlannedCase], tuple[Case, Place] | None]
    tell: Callable[[str], None]
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    _sources: dict[str, Source | DevbenchError] = field(default_factory=dict)

    def ask_all(
        self,
        run: Run,
        cases: Mapping[str, Case],
        places: Mapping[tuple[str, str], Place],
        folder: RunFolder,
        save: Callable[[Run], None],
    ) -> Run:
        """Ask each case that has pictures and has not failed; save after each, and at the end what all of them say.

        Where no case is the float32 one of a model, that is asked too, on this machine. What a case has answered is
        saved every half minute as well, so a kill does not lose hours of a slow board. Returns the run as it was saved
        last.
        """
        wanted = {id_: case for id_, case in cases.items() if case.planned.evaluation}
        if not wanted:
            return run
        kept = Kept(run, folder, save)
        for case_id, case in wanted.items():
            record = run.case(case_id)
            if isinstance(record.outcome, Failed | Skipped) or answers_of(run, case_id) in run.files:
                continue
            evaluation = case.planned.evaluation
            assert evaluation
            try:
                place, name = places[case.planned.device, case.planned.place], answers_of(run, case_id)
                pictures, answers, facts = self._ask(case, place, evaluation, kept, name)
                done = kept.with_answers(name, pictures, answers)
                found = Accuracy(images=evaluation.images, facts=facts, left_out=pictures.left_out[:_MOST_LEFT_OUT])
            except DevbenchError as error:
                done = kept.run
                found = Accuracy(images=evaluation.images, problem=error.message, hint=error.hint)
            kept.save(done.with_case(replace(record, accuracy=found)))
        sources = self._sources_asked(wanted, kept)
        kept.save(judged(kept.run, wanted, self.evaluations, sources, folder))
        kept.drop_parts()
        return kept.run

    def _sources_asked(self, wanted: Mapping[str, Case], kept: Kept) -> list[tuple[str, PlannedCase]]:
        """Ask the float32 network of each model that no case is of, where there is one; which are kept."""
        asked: list[tuple[str, PlannedCase]] = []
        has_source = {case.model for case in kept.run.cases if case.precision == SOURCE_PRECISION and case.accuracy}
        for case in wanted.values():
            planned, evaluation = case.planned, case.planned.evaluation
            name = answers_of_source(planned.model)
            record = kept.run.case(planned.id)
            answered = record.accuracy and not record.accuracy.problem
            if planned.model in has_source or not answered or evaluation is None or evaluation.against:
                continue
            has_source.add(planned.model)
            found = self.source_case(planned)
            if found is None:
                continue
            if name not in kept.run.files:
                try:
                    pictures, answers, _ = self._ask(*found, evaluation, kept, name)
                    kept.save(kept.with_answers(name, pictures, answers))
                except DevbenchError as error:
                    self.tell(f"{found[0].id}: {error.message}")
                    continue
            asked.append((name, found[0].planned))
        return asked

    def _ask(
        self, case: Case, place: Place, evaluation: Evaluation, kept: Kept, name: str
    ) -> tuple[PictureList, Answers, Mapping[str, str]]:
        """What the case answers, of which a part may be kept for the file `name`. Raises a DevbenchError."""
        source = self.source(evaluation.images)
        spec = input_of(case)
        labels = read_labels(Path(evaluation.labels)) if evaluation.labels else list(evaluation.names)
        wanted = listed(source, labels, evaluation.limit, case.planned.seed)
        asked = Batches(source=source, spec=spec, mean=evaluation.mean, std=evaluation.std)
        with source.reader() as read:
            before = kept.part(name, wanted, read)
            left = [one for one in wanted.pictures if one.name not in before.names]
            told = f", of which {len(before.names)} are answered" if before.names else ""
            self.tell(f"{case.id}: answering {len(wanted.pictures)} pictures{told}")
            classes, scores = list(before.answers.classes), list(before.answers.scores)
            outputs, facts = before.answers.outputs, {}

            def so_far() -> tuple[PictureList, Answers]:
                pictures = (*before.pictures.pictures, *asked.done)
                answers = Answers(list_file="", outputs=outputs, classes=tuple(classes), scores=tuple(scores))
                return replace(wanted, pictures=pictures, left_out=tuple(asked.left_out)), answers

            messages = itertools.chain(asked.messages(left, read), [END])
            keep = {"answer": {"keep": KEPT_CLASSES}}
            for answer in self.converse(case, place, keep, messages, ANSWERING, len(left)):
                if isinstance(answer, Classes):
                    outputs = answer.outputs
                    classes += map(tuple, answer.classes)
                    scores += map(tuple, answer.scores)
                elif isinstance(answer, Answered):
                    facts = answer.facts
                if len(classes) != len(before.names) + len(asked.done):
                    raise RoundError("the worker did not answer each picture once", phase="answer")
                kept.keep_part(name, so_far)
        if not classes:
            raise DevbenchError(f"{source.path}: none of its pictures can be read: {asked.left_out[0]}")
        pictures, answers = so_far()
        _refuse_shared(pictures, case)
        return _fitted(pictures, labels, outputs), answers, facts

    def source(self, images: str) -> Source:
        """The pictures, opened once: what is wrong with them is so for every case."""
        if images not in self._sources:
            try:
                self._sources[images] = open_pictures(self._path(images))
            except DevbenchError as error:
                self._sources[images] = error
        found = self._sources[images]
        if isinstance(found, DevbenchError):
            raise found
        return found

    def _path(self, images: str) -> Path:
        if is_file_source(images):
            return Path(images)
        if images.lower().startswith("http:"):
            raise ModelError(
                f"{images}: is not downloaded: over http, anybody on the way could change the pictures", "Use https."
            )
        return self.cache.get("pictures", Variant(precision="", format="", source=images), self.fetch)


def _refuse_shared(pictures: PictureList, case: Case) -> None:
    """A `DevbenchError` if the network was calibrated with pictures of the test: its accuracy would look too good."""
    marks = {one for one in case.artifact.facts.get("calibrated_with", "").split(",") if one}
    if both := shared(pictures, marks):
        raise DevbenchError(
            f"{len(both)} of the {len(pictures.pictures)} test pictures are also calibration pictures ({both[0]}, say)",
            "Calibrate with others: those that the network was trained on.",
        )


def input_of(case: Case) -> TensorSpec:
    """The one input that takes pictures."""
    inputs = case.artifact.inputs
    if len(inputs) != 1 or layout_of(inputs[0].shape) is None:
        shapes = ", ".join(str(list(one.shape)) for one in inputs) or "unknown"
        raise DevbenchError(
            f"pictures cannot be fed to inputs of shape {shapes}: one input [1, height, width, 1 or 3] is needed, or"
            " [1, 1 or 3, height, width]",
            "Accuracy is measured of networks that classify pictures. Leave `test:` out for this model.",
        )
    return inputs[0]


def _fitted(pictures: PictureList, labels: Sequence[str], outputs: int) -> PictureList:
    """The pictures with the classes as the network counts them. A `DevbenchError` where they do not fit it."""
    if outputs < 2:  # noqa: PLR2004
        raise DevbenchError(
            f"the network gives {outputs} number for a picture, and classes are at least two",
            "Leave `test:` out for this model.",
        )
    if not pictures.labelled:
        return pictures
    shift = 1 if labels and len(labels) == outputs + 1 else 0  # the list has a line for the background
    if labels and len(labels) != outputs + shift:
        raise DevbenchError(
            f"the list of labels has {len(labels)} lines, and the network has {outputs} classes",
            "One line for each class. A network with one class more has a background: add a first line for it.",
        )
    names = pictures.classes
    numbered = all(one.isascii() and one.isdigit() for one in names)
    if not labels and not numbered and len(names) != outputs:
        raise DevbenchError(
            f"{pictures.source}: has {len(names)} folders, and the network has {outputs} classes: which are they?",
            "Add `labels:`, a file with one name a line in the network's order, and name the folders by it.",
        )
    moved = tuple(replace(one, wanted=one.wanted - shift) for one in pictures.pictures)
    if strange := next((one for one in moved if not 0 <= one.wanted < outputs), None):
        raise DevbenchError(
            f"{pictures.source}: its folder {strange.label} is none of the {outputs} classes of the network",
            "Name the folders by number, from 0, or add `labels:`.",
        )
    return replace(pictures, pictures=moved)
