"""Asks the files of a run its pictures, once nothing is timed any more, and says how well they answered."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from devbench.domain.accuracy import KEPT_CLASSES, Accuracy, Answers, Evaluation, PictureList
from devbench.domain.case import Case, PlannedCase
from devbench.domain.model import TensorSpec, Variant
from devbench.domain.outcome import Failed, Skipped
from devbench.domain.place import Place
from devbench.domain.run import Run
from devbench.errors import DamagedError, DevbenchError, ModelError, RoundError
from devbench.models.artifact import is_file_source
from devbench.models.cache import Fetch, ModelCache
from devbench.models.image import layout_of
from devbench.models.pictures import Source, listed, open_pictures, shared
from devbench.models.prediction import read_labels
from devbench.places.answers import ANSWERING, Answered, Classes
from devbench.run.batches import END, Batches
from devbench.run.quality import SOURCE_PRECISION, Sheet, accuracy_of, source_of
from devbench.store.answers_file import add_answers, read_answers
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

        Where no case is the float32 one of a model, that is asked too, on this machine. Returns the run as it was saved
        last.
        """
        wanted = {id_: case for id_, case in cases.items() if case.planned.evaluation}
        for case_id, case in wanted.items():
            record = run.case(case_id)
            if isinstance(record.outcome, Failed | Skipped) or answers_of(run, case_id) in run.files:
                continue
            evaluation = case.planned.evaluation
            assert evaluation
            try:
                pictures, answers, facts = self._ask(case, places[case.planned.device, case.planned.place], evaluation)
                run = add_answers(folder, run, answers_of(run, case_id), pictures, answers)
                found = Accuracy(images=evaluation.images, facts=facts, left_out=pictures.left_out[:_MOST_LEFT_OUT])
            except DevbenchError as error:
                found = Accuracy(images=evaluation.images, problem=error.message, hint=error.hint)
            run = run.with_case(replace(record, accuracy=found))
            save(run)
        if wanted:
            run, sources = self._sources_asked(run, wanted, folder)
            run = judged(run, wanted, self.evaluations, sources, folder)
            save(run)
        return run

    def _sources_asked(
        self, run: Run, wanted: Mapping[str, Case], folder: RunFolder
    ) -> tuple[Run, list[tuple[str, PlannedCase]]]:
        """Ask the float32 network of each model that no case is of, where there is one; which are kept."""
        asked: list[tuple[str, PlannedCase]] = []
        has_source = {case.model for case in run.cases if case.precision == SOURCE_PRECISION and case.accuracy}
        for case in wanted.values():
            planned, evaluation = case.planned, case.planned.evaluation
            name = answers_of_source(planned.model)
            record = run.case(planned.id)
            answered = record.accuracy and not record.accuracy.problem
            if planned.model in has_source or not answered or evaluation is None or evaluation.against:
                continue
            has_source.add(planned.model)
            found = self.source_case(planned)
            if found is None:
                continue
            if name not in run.files:
                try:
                    pictures, answers, _ = self._ask(*found, evaluation)
                    run = add_answers(folder, run, name, pictures, answers)
                except DevbenchError as error:
                    self.tell(f"{found[0].id}: {error.message}")
                    continue
            asked.append((name, found[0].planned))
        return run, asked

    def _ask(self, case: Case, place: Place, evaluation: Evaluation) -> tuple[PictureList, Answers, Mapping[str, str]]:
        """What the case answers. Raises a DevbenchError."""
        source = self.source(evaluation.images)
        spec = input_of(case)
        labels = read_labels(Path(evaluation.labels)) if evaluation.labels else list(evaluation.names)
        wanted = listed(source, labels, evaluation.limit, case.planned.seed)
        self.tell(f"{case.id}: answering {len(wanted.pictures)} pictures")
        asked = Batches(source=source, spec=spec, mean=evaluation.mean, std=evaluation.std)
        classes: list[tuple[int, ...]] = []
        scores: list[tuple[float, ...]] = []
        outputs, facts = 0, {}
        with source.reader() as read:
            messages = itertools.chain(asked.messages(wanted.pictures, read), [END])
            keep = {"answer": {"keep": KEPT_CLASSES}}
            for answer in self.converse(case, place, keep, messages, ANSWERING, len(wanted.pictures)):
                if isinstance(answer, Classes):
                    outputs = answer.outputs
                    classes += map(tuple, answer.classes)
                    scores += map(tuple, answer.scores)
                elif isinstance(answer, Answered):
                    facts = answer.facts
                if len(classes) != len(asked.done):
                    raise RoundError("the worker did not answer each picture once", phase="answer")
        if not asked.done:
            raise DevbenchError(f"{source.path}: none of its pictures can be read: {asked.left_out[0]}")
        pictures = replace(wanted, pictures=tuple(asked.done), left_out=tuple(asked.left_out))
        _refuse_shared(pictures, case)
        pictures = _fitted(pictures, labels, outputs)
        answers = Answers(list_file="", outputs=outputs, classes=tuple(classes), scores=tuple(scores))
        return pictures, answers, facts

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


def judged(
    run: Run,
    wanted: Collection[str],
    evaluations: Mapping[str, Evaluation],
    sources: Sequence[tuple[str, PlannedCase]],
    folder: RunFolder,
) -> Run:
    """The run with what the answers of the cases `wanted` say.

    evaluations: by case, also of those whose answers these are held against. sources: what was asked beside the cases,
    by file.
    """
    sheets: dict[str, Sheet] = {}
    for case in run.cases:
        evaluation, name = evaluations.get(case.id), answers_of(run, case.id)
        sheet = _sheet(folder, run, name, case.id, case.model, case.precision, evaluation)
        if sheet:
            sheets[case.id] = sheet
    beside = [
        _sheet(folder, run, name, planned.id, planned.model, SOURCE_PRECISION, planned.evaluation)
        for name, planned in sources
    ]
    others = [*sheets.values(), *filter(None, beside)]
    for case_id in [one for one in sheets if one in wanted]:
        run = _with_accuracy(run, case_id, accuracy_of(sheets[case_id], source_of(sheets[case_id], others)))
    return run


def _sheet(
    folder: RunFolder, run: Run, name: str, of: str, model: str, precision: str, evaluation: Evaluation | None
) -> Sheet | None:
    try:
        found = read_answers(folder, run, name)
    except DamagedError:
        return None
    if found is None or evaluation is None:
        return None
    pictures, answers = found
    return Sheet(
        id=of, model=model, precision=precision, file=name, evaluation=evaluation, pictures=pictures, answers=answers
    )


def _with_accuracy(run: Run, case_id: str, found: Accuracy) -> Run:
    """What was known before the answers were judged stays."""
    before = run.case(case_id).accuracy
    kept = replace(found, facts=before.facts, left_out=before.left_out) if before else found
    return run.with_case(replace(run.case(case_id), accuracy=kept))


def judged_again(run: Run, folder: RunFolder) -> Run:
    """The run with each accuracy made again from the answers. A `DamagedError` where these are not as written."""
    for case in run.cases:
        accuracy = case.accuracy
        if accuracy is None or accuracy.problem:
            continue
        evaluation = Evaluation(images=accuracy.images, drop=accuracy.drop)
        names = (answers_of(run, case.id), accuracy.reference_file)
        mine, its = (read_answers(folder, run, name) for name in names)
        sheets = [
            Sheet(
                id=of,
                model=case.model,
                precision=case.precision,
                file=name,
                evaluation=evaluation,
                pictures=found[0],
                answers=found[1],
            )
            for of, name, found in zip((case.id, accuracy.reference), names, (mine, its), strict=True)
            if found
        ]
        if mine:
            run = _with_accuracy(run, case.id, accuracy_of(sheets[0], sheets[1] if its else None))
    return run


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
