"""Has each case of a suite learn, in fresh processes with pictures drawn anew, and puts together what that shows."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from devbench.domain.accuracy import Evaluation, Lesson, PictureName
from devbench.domain.case import Case
from devbench.domain.outcome import Skipped
from devbench.domain.place import Place
from devbench.domain.run import Request
from devbench.errors import DevbenchError, RoundError
from devbench.learn.results import HeadResult, LearnResult
from devbench.models.pictures import Source, listed
from devbench.places.answers import LEARNING, Extracted, Head, Learned, Recognized
from devbench.run.accuracy import Evaluator, input_of
from devbench.run.batches import END, Batches
from devbench.run.context import RunContext
from devbench.run.from_context import evaluator_of, preparer_of
from devbench.run.start import make_plan
from devbench.stats import median_interval

# Those of libcoral's example of softmax regression.
REGRESSION = {"weight_scale": 0.05, "learning_rate": 0.01, "batch": 100, "iterations": 500}
_NS_PER_MS = 1e6


@dataclass(frozen=True)
class _Draw:
    """What one process showed. accuracies: by head."""

    extract_ns: list[int]
    imprint_ns: list[int]
    learned: Learned
    accuracies: list[float]
    test_pictures: int
    left_out: list[str]


def measure_learning(request: Request, name: str, context: RunContext) -> list[LearnResult]:
    """What each case of the suite of `request` that has `learn:` pictures shows; errors call the suite `name`."""
    _, plan, _ = make_plan(request, name, context)
    cases = [case for case in plan.cases if case.lesson]
    if not cases:
        raise DevbenchError(
            f"{name}: no model of it has pictures to learn from",
            "Add `learn: {images: FOLDER}` and `test: {images: FOLDER}`, one folder a class (docs/models.md).",
        )
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        preparer, evaluator = preparer_of(context, Path(scratch)), evaluator_of(context, Path(scratch), plan)
        for planned in cases:
            place = plan.places[planned.device, planned.place]
            case = preparer.prepare(replace(planned, image=None), place)
            about = LearnResult(
                model=planned.model,
                precision=case.artifact.precision if isinstance(case, Case) else planned.precision,
                device=planned.device,
                place=planned.place,
                runtime=planned.runtime,
            )
            if not isinstance(case, Case):
                problem = case.reason if isinstance(case, Skipped) else case.error
                found.append(replace(about, problem=problem, hint=case.hint))
                continue
            try:
                context.progress.detail(f"{case.id}: learning")
                found.append(_learned(about, case, place, evaluator))
            except DevbenchError as error:
                found.append(replace(about, problem=error.message, hint=error.hint))
    return found


def _learned(about: LearnResult, case: Case, place: Place, evaluator: Evaluator) -> LearnResult:
    lesson, evaluation = case.planned.lesson, case.planned.evaluation
    assert lesson
    if evaluation is None:
        raise DevbenchError("there are no pictures to recognize", "Add `test: {images: FOLDER}` to the suite.")
    school = _School(case, place, evaluator, lesson, evaluation)
    return _result(about, school, [school.draw(number) for number in range(lesson.draws)])


class _School:
    """Pictures to learn from and to recognize, and the conversation in which a case does both."""

    def __init__(self, case: Case, place: Place, evaluator: Evaluator, lesson: Lesson, evaluation: Evaluation) -> None:
        self._case = case
        self._place = place
        self._evaluator = evaluator
        self._evaluation = evaluation
        self._spec = input_of(case)
        self._learn = evaluator.source(lesson.images)
        self._test = evaluator.source(evaluation.images)
        self.steps = sorted(set(lesson.pictures))
        self.classes = listed(self._learn, [], None, 0).classes
        if len(self.classes) < 2:  # noqa: PLR2004
            raise DevbenchError(
                f"{self._learn.path}: has one class or none, and learning takes two at least",
                "One folder for each class (docs/models.md).",
            )
        if strange := sorted(set(listed(self._test, [], None, 0).classes) - set(self.classes)):
            raise DevbenchError(
                f"{self._test.path}: its folder {strange[0]} is not a class among the pictures to learn from",
                "Both have one folder for each class, with the same names.",
            )

    def draw(self, number: int) -> _Draw:
        """Learn from pictures drawn with the seed and this number, in a process of its own; recognize the others."""
        seed = self._case.planned.seed + number
        most = max(self.steps) * len(self.classes)
        lesson = self._pictures(self._learn, most, seed, mixed=True)
        test = self._pictures(self._test, self._evaluation.limit, self._case.planned.seed)
        fewest = min(sum(one.wanted == label for one in lesson) for label in range(len(self.classes)))
        steps = [step for step in self.steps if step <= fewest]
        if not steps:
            raise DevbenchError(
                f"{self._learn.path}: a class has {fewest} pictures, and {self.steps[0]} are to be learned from",
                "Name fewer in `learn: {pictures: [...]}`, or add pictures.",
            )
        asked = {"classes": len(self.classes), "steps": steps, "seed": seed, "regression": REGRESSION}
        taught, shown = self._batches(self._learn), self._batches(self._test)
        found: dict[str, list[Any]] = {"extract": [], "imprint": [], "heads": [], "learned": []}
        with self._learn.reader() as learn, self._test.reader() as read:
            messages: Iterator[Any] = itertools.chain(
                taught.messages(lesson, learn, labels=True), [END], shown.messages(test, read), [END]
            )
            for answer in self._evaluator.converse(
                self._case, self._place, {"learn": asked}, messages, LEARNING, len(lesson) + len(test)
            ):
                _note(answer, found)
        wanted = np.array([one.wanted for one in shown.done])
        heads = [np.concatenate(parts) for parts in zip(*found["heads"], strict=True)]
        [learned] = found["learned"] or [None]
        if learned is None or any(len(head) != len(wanted) for head in heads) or len(heads) != len(learned.heads):
            raise RoundError("the worker did not answer each picture once", phase="recognize")
        return _Draw(
            extract_ns=found["extract"],
            imprint_ns=found["imprint"],
            learned=learned,
            accuracies=[float((head == wanted).mean()) for head in heads],
            test_pictures=len(wanted),
            left_out=[*taught.left_out, *shown.left_out],
        )

    def _batches(self, source: Source) -> Batches:
        return Batches(source=source, spec=self._spec, mean=self._evaluation.mean, std=self._evaluation.std)

    def _pictures(self, source: Source, limit: int | None, seed: int, *, mixed: bool = False) -> list[PictureName]:
        """With the classes by number, in the order of their names."""
        numbers = {name: number for number, name in enumerate(self.classes)}
        chosen = listed(source, [], limit, seed, mixed=mixed).pictures
        return [replace(one, wanted=numbers[one.label]) for one in chosen]


def _note(answer: Any, found: dict[str, list[Any]]) -> None:
    if isinstance(answer, Extracted):
        found["extract"] += answer.extract_ns
        found["imprint"] += answer.learn_ns
    elif isinstance(answer, Learned):
        found["learned"].append(answer)
    elif isinstance(answer, Recognized):
        found["heads"].append(answer.classes)


def _result(about: LearnResult, school: _School, draws: Sequence[_Draw]) -> LearnResult:
    rounds = [np.array(draw.extract_ns, dtype=np.int64) for draw in draws]
    interval = median_interval(rounds)
    scaled = replace(
        interval,
        estimate=interval.estimate / _NS_PER_MS,
        low=interval.low / _NS_PER_MS,
        high=interval.high / _NS_PER_MS,
    )
    imprint_ms = median(ns for draw in draws for ns in draw.imprint_ns) / _NS_PER_MS
    first = draws[0]
    return replace(
        about,
        classes=len(school.classes),
        test_pictures=first.test_pictures,
        dimensions=first.learned.dimensions,
        draws=len(draws),
        extract_ms=scaled,
        imprint_ms=imprint_ms,
        load_ms=median(draw.learned.load_ns for draw in draws) / _NS_PER_MS,
        heads=tuple(
            _head([draw.learned.heads[k] for draw in draws], [draw.accuracies[k] for draw in draws], scaled.estimate)
            for k in range(len(first.learned.heads))
        ),
        left_out=tuple(first.left_out),
    )


def _head(heads: Sequence[Head], accuracies: Sequence[float], extract_ms: float) -> HeadResult:
    one = heads[0]
    usable_ms = one.each * extract_ms + median(head.usable_ns for head in heads) / _NS_PER_MS
    return HeadResult(
        method=one.method,
        each=one.each,
        accuracies=tuple(accuracies),
        learn_ms=median(head.learn_ns for head in heads) / _NS_PER_MS,
        usable_ms=usable_ms,
    )
